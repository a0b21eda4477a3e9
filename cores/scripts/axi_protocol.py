"""Protocol rules of AXI ports for test benches: AXI4, AXI4-Lite (IHI 0022), AXI4-Stream, streams with valid and ready.

A monitor is given the signals of its port in every cycle and raises ProtocolError at the first that breaks a rule. It
drives nothing. Masters and slaves that do only what the rules demand are in axi_strict.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

BOUNDARY = 4096

# What a channel does in a cycle
ABSENT, OFFERED, TAKEN = 0, 1, 2


class ProtocolError(AssertionError):
    """A port breaks a rule; the message has the rule's section in the specification."""


class Port:
    """Handshakes of a port's channels.

    Attributes:
        channels: payload signals of each channel; those that a port lacks are left out.
        may_withdraw: valid may fall and payload may change before ready: a soft reset cuts the port.
    """

    def __init__(self, name: str, channels: Mapping[str, tuple[str, ...]]) -> None:
        self.name = name
        self.channels = dict(channels)
        self.may_withdraw = False
        self._held: dict[str, list[int]] = {}

    def clear(self) -> None:
        """Forgets what has been: the port is in reset."""
        self._held.clear()

    def clock(self, now: Mapping[str, int]) -> None:
        """Looks at one cycle.

        Args:
            now: each signal's value just before the rising edge.

        Raises:
            ProtocolError: a rule is broken.
        """
        moves = {channel: self._handshake(channel, now) for channel in self.channels}
        if any(moves.values()):
            self._check(now, moves)

    def quiet(self) -> None:
        """Raises ProtocolError where something is still expected of the port; a cycle after the last move."""
        for channel in self._held:
            self.fail("A3.2.1", f"{channel}valid still waits for its ready")

    def fail(self, rule: str, what: str) -> None:
        """Raises ProtocolError."""
        raise ProtocolError(f"{self.name}: {what} ({rule})")

    def _handshake(self, channel: str, now: Mapping[str, int]) -> int:
        held = self._held.pop(channel, None)
        if not now[channel + "valid"]:
            if held is not None and not self.may_withdraw:
                self.fail("A3.2.1", f"{channel}valid fell before {channel}ready")
            return ABSENT
        ready = now[channel + "ready"]
        if held is None and ready:
            return TAKEN
        payload = [now[channel + name] for name in self.channels[channel]]
        if held is not None and held != payload and not self.may_withdraw:
            self.fail("A3.2.1", f"the payload of {channel}valid changed before {channel}ready")
        if ready:
            return TAKEN
        self._held[channel] = payload
        return OFFERED

    def _check(self, now: Mapping[str, int], moves: Mapping[str, int]) -> None:
        """What goes beyond handshakes: `moves` has ABSENT, OFFERED or TAKEN of each channel, not all ABSENT."""


class Axi(Port):
    """An AXI4 or AXI4-Lite port: bursts, WLAST, and responses, none early, none missing, none too many.

    Beats of write data may come before their address. Without `len` in the channels' signals a burst has one beat.
    """

    FULL: Mapping[str, tuple[str, ...]] = {
        "aw": ("addr", "len", "size", "burst"),
        "w": ("data", "strb", "last"),
        "b": ("resp",),
        "ar": ("addr", "len", "size", "burst"),
        "r": ("data", "resp", "last"),
    }

    def __init__(
        self, name: str, channels: Mapping[str, tuple[str, ...]], data_bytes: int = 8, longest: int = 16
    ) -> None:
        super().__init__(name, channels)
        self.data_bytes = data_bytes
        self.longest = longest
        self.clear()

    def clear(self) -> None:
        """Forgets what has been: the port is in reset."""
        super().clear()
        self.written = self.granted = 0
        self._writes: deque[int] = deque()  # beats of addresses whose data are not complete
        self._ended: deque[int] = deque()  # beats of bursts of data whose address has not come
        self._beats = 0
        self._owed = 0
        self._reads: deque[int] = deque()
        self._read_beats = 0

    def quiet(self) -> None:
        """Raises ProtocolError where data or a response are missing."""
        super().quiet()
        if self._writes or self._ended or self._beats:
            self.fail("A3.4.1", "a write is not complete")
        if self._owed:
            self.fail("A3.3.1", f"{self._owed} writes were not answered")
        if self._reads:
            self.fail("A3.3.1", f"{len(self._reads)} reads were not answered")

    def _check(self, now: Mapping[str, int], moves: Mapping[str, int]) -> None:
        # Responses first: what is taken in this cycle cannot be answered in it
        if "b" in moves:
            self._response(moves["b"])
            self._write(now, moves["aw"], moves["w"])
        if "r" in moves:
            self._read_data(now, moves["r"])
            if moves["ar"]:
                beats = self._burst(now, "ar")
                if moves["ar"] == TAKEN:
                    self._reads.append(beats)

    def _burst(self, now: Mapping[str, int], channel: str) -> int:
        if "len" not in self.channels[channel]:
            return 1
        address, beats = now[channel + "addr"], now[channel + "len"] + 1
        if beats > self.longest:
            self.fail("A3.4.1", f"a{channel[1:]}len: {beats} beats, at most {self.longest}")
        if now[channel + "burst"] != 1 or 1 << now[channel + "size"] != self.data_bytes:
            self.fail("A3.4.1", f"{channel}burst, {channel}size: not an INCR burst of {self.data_bytes}-byte beats")
        if address % self.data_bytes:
            self.fail("A3.4.1", f"{channel}addr {address:#x} is not aligned")
        if address % BOUNDARY + beats * self.data_bytes > BOUNDARY:
            self.fail("A3.4.1", f"the burst at {address:#x} of {beats} beats crosses 4 KiB")
        return beats

    def _write(self, now: Mapping[str, int], address: int, data: int) -> None:
        if address:
            beats = self._burst(now, "aw")
            if address == TAKEN:
                self._writes.append(beats)
                self.granted += beats
        if data == TAKEN:
            self._beats += 1
            self.written += 1
            if "last" not in self.channels["w"] or now["wlast"]:
                self._ended.append(self._beats)
                self._beats = 0
        while self._writes and self._ended:
            expected, got = self._writes.popleft(), self._ended.popleft()
            if got != expected:
                self.fail("A3.4.1", f"wlast on beat {got} of a burst of {expected}")
            self._owed += 1
        if self._writes and self._beats >= self._writes[0]:
            self.fail("A3.4.1", f"no wlast on beat {self._beats} of a burst of {self._writes[0]}")

    def _response(self, move: int) -> None:
        if move and not self._owed:
            self.fail("A3.3.1", "bvalid without a write that has all its data")
        self._owed -= move == TAKEN

    def _read_data(self, now: Mapping[str, int], move: int) -> None:
        if not move:
            return
        if not self._reads:
            self.fail("A3.3.1", "rvalid without a read address")
        last = self._read_beats + 1 == self._reads[0]
        if "last" in self.channels["r"] and bool(now["rlast"]) != last:
            self.fail("A3.4.1", f"rlast is {now['rlast']} on beat {self._read_beats + 1} of {self._reads[0]}")
        if move == TAKEN:
            self._read_beats = 0 if last else self._read_beats + 1
            if last:
                self._reads.popleft()


class Stream(Port):
    """A stream with valid and ready. tkeep has no holes and is full before tlast; Passage takes what was taken."""

    SIDE_BANDS = ("id", "dest", "user")
    FULL: Mapping[str, tuple[str, ...]] = {"t": ("data", "keep", "last", "strb", *SIDE_BANDS), "": ("data",)}

    def __init__(self, name: str, channels: Mapping[str, tuple[str, ...]], data_bytes: int = 8) -> None:
        super().__init__(name, channels)
        self._channel = next(iter(channels))
        self._full = (1 << data_bytes) - 1
        self.beats = 0
        # A byte, False, its strobe and side bands; -1, True where a packet ends. Without tlast whole words
        self.taken: deque[tuple[int, ...]] | None = None

    def _check(self, now: Mapping[str, int], moves: Mapping[str, int]) -> None:
        channel, names = self._channel, self.channels[self._channel]
        last = "last" in names and bool(now[channel + "last"])
        keep = now[channel + "keep"] if "keep" in names else self._full
        if keep & (keep + 1) or (keep != self._full and not last):
            self.fail("stream 2.4.3", f"{channel}keep is {keep:#x} {'with' if last else 'before'} {channel}last")
        if moves[channel] != TAKEN:
            return
        self.beats += 1
        if self.taken is not None:
            data = now[channel + "data"]
            if "last" not in names:
                self.taken.append((data, False))
                return
            side = tuple(now[channel + name] for name in self.SIDE_BANDS if name in names)
            strobes = now[channel + "strb"] if "strb" in names else self._full
            for lane in range(keep.bit_count()):
                self.taken.append((data >> 8 * lane & 0xFF, False, strobes >> lane & 1, *side))
            if last:
                self.taken.append((-1, True))


class Passage:
    """What goes into one stream comes out of the other: in order, nothing lost or made up; packets keep their ends.

    Both ends have the same side bands. They go with all bytes of a beat; a strobe, 1 without tstrb, goes with its byte.
    """

    def __init__(self, into: Stream, out: Stream) -> None:
        self.into, self.out = into, out
        self.clear()

    def clear(self) -> None:
        """Forgets what is inside: both are in reset."""
        self.into.taken, self.out.taken = deque(), deque()

    def clock(self) -> None:
        """Compares; after both monitors have looked at the cycle. Raises ProtocolError."""
        assert self.into.taken is not None and self.out.taken is not None
        while self.out.taken:
            got = self.out.taken.popleft()
            expected = self.into.taken.popleft() if self.into.taken else None
            if got != expected:
                self.out.fail("stream", f"{got} came out, expected {expected or 'nothing'}")

    def quiet(self) -> None:
        """Raises ProtocolError where something has not come out."""
        if self.into.taken:
            self.out.fail("stream", f"{len(self.into.taken)} words or bytes were lost")


class Signals(Mapping[str, int]):
    """The values of a port's signals, read when they are asked for; X and Z are an error."""

    def __init__(self, dut: Any, prefix: str) -> None:
        self._dut, self._prefix = dut, prefix
        self._handles: dict[str, Any] = {}

    def __getitem__(self, name: str) -> int:
        handle = self._handles.get(name)
        if handle is None:
            handle = self._handles[name] = getattr(self._dut, self._prefix + name)
        try:
            return int(handle.value)
        except ValueError:
            raise ProtocolError(f"{self._prefix}{name} is {handle.value} where it must mean something") from None

    def __iter__(self) -> Any:
        return iter(self._handles)

    def __len__(self) -> int:
        return len(self._handles)

    def has(self, name: str) -> bool:
        """Whether the port has this signal."""
        return hasattr(self._dut, self._prefix + name)


def channels_of(signals: Signals, full: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The channels that a port has, with the payload signals that it has."""
    present = {channel: names for channel, names in full.items() if signals.has(channel + "valid")}
    return {channel: tuple(name for name in names if signals.has(channel + name)) for channel, names in present.items()}


def axi(dut: Any, prefix: str, longest: int = 16) -> tuple[Axi, Signals]:
    """A monitor for the AXI4 or AXI4-Lite port whose signals begin with `prefix`."""
    signals = Signals(dut, prefix)
    data = "wdata" if signals.has("wdata") else "rdata"
    data_bytes = len(getattr(dut, prefix + data)) // 8
    return Axi(prefix.rstrip("_"), channels_of(signals, Axi.FULL), data_bytes, longest), signals


def stream(dut: Any, prefix: str) -> tuple[Stream, Signals]:
    """A monitor for the stream whose signals begin with `prefix`."""
    signals = Signals(dut, prefix)
    channels = channels_of(signals, Stream.FULL)
    bits = len(getattr(dut, prefix + next(iter(channels)) + "data"))
    return Stream(prefix.rstrip("_"), channels, bits // 8), signals


async def watch(
    edge: Any, in_reset: Callable[[], bool], *ports: tuple[Any, Any], passages: Iterable[Passage] = ()
) -> None:
    """Lets monitors look at every cycle, for ever; what they raise fails the test that runs.

    Args:
        edge: trigger of the rising clock edge.
        in_reset: whether the ports are in reset.
        ports: monitors with their signals; each has `clear()` and `clock(signals)`.
        passages: Passage objects over some of them.
    """
    while True:
        await edge
        if in_reset():
            for monitor in (*(port for port, _ in ports), *passages):
                monitor.clear()
            continue
        for port, signals in ports:
            port.clock(signals)
        for passage in passages:
            passage.clock()
