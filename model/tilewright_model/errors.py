"""The named exceptions of ``tilewright_model``; each message says what is wrong, where, and what to do."""

from tilewright.errors import TilewrightError


class ModelError(TilewrightError):
    """Base of this package's own errors; those of networks and their files are ``tilewright.errors.NetworkError``."""


def first_line(error: BaseException) -> str:
    """The first line of another library's message, which may go on with a trace; the error's type if there is none."""
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


class CheckpointError(ModelError):
    """A checkpoint is missing, truncated, foreign or of other shapes than the network."""


class DataError(ModelError):
    """Images are missing, unreadable or of the wrong shape."""


class RecipeError(ModelError):
    """A recipe is unknown, has no such value, or lacks what it needs (a teacher, a batch that divides)."""


class DivergedError(ModelError):
    """A training's loss is no finite number."""


class CaptureError(ModelError):
    """A layer name is not a quantised convolution, or its values do not fit the integer format."""
