"""Exceptions of PYNQ.remote's server and client."""

from __future__ import annotations

from tilewright.errors import TilewrightError


class RemoteServerError(TilewrightError):
    """The server cannot start, or cannot do what a client asks for.

    To do: read the reason; another port, if this one is taken.
    """


class FileAccessError(RemoteServerError):
    """A client asked for a file that the server does not have or does not take."""


class UnknownIdError(RemoteServerError):
    """A client named a buffer that the server does not know: freed, or of a server before this one."""


class OutOfRangeError(RemoteServerError):
    """A client accessed something outside a window of registers or a buffer."""


class UnsupportedCallError(RemoteServerError):
    """A client asked for something that the simulated board does not have."""


class LimitError(RemoteServerError):
    """A client asked for more than one may have: files, buffers, streams or time; names the limit.

    To do: free buffers and files; docs/remote.md has the limits.
    """
