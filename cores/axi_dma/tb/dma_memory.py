"""AXI memories without IDs, with regions that answer with errors, and what is checked of the core in every cycle."""

from collections import deque

import cocotb
from cocotb.triggers import Event, Timer
from cocotb.utils import get_sim_time
from cocotbext.axi.stream import define_stream

from axi_protocol import Signals, Stream, axi, stream, watch
from axi_strict import StrictSlave

ArBus, _, _, ArSink, _ = define_stream("Ar", signals=["araddr", "arlen", "arsize", "arburst", "arvalid", "arready"])
RBus, R, RSource, _, _ = define_stream("R", signals=["rdata", "rresp", "rlast", "rvalid", "rready"])
AwBus, _, _, AwSink, _ = define_stream("Aw", signals=["awaddr", "awlen", "awsize", "awburst", "awvalid", "awready"])
WBus, _, _, WSink, _ = define_stream("W", signals=["wdata", "wstrb", "wlast", "wvalid", "wready"])
BBus, B, BSource, _, _ = define_stream("B", signals=["bresp", "bvalid", "bready"])

OKAY, SLVERR, DECERR = 0, 2, 3
MAX_BURST = 16


def beat_bytes(dut, prefix):
    """Bytes of a beat of the port that is read."""
    return len(getattr(dut, f"{prefix}_rdata")) // 8


class Delay:
    """Hands items on in order, each `cycles` clock cycles after it was put in."""

    def __init__(self, period_ps, deliver):
        self.cycles = 40
        self._period_ps = period_ps
        self._deliver = deliver
        self._items = deque()
        self._arrived = Event()
        cocotb.start_soon(self._run())

    def put(self, item):
        self._items.append((get_sim_time("ps") + self.cycles * self._period_ps, item))
        self._arrived.set()

    async def _run(self):
        while True:
            while not self._items:
                self._arrived.clear()
                await self._arrived.wait()
            due, item = self._items.popleft()
            wait = due - get_sim_time("ps")
            if wait > 0:
                await Timer(wait, "ps")
            await self._deliver(item)


class Memory:
    """`data` from address `base`, in beats; `errors` maps ranges to the response they give; outside: DECERR."""

    def __init__(self, base, data, beat_bytes):
        self.base, self.data, self.errors = base, data, {}
        self.beat_bytes = beat_bytes

    def response(self, address):
        end = address + self.beat_bytes
        for region, response in self.errors.items():
            if address < region.stop and region.start < end:
                return response
        inside = self.base <= address and end <= self.base + len(self.data)
        return OKAY if inside else DECERR

    def read_beat(self, address):
        """Data and response."""
        response, offset = self.response(address), address - self.base
        beat = self.data[offset : offset + self.beat_bytes] if response == OKAY else b""
        return int.from_bytes(beat, "little"), response

    def write_beat(self, address, last, beat):
        """Its response; `beat` has wdata, wstrb and wlast."""
        assert beat["wlast"] == last, f"wlast is {beat['wlast']} at {address:#x}, expected {int(last)}"
        response = self.response(address)
        if response == OKAY:
            word = beat["wdata"].to_bytes(self.beat_bytes, "little")
            for lane in range(self.beat_bytes):
                if beat["wstrb"] >> lane & 1:
                    self.data[address - self.base + lane] = word[lane]
        return response


class StrictMemory(Memory):
    """Ready only after valid, and none on the write channels before address and data are both valid."""

    outstanding = 0

    def __init__(self, dut, clock, reset, base, data, mm2s="m_axi_mm2s", s2mm="m_axi_s2mm"):
        super().__init__(base, data, beat_bytes(dut, mm2s))
        for prefix in {mm2s, s2mm}:
            StrictSlave(dut, prefix + "_", clock, cocotb.RANDOM_SEED, self)

    def latency(self, cycles):
        """It has its own."""

    def stall(self, make_generator):
        """It does anyway."""


class DmaMemory(Memory):
    """With a latency, and pause generators; any number of bursts may be outstanding.

    `mm2s` and `s2mm` are the prefixes of the port that is read and of the one that is written.
    """

    def __init__(self, dut, clock, reset, base, data, mm2s="m_axi_mm2s", s2mm="m_axi_s2mm", period_ps=10_000):
        super().__init__(base, data, beat_bytes(dut, mm2s))
        self.bursts_read, self.bursts_written = [], []
        self.outstanding = self.most_outstanding = 0
        active_low = {"reset_active_level": False}
        self._ar = ArSink(ArBus.from_prefix(dut, mm2s), clock, reset, **active_low)
        self._r = RSource(RBus.from_prefix(dut, mm2s), clock, reset, **active_low)
        self._aw = AwSink(AwBus.from_prefix(dut, s2mm), clock, reset, **active_low)
        self._w = WSink(WBus.from_prefix(dut, s2mm), clock, reset, **active_low)
        self._b = BSource(BBus.from_prefix(dut, s2mm), clock, reset, **active_low)
        self.channels = (self._ar, self._r, self._aw, self._w, self._b)
        self._reads = Delay(period_ps, self._answer_read)
        self._writes = Delay(period_ps, self._answer_write)
        cocotb.start_soon(self._read_addresses())
        cocotb.start_soon(self._write_bursts())

    def latency(self, cycles):
        """Cycles from an address to its first read beat, and from the last write beat to its response."""
        self._reads.cycles = self._writes.cycles = cycles

    def stall(self, make_generator):
        """Give each channel a pause generator, or none."""
        for channel in self.channels:
            if make_generator is None:
                channel.clear_pause_generator()
                channel.pause = False
            else:
                channel.set_pause_generator(make_generator())

    async def _read_addresses(self):
        while True:
            ar = await self._ar.recv()
            address, beats = int(ar.araddr), int(ar.arlen) + 1
            self.bursts_read.append((address, beats))
            self.outstanding += 1
            self.most_outstanding = max(self.most_outstanding, self.outstanding)
            self._reads.put((address, beats))

    async def _answer_read(self, burst):
        address, beats = burst
        for index in range(beats):
            word, response = self.read_beat(address + self.beat_bytes * index)
            await self._r.send(R(rdata=word, rresp=response, rlast=index == beats - 1))
        self.outstanding -= 1

    async def _write_bursts(self):
        while True:
            aw = await self._aw.recv()
            address, beats = int(aw.awaddr), int(aw.awlen) + 1
            self.bursts_written.append((address, beats))
            responses = []
            for index in range(beats):
                w = await self._w.recv()
                beat = {name: int(getattr(w, name)) for name in ("wdata", "wstrb", "wlast")}
                responses.append(self.write_beat(address + self.beat_bytes * index, index == beats - 1, beat))
            self._writes.put(max(responses))

    async def _answer_write(self, response):
        await self._b.send(B(bresp=response))


class ProtocolMonitor:
    """Checks every port of the core in every cycle, and what the core promises beyond the protocol.

    No write data before their address is out, no write address before its data have come from the stream, read data are
    taken at once.
    """

    def __init__(self, dut):
        self._dut = dut
        names = ("s_axi_lite_", "m_axi_mm2s_", "m_axi_s2mm_", *(("m_axi_sg_",) if int(dut.INCLUDE_SG.value) else ()))
        self._ports = {prefix: axi(dut, prefix, MAX_BURST) for prefix in names}
        self.writes, _ = self._ports["m_axi_s2mm_"]
        self.out = stream(dut, "m_axis_mm2s_")
        # Tests send malformed packets, and cut them
        self.source = Stream("s_axis_s2mm", {"t": ("data", "last")}), Signals(dut, "s_axis_s2mm_")
        self.source[0].may_withdraw = True

    @property
    def stream_in(self):
        """Beats taken from the stream."""
        return self.source[0].beats

    @property
    def stream_may_break(self):
        """A soft reset may cut the outgoing stream: tests say when."""
        return self.out[0].may_withdraw

    @stream_may_break.setter
    def stream_may_break(self, value):
        self.out[0].may_withdraw = value

    async def run(self, clock_edge):
        # First: what the core promises is of the beats before this cycle
        ports = ((self, self._dut), *self._ports.values(), self.out, self.source)
        await watch(clock_edge, lambda: not self._dut.axi_resetn.value, *ports)

    def clear(self):
        """The core is in reset."""

    def quiet(self):
        """Nothing is missing on any port."""
        for port, _ in self._ports.values():
            port.quiet()

    def clock(self, dut):
        """The promises."""
        address_out = int(dut.m_axi_s2mm_awlen.value) + 1 if dut.m_axi_s2mm_awvalid.value else 0
        assert self.writes.granted + address_out <= self.stream_in, "write address before its data"
        early = dut.m_axi_s2mm_wvalid.value and self.writes.written >= self.writes.granted + address_out
        assert not early, "write data before their address"
        assert dut.m_axi_mm2s_rready.value or not dut.m_axi_mm2s_rvalid.value, "read data without space"
