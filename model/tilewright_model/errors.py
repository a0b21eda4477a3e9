"""The named exceptions of ``tilewright_model``; each message says what is wrong, where, and what to do."""

from tilewright.errors import TilewrightError


class ModelError(TilewrightError):
    """Base of this package's own errors; those of networks and their files are ``tilewright.errors.NetworkError``."""


def first_line(error: BaseException) -> str:
    """The first line of another library's message, which may go on with a trace; the error's type if there is none."""
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


class CheckpointError(ModelError):
    """A checkpoint is missing, truncated, foreign or of other shapes than the network.

    To do: save the state dict alone, `torch.save(model.state_dict(), "net.pth")`; docs/import.md says what loads.
    """


class DataError(ModelError):
    """Images are missing, unreadable or of the wrong shape.

    To do: give the images as docs/training.md says; pixels are uint8.
    """


class RecipeError(ModelError):
    """A recipe is unknown, has no such value, or lacks what it needs (a teacher, a batch that divides).

    To do: take a recipe, value or teacher that the message names.
    """


class DivergedError(ModelError):
    """A training's loss is no finite number.

    To do: a smaller rate or gradient norm (`--set`), or another seed.
    """


class CaptureError(ModelError):
    """A layer name is not a quantised convolution, or its values do not fit the integer format.

    To do: take one of the layers that it names.
    """
