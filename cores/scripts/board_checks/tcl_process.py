"""Tcl scripts run in tclsh, whose unknown commands a Python object answers."""

from __future__ import annotations

import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path

# Words go as base64, separated by spaces, in lines that begin with a byte that no text of a script has
DRIVER = """
proc unknown {args} {
    set words [lmap word $args { binary encode base64 [encoding convertto utf-8 $word] }]
    puts "\\x01[join $words { }]"
    flush stdout
    gets stdin answer
    set text [encoding convertfrom utf-8 [binary decode base64 [string range $answer 1 end]]]
    if {[string index $answer 0] eq "E"} { return -code error $text }
    return $text
}
if {[catch { source [lindex $argv 0] } message options]} { puts stderr $message; exit 1 }
"""


class TclError(Exception):
    """What a command answers with where it fails."""


def run_tcl(
    script: Path, folder: Path, answer: Callable[[list[str]], str], say: Callable[[str], object] = lambda line: None
) -> tuple[str, str]:
    """Run a script.

    Args:
        script: to run.
        folder: to run it in.
        answer: gets a command that Tcl does not know, as its words, and returns its result or raises TclError.
        say: gets each line that it prints, as it comes.

    Returns:
        What the script printed, and the message of the error that ended it, "" where none did.

    Raises:
        FileNotFoundError: there is no tclsh.
    """
    tclsh = shutil.which("tclsh")
    if tclsh is None:
        raise FileNotFoundError("tclsh is missing: apt-get install tcl")
    driver = folder / "stand_in.tcl"
    driver.write_text(DRIVER, encoding="utf-8")
    command = [tclsh, str(driver), str(script)]
    pipe = subprocess.PIPE
    printed = []
    with subprocess.Popen(command, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin and process.stdout and process.stderr
        for line in process.stdout:
            if not line.startswith("\x01"):
                printed.append(line)
                say(line)
                continue
            try:
                reply = "O" + _encode(answer([b64decode(word).decode() for word in line[1:].strip("\n").split(" ")]))
            except TclError as error:
                reply = "E" + _encode(str(error))
            process.stdin.write(reply + "\n")
            process.stdin.flush()
        message = process.stderr.read().strip()
        process.stdin.close()
    if process.returncode and not message:
        message = f"tclsh ended with {process.returncode}"
    return "".join(printed), message if process.returncode else ""


def _encode(text: str) -> str:
    return b64encode(text.encode()).decode()


def words_of(text: str) -> list[str]:
    """The elements of a Tcl list, as far as scripts here write them: plain words, braces, quotes."""
    words, word, depth, started = [], "", 0, False
    for char in text:
        if depth == 0 and char.isspace():
            if started:
                words.append(word)
            word, started = "", False
            continue
        started = True
        if char == "{":
            depth += 1
            if depth == 1 and not word:
                continue
        elif char == "}":
            depth -= 1
            if depth == 0:
                continue
        word += char
    return [*words, word] if started else words


def tcl_list(words: list[str]) -> str:
    """A Tcl list of words without braces."""
    return " ".join(f"{{{word}}}" if not word or " " in word else word for word in words)
