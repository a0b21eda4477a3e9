"""Ends of AXI ports for test benches that do what the specification allows and no more: who relies on more hangs.

Ready comes only after valid, one cycle at a time; a write is taken only when address and data are both offered; a
master offers address and data in any order, without waiting for a ready. A payload outside valid is random.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge


def not_ready_before(valid: Any) -> Iterator[bool]:
    """Pauses for a cocotbext sink: its ready waits for valid, and falls after a beat."""
    ready = False
    while True:
        ready = bool(valid.value) and not ready
        yield not ready


class Channels:
    """The handshakes of a port's channels, driven signal by signal."""

    def __init__(self, dut: Any, prefix: str, clock: Any, seed: int) -> None:
        self.rng = random.Random(seed)
        self.edge = RisingEdge(clock)
        self._dut, self._prefix = dut, prefix

    def signal(self, name: str) -> Any:
        """The port's signal of this name."""
        return getattr(self._dut, self._prefix + name)

    async def idle(self, most: int = 3) -> None:
        """Waits for 0 to `most` cycles."""
        for _ in range(self.rng.randint(0, most)):
            await self.edge

    async def offer(self, channel: str, payload: dict[str, int]) -> None:
        """Puts valid and payload on a channel, until ready."""
        for name, value in payload.items():
            self.signal(channel + name).value = value
        self.signal(channel + "valid").value = 1
        await self.edge
        while not self.signal(channel + "ready").value:
            await self.edge
        self.signal(channel + "valid").value = 0
        for name in payload:
            handle = self.signal(channel + name)
            handle.value = self.rng.getrandbits(len(handle))

    async def valid(self, *channels: str) -> None:
        """Waits until all channels are valid in one cycle."""
        while True:
            await self.edge
            if all(self.signal(channel + "valid").value for channel in channels):
                return

    async def take(self, *channels: str) -> None:
        """Gives channels, which are valid, ready for one cycle; their payload can be read after it."""
        for channel in channels:
            self.signal(channel + "ready").value = 1
        await self.edge
        for channel in channels:
            assert self.signal(channel + "valid").value, f"{self._prefix}{channel}valid fell before ready"
            self.signal(channel + "ready").value = 0

    async def accept(self, channel: str, names: Iterable[str]) -> dict[str, int]:
        """Waits for valid, gives ready, returns the payload."""
        await self.valid(channel)
        await self.idle()
        await self.take(channel)
        return {name: int(self.signal(channel + name).value) for name in names}


class StrictLiteMaster(Channels):
    """Accesses to an AXI4-Lite slave, several at a time."""

    def __init__(self, dut: Any, prefix: str, clock: Any, seed: int) -> None:
        super().__init__(dut, prefix, clock, seed)
        for name in ("awvalid", "wvalid", "bready", "arvalid", "rready"):
            self.signal(name).value = 0

    async def write(self, *writes: tuple[int, int, int]) -> None:
        """Writes words: (address, data, strobes); the next one is offered before the last one is answered."""
        strobes = hasattr(self._dut, self._prefix + "wstrb")
        addresses = [{"addr": address} for address, _, _ in writes]
        data = [{"data": word} | ({"strb": strobe} if strobes else {}) for _, word, strobe in writes]
        offers = [cocotb.start_soon(self._offers(channel, each)) for channel, each in (("aw", addresses), ("w", data))]
        answers = await self._answers("b", len(writes), ("resp",))
        for offer in offers:
            await offer
        assert all(answer["resp"] == 0 for answer in answers)

    async def read(self, *addresses: int) -> list[int]:
        """Reads words."""
        offers = cocotb.start_soon(self._offers("ar", [{"addr": address} for address in addresses]))
        answers = await self._answers("r", len(addresses), ("data", "resp"))
        await offers
        assert all(answer["resp"] == 0 for answer in answers)
        return [answer["data"] for answer in answers]

    async def _offers(self, channel: str, payloads: list[dict[str, int]]) -> None:
        await self.idle(6)
        for payload in payloads:
            await self.idle(1)
            await self.offer(channel, payload)

    async def _answers(self, channel: str, count: int, names: tuple[str, ...]) -> list[dict[str, int]]:
        return [await self.accept(channel, names) for _ in range(count)]


class StrictSlave(Channels):
    """The slave of an AXI4 port that reads, writes or does both; one burst of each kind at a time.

    `read_beat(address)` returns data and response, `write_beat(address, last, beat)` the response; `beat` has wdata,
    wstrb and wlast.
    """

    def __init__(self, dut: Any, prefix: str, clock: Any, seed: int, memory: Any) -> None:
        super().__init__(dut, prefix, clock, seed)
        self._memory = memory
        self._bytes = len(self.signal("rdata" if hasattr(dut, prefix + "rdata") else "wdata")) // 8
        if hasattr(dut, prefix + "arvalid"):
            self.signal("arready").value = self.signal("rvalid").value = 0
            cocotb.start_soon(self._reads())
        if hasattr(dut, prefix + "awvalid"):
            self.signal("awready").value = self.signal("wready").value = self.signal("bvalid").value = 0
            cocotb.start_soon(self._writes())

    async def _reads(self) -> None:
        while True:
            address = await self.accept("ar", ("addr", "len"))
            for beat in range(address["len"] + 1):
                data, response = self._memory.read_beat(address["addr"] + self._bytes * beat)
                await self.offer("r", {"data": data, "resp": response, "last": int(beat == address["len"])})
                await self.idle(1)

    async def _writes(self) -> None:
        while True:
            await self.valid("aw", "w")
            first = self.rng.choice((("aw",), ("w",), ("aw", "w")))
            await self.take(*first)
            address = [int(self.signal(name).value) for name in ("awaddr", "awlen")] if "aw" in first else None
            beats = [self._beat()] if "w" in first else []
            if address is None:
                await self.idle()
                await self.take("aw")
                address = [int(self.signal(name).value) for name in ("awaddr", "awlen")]
            while len(beats) <= address[1]:
                await self.valid("w")
                await self.take("w")
                beats.append(self._beat())
            answers = [
                self._memory.write_beat(address[0] + self._bytes * index, index == address[1], beat)
                for index, beat in enumerate(beats)
            ]
            await self.idle()
            await self.offer("b", {"resp": max(answers)})

    def _beat(self) -> dict[str, int]:
        return {name: int(self.signal(name).value) for name in ("wdata", "wstrb", "wlast")}
