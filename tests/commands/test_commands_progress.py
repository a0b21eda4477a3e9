"""What commands say while they work: a line as a part ends where nobody looks, a display that moves on a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tilewright import progress
from tilewright.progress import phase
from tilewright.pytorch.process import _failure

TRACE = "Traceback (most recent call last):\n  File ...\nValueError: no such thing"
COMMAND = ["python", "-m", "tilewright_model", "images", "--data", "nowhere"]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Standard error that is no terminal, where each line counts as late."""
    text = io.StringIO()
    monkeypatch.setattr(progress, "messages", Console(file=text, force_terminal=False, soft_wrap=True))
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    return text


def test_a_line_as_a_phase_ends(log: io.StringIO) -> None:
    with phase("Exporting the network", "Exported the network"):
        assert log.getvalue() == ""
    with phase("said by nobody"):
        pass
    assert log.getvalue() == "Exported the network, 0 s\n"


def test_no_line_of_a_phase_that_fails_or_takes_no_time(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError), phase("Exporting", "Exported"):
        raise ZeroDivisionError
    monkeypatch.setattr(progress, "QUIET_SECONDS", 1.0)
    with phase("Exporting", "Exported"):
        pass
    assert log.getvalue() == ""


def test_lines_of_images_are_apart(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    with phase("network", total=4) as step:
        for done in (0.5, 1, 1.5, 2, 3, 4):
            step.update(done)
    assert log.getvalue() == "image 4 of 4, 0 s\n"
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    with phase("network", total=2, unit="program") as step:
        step.update(0.5)
        step.update(1)
        step.update(2, "ignored: it is for the bar")
    assert log.getvalue().splitlines()[1:] == ["program 1 of 2, 0 s", "program 2 of 2, 0 s"]


def test_on_a_terminal_one_display_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.StringIO()
    monkeypatch.setattr(progress, "messages", Console(file=text, force_terminal=True, width=100))
    with phase("outside"), phase("inside", total=2) as step:
        (display,) = progress._displays
        step.update(0.25, "a quarter")
        tasks = {task.description: task for task in display.tasks}
        assert set(tasks) == {"outside", "a quarter"}
        assert tasks["a quarter"].percentage == 12.5
        display.refresh()
    assert "0/2" in text.getvalue() and "outside" in text.getvalue()
    assert progress._displays == []


def test_units_add_up(log: io.StringIO) -> None:
    with phase("network", total=5) as step:
        step.advance(2)
        step.advance(3)
    assert log.getvalue() == "image 5 of 5, 0 s\n"


def test_only_the_first_process_of_a_job_speaks(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    for rank in ("1", "0"):
        monkeypatch.setenv("RANK", rank)
        with phase("Preparing", f"Prepared {rank}"), phase("network", total=1) as step:
            step.advance(1)
    assert log.getvalue().splitlines() == ["image 1 of 1, 0 s", "Prepared 0, 0 s"]


@pytest.mark.parametrize(
    ("code", "errors", "printed", "expected"),
    [
        (1, "DataError: no CIFAR-10 at nowhere", "", "DataError: no CIFAR-10 at nowhere"),
        (2, "warning: old\nimage 1 of 4, 3 s\nDataError: no\nsuch", "", "DataError: no\nsuch"),
        (2, "", "said on the other stream", "said on the other stream"),
        (3, "", "", "PyTorch's process ended with status 3 and said nothing"),
        (-9, "", "", "PyTorch's process was ended by SIGKILL"),
    ],
)
def test_a_failed_process_shows_its_own_message(code: int, errors: str, printed: str, expected: str) -> None:
    assert _failure(COMMAND, code, errors, printed) == expected


def test_a_fault_of_a_process_keeps_its_trace() -> None:
    first, *rest = _failure(COMMAND, 1, TRACE, "").splitlines()
    assert first == "PyTorch's process failed: ValueError: no such thing"
    assert "\n".join(rest) == f"{' '.join(COMMAND)}\n{TRACE}"
