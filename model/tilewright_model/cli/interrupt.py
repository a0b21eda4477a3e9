"""A training that Ctrl-C or SIGTERM ends: one line says what is kept and how to go on."""

import os
import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from tilewright.cli.command_group import INTERRUPTED
from tilewright.process import is_first_process
from tilewright.progress import print_line
from tilewright_model.checkpoint_file import stored_values
from tilewright_model.cli.app import PROGRAM
from tilewright_model.training.settings import Settings


class Terminated(BaseException):
    """SIGTERM has come."""


@contextmanager
def interruption_named(settings: Settings, words: Sequence[str]) -> Iterator[None]:
    """End with one line and exit status 130 after Ctrl-C, 143 after SIGTERM.

    Only the first of ``torchrun``'s processes prints.

    Args:
        settings: of the training.
        words: what the program was called with.
    """
    usual = {signal.SIGTERM: signal.signal(signal.SIGTERM, _terminate), signal.SIGINT: signal.getsignal(signal.SIGINT)}
    try:
        yield
    except (KeyboardInterrupt, Terminated) as error:
        for number in usual:  # an impatient second one would be a traceback
            signal.signal(number, signal.SIG_IGN)
        if is_first_process():
            print_line(_what_is_kept(settings, words))
        raise SystemExit(INTERRUPTED if isinstance(error, KeyboardInterrupt) else 128 + signal.SIGTERM) from error
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _what_is_kept(settings: Settings, words: Sequence[str]) -> str:
    epoch = stored_values(settings.state_file).get("epoch")
    if epoch is None:
        return f"interrupted before an epoch was saved, nothing is kept; begin anew: {_command(words)}"
    checkpoint = settings.checkpoint
    kept = f"{settings.state_file} keeps epoch {epoch}"
    kept += f" and {checkpoint} the network last measured" if checkpoint.exists() else ""
    return f"interrupted; {kept}; go on: {_command([*words, *(() if '--resume' in words else ('--resume',))])}"


def _command(words: Sequence[str]) -> str:
    processes = os.environ.get("LOCAL_WORLD_SIZE", "1")
    program = PROGRAM if processes == "1" else f"torchrun --nproc-per-node {processes} -m tilewright_model"
    return f"{program} {shlex.join(words)}"
