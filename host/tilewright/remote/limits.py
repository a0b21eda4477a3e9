"""The most that clients may ask of a server: everyone who reaches it shares it, and nobody has a password."""

from __future__ import annotations

# Files that clients keep on the server, their names and those that are on their way included
MOST_FILES = 256
MOST_FILE_BYTES = 256 << 20
# As on Linux, a path in UTF-8
MOST_PATH_BYTES = 4096
MOST_FLAGS_BYTES = 16
# The simulated DDR limits their bytes.
MOST_BUFFERS = 1024
MOST_STREAMS = 32
# A stream may stand still for so long altogether; what it moves gives it time back.
STREAM_SECONDS = 60.0
STREAM_BYTES_A_SECOND = 64 << 10
# Of an error, which travels in HTTP/2 headers: 8 KiB, and three bytes for one that is not ASCII
MOST_MESSAGE_BYTES = 2000


def shortened(message: str) -> str:
    """A message, its middle left out where it is too long for an answer."""
    whole = message.encode(errors="replace")
    if len(whole) <= MOST_MESSAGE_BYTES:
        return message
    half = MOST_MESSAGE_BYTES // 2
    left_out = f" [... {len(whole) - 2 * half} bytes ...] "
    return whole[:half].decode(errors="ignore") + left_out + whole[-half:].decode(errors="ignore")
