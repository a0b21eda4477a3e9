"""The tables of docs/errors.md: what each is and what helps, by docstrings and the hardware's table."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import tilewright.remote.errors
import tilewright.sim.errors
import tilewright.sim.guest.errors
import tilewright_model.errors
from tilewright import errors
from tilewright.hardware.registers import ERROR_CODE_DESCRIPTIONS, ErrorCode

TABLE = "| Name | What it is | To do |\n|---|---|---|\n"
CODES = "| Code | Name | What it is | To do |\n|---|---|---|---|\n"
RENEW = "compile the program anew with this version; a generator of your own: docs/program_format.md"
SHORT = "send the whole program in one transfer, flushed whole, with TLAST on its last beat"
REMEDIES = {
    ErrorCode.NONE: "nothing",
    ErrorCode.BAD_MAGIC: "look at what was sent: another buffer, or one that was not flushed",
    ErrorCode.BAD_FORMAT: "take the library of this bitstream, or build the bitstream anew (docs/bitstreams.md)",
    ErrorCode.BAD_PARAMETERS: "compile for this array: `Driver.array` has its parameters",
    **dict.fromkeys((ErrorCode.TLAST_EARLY, ErrorCode.TLAST_MISSING), SHORT),
    ErrorCode.BAD_CRC: "flush the whole buffer before sending; on a board: `tilewright board check`",
    ErrorCode.ACT_OVERFLOW: "compile for this array: it has less activation memory than the program's",
    ErrorCode.ACC_OVERFLOW: "compile for this array: it has fewer accumulators than the program's",
}
PAGES = re.compile(r"docs/(\w+\.md)")
MODULES = {
    "library": errors,
    "simulated": tilewright.sim.errors,
    "overlays": tilewright.sim.guest.errors,
    "server": tilewright.remote.errors,
    "model": tilewright_model.errors,
}


def tables() -> dict[str, str]:
    """The tables of docs/errors.md, by name."""
    made = {name: TABLE + "".join(_rows(module)) for name, module in MODULES.items()}
    return {**made, "codes": CODES + "".join(_codes())}


def _rows(module: object) -> Iterator[str]:
    """The exceptions that a module defines, in its order."""
    found = [each for each in vars(module).values() if inspect.isclass(each) and issubclass(each, Exception | Warning)]
    for each in found:
        if each.__module__ == getattr(module, "__name__", ""):
            what, _, remedy = _documented(each).partition("To do: ")
            yield f"| `{each.__name__}` | {_cell(what)} | {_cell(remedy)} |\n"


def _documented(exception: type) -> str:
    """Its docstring up to the first section."""
    return re.split(r"\n\w+:\n", inspect.cleandoc(exception.__doc__ or ""))[0]


def _codes() -> Iterator[str]:
    for code, text in ERROR_CODE_DESCRIPTIONS.items():
        yield f"| {int(code)} | `{code.name}` | {text} | {_cell(REMEDIES.get(code, RENEW))} |\n"


def _cell(text: str) -> str:
    """A docstring's words as Markdown: one line, links to pages, code as such."""
    line = " ".join(text.split())
    line = re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", line).replace("``", "`")
    return PAGES.sub(r"[\1](\1)", line)
