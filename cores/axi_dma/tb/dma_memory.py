"""AXI memory without IDs: a latency, any number of bursts outstanding, random stalls, regions that answer with errors.

It checks every burst: length legal in AXI3, 8 bytes a beat, incrementing, aligned, within 4 KiB, wlast on the last beat
and on no other.
"""

from collections import deque

import cocotb
from cocotb.triggers import Event, Timer
from cocotb.utils import get_sim_time
from cocotbext.axi.stream import define_stream

ArBus, _, _, ArSink, _ = define_stream("Ar", signals=["araddr", "arlen", "arsize", "arburst", "arvalid", "arready"])
RBus, R, RSource, _, _ = define_stream("R", signals=["rdata", "rresp", "rlast", "rvalid", "rready"])
AwBus, _, _, AwSink, _ = define_stream("Aw", signals=["awaddr", "awlen", "awsize", "awburst", "awvalid", "awready"])
WBus, _, _, WSink, _ = define_stream("W", signals=["wdata", "wstrb", "wlast", "wvalid", "wready"])
BBus, B, BSource, _, _ = define_stream("B", signals=["bresp", "bvalid", "bready"])

OKAY, SLVERR, DECERR = 0, 2, 3
MAX_BURST = 16


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


class DmaMemory:
    """`data` from address `base`; `errors` maps ranges to the response they give; outside: DECERR.

    `mm2s` and `s2mm` are the prefixes of the port that is read and of the one that is written.
    """

    def __init__(self, dut, clock, reset, base, data, mm2s="m_axi_mm2s", s2mm="m_axi_s2mm", period_ps=10_000):
        self.base, self.data, self.errors = base, data, {}
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

    def response(self, address):
        for region, response in self.errors.items():
            if address in region:
                return response
        inside = self.base <= address and address + 8 <= self.base + len(self.data)
        return OKAY if inside else DECERR

    async def _read_addresses(self):
        while True:
            ar = await self._ar.recv()
            address, beats = int(ar.araddr), int(ar.arlen) + 1
            check_burst(address, beats, int(ar.arsize), int(ar.arburst))
            self.bursts_read.append((address, beats))
            self.outstanding += 1
            self.most_outstanding = max(self.most_outstanding, self.outstanding)
            self._reads.put((address, beats))

    async def _answer_read(self, burst):
        address, beats = burst
        for index in range(beats):
            here = address + 8 * index
            response = self.response(here)
            offset = here - self.base
            word = int.from_bytes(self.data[offset : offset + 8], "little") if response == OKAY else 0
            await self._r.send(R(rdata=word, rresp=response, rlast=index == beats - 1))
        self.outstanding -= 1

    async def _write_bursts(self):
        while True:
            aw = await self._aw.recv()
            address, beats = int(aw.awaddr), int(aw.awlen) + 1
            check_burst(address, beats, int(aw.awsize), int(aw.awburst))
            self.bursts_written.append((address, beats))
            responses = [self._write_beat(address + 8 * n, n == beats - 1, await self._w.recv()) for n in range(beats)]
            self._writes.put(max(responses))

    def _write_beat(self, address, last, beat):
        assert int(beat.wlast) == last, f"wlast is {int(beat.wlast)} at {address:#x}, expected {int(last)}"
        response, strobes = self.response(address), int(beat.wstrb)
        if response == OKAY:
            word = int(beat.wdata).to_bytes(8, "little")
            for lane in range(8):
                if strobes >> lane & 1:
                    self.data[address - self.base + lane] = word[lane]
        return response

    async def _answer_write(self, response):
        await self._b.send(B(bresp=response))


def check_burst(address, beats, size, burst):
    assert beats <= MAX_BURST, f"{beats} beats at {address:#x}: more than AXI3 allows"
    assert size == 3, f"arsize or awsize {size} at {address:#x}, expected 3"
    assert burst == 1, f"burst type {burst} at {address:#x}, expected 1 (incrementing)"
    assert address % 8 == 0, f"address {address:#x} is not aligned"
    last = address + 8 * beats - 1
    assert address >> 12 == last >> 12, f"burst {address:#x}..{last:#x} crosses 4 KiB"


class ProtocolMonitor:
    """Checks the core's handshakes in every cycle.

    valid and payload stay until taken; no write data before their address, no write address before its data have come
    from the stream; read data are taken at once.
    """

    PAYLOADS = (
        ("m_axi_mm2s_ar", ("addr", "len")),
        ("m_axi_s2mm_aw", ("addr", "len")),
        ("m_axi_s2mm_w", ("data", "strb", "last")),
        ("m_axis_mm2s_t", ("data", "keep", "last")),
        ("s_axi_lite_b", ()),
        ("s_axi_lite_r", ("data",)),
    )

    SG_PAYLOADS = (
        ("m_axi_sg_ar", ("addr", "len")),
        ("m_axi_sg_aw", ("addr", "len")),
        ("m_axi_sg_w", ("data", "strb", "last")),
    )

    def __init__(self, dut):
        self.stream_in = self.granted = self.written = 0
        # A soft reset may cut the outgoing stream: tests say when.
        self.stream_may_break = False
        self._dut = dut
        self._held = {}
        self._signals = {
            prefix: [getattr(dut, prefix + name) for name in ("valid", "ready", *payload)]
            for prefix, payload in self.PAYLOADS + (self.SG_PAYLOADS if int(dut.INCLUDE_SG.value) else ())
        }

    async def run(self, clock_edge):
        while True:
            await clock_edge
            if not self._dut.axi_resetn.value:
                self._held.clear()
                continue
            taken = {prefix: self._channel(prefix, *signals) for prefix, signals in self._signals.items()}
            self._count(taken)

    def _channel(self, prefix, valid, ready, *payload):
        held = self._held.pop(prefix, None)
        breaks = prefix == "m_axis_mm2s_t" and self.stream_may_break
        assert valid.value.is_resolvable, f"{prefix}valid is {valid.value}"
        if not valid.value:
            assert held is None or breaks, f"{prefix}valid fell before the transfer"
            return False
        values = [int(signal.value) for signal in payload]
        assert held is None or breaks or held == values, f"{prefix}*: payload changed before the transfer"
        if ready.value:
            return True
        self._held[prefix] = values
        return False

    def _count(self, taken):
        dut = self._dut
        assert not taken["m_axi_s2mm_w"] or self.written < self.granted, "write data before their address"
        self.written += taken["m_axi_s2mm_w"]
        if taken["m_axi_s2mm_aw"]:
            self.granted += int(dut.m_axi_s2mm_awlen.value) + 1
            assert self.granted <= self.stream_in, "write address before its data"
        self.stream_in += bool(dut.s_axis_s2mm_tvalid.value) and bool(dut.s_axis_s2mm_tready.value)
        assert dut.m_axi_mm2s_rready.value or not dut.m_axi_mm2s_rvalid.value, "read data without space"
