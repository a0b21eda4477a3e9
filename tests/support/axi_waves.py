"""Waves of AXI ports that keep the rules, and waves that break one, for the monitors in Python and in Verilog."""

from collections.abc import Callable

from axi_protocol import Axi, Port, Stream

Wave = list[dict[str, int]]

SIGNALS = ("valid", "ready")
AXI_IDLE = {channel + name: 0 for channel, names in Axi.FULL.items() for name in (*SIGNALS, *names)}
STREAM_IDLE = {"t" + name: 0 for name in (*SIGNALS, *Stream.FULL["t"])}
AW = {"awvalid": 1, "awready": 1, "awaddr": 0x1000, "awlen": 1, "awsize": 3, "awburst": 1}
AR = {"a" + "r" + name[2:]: value for name, value in AW.items()}
W, W_LAST = {"wvalid": 1, "wready": 1, "wdata": 5, "wstrb": 0xFF}, {"wvalid": 1, "wready": 1, "wlast": 1}
B, R, R_LAST = {"bvalid": 1, "bready": 1}, {"rvalid": 1, "rready": 1}, {"rvalid": 1, "rready": 1, "rlast": 1}
T, T_LAST = {"tvalid": 1, "tready": 1, "tkeep": 0xFF, "tdata": 7}, {"tvalid": 1, "tready": 1, "tkeep": 0x7, "tlast": 1}
READ, WRITE = [AR, R, R_LAST], [AW, W, W_LAST, B]


def axi() -> tuple[Port, dict[str, int]]:
    return Axi("port", Axi.FULL), AXI_IDLE


def stream() -> tuple[Port, dict[str, int]]:
    return Stream("port", {"t": Stream.FULL["t"]}), STREAM_IDLE


GOOD: dict[str, tuple[Callable[[], tuple[Port, dict[str, int]]], Wave]] = {
    "write": (axi, WRITE),
    "data before their address": (axi, [W, W_LAST, AW, {}, B]),
    "address and last data at once": (axi, [W, AW | W_LAST, B]),
    "two writes, then two answers": (axi, [AW, AW | W, W_LAST, W, W_LAST, B, B]),
    "answer right after": (axi, [W, W_LAST, AW, B]),
    "read": (axi, READ),
    "two reads": (axi, [AR, AR, R, R_LAST, R, R_LAST]),
    "everything waits": (axi, [AW | {"awready": 0}, AW, W | {"wready": 0}, W, W_LAST, B | {"bready": 0}, B]),
    "to the boundary": (axi, [AR | {"araddr": 0xFF0}, R, R_LAST]),
    "packet": (stream, [T, T | {"tready": 0}, T, T_LAST]),
}

BAD: dict[str, tuple[str, Callable[[], tuple[Port, dict[str, int]]], Wave]] = {
    "valid falls": (r"awvalid fell before awready \(A3.2.1", axi, [AW | {"awready": 0}, {}]),
    "address changes": (r"payload of awvalid .*A3.2.1", axi, [AW | {"awready": 0}, AW | {"awaddr": 0x2000}]),
    "data change": (r"payload of wvalid .*A3.2.1", axi, [AW, W | {"wready": 0}, W | {"wdata": 6}]),
    "strobes change": (r"payload of wvalid .*A3.2.1", axi, [AW, W | {"wready": 0}, W | {"wstrb": 1}]),
    "response changes": (r"payload of bvalid .*A3.2.1", axi, [AW, W, W_LAST, B | {"bready": 0}, B | {"bresp": 2}]),
    "stream beat changes": (r"payload of tvalid .*A3.2.1", stream, [T | {"tready": 0}, T | {"tdata": 8}]),
    "side band changes": (r"payload of tvalid .*A3.2.1", stream, [T | {"tready": 0}, T | {"tuser": 1}]),
    "stream valid falls": (r"tvalid fell .*A3.2.1", stream, [T | {"tready": 0}, {}]),
    "never taken": (r"arvalid still waits .*A3.2.1", axi, [AR | {"arready": 0}]),
    "answer before the data": (r"bvalid without a write .*A3.3.1", axi, [AW, W, B]),
    "answer before the address": (r"bvalid without a write .*A3.3.1", axi, [W, W_LAST, B]),
    "answer with the last data": (r"bvalid without a write .*A3.3.1", axi, [AW, W, W_LAST | B]),
    "second answer": (r"bvalid without a write .*A3.3.1", axi, [*WRITE, B]),
    "no answer": (r"1 writes were not answered .*A3.3.1", axi, [AW, W, W_LAST]),
    "read data with the address": (r"rvalid without a read .*A3.3.1", axi, [AR | R]),
    "read data too many": (r"rvalid without a read .*A3.3.1", axi, [*READ, R]),
    "no read data": (r"1 reads were not answered .*A3.3.1", axi, [AR]),
    "17 beats": (r"17 beats, at most 16 .*A3.4.1", axi, [AR | {"arlen": 16}]),
    "4 KiB": (r"0xff8 of 2 beats crosses 4 KiB .*A3.4.1", axi, [AR | {"araddr": 0xFF8}]),
    "4 KiB, of a write": (r"crosses 4 KiB .*A3.4.1", axi, [AW | {"awaddr": 0xFF8}]),
    "wrapping": (r"not an INCR .*A3.4.1", axi, [AW | {"awburst": 2}]),
    "narrow": (r"not an INCR .*A3.4.1", axi, [AW | {"awsize": 2}]),
    "not aligned": (r"is not aligned .*A3.4.1", axi, [AR | {"araddr": 0x1004}]),
    "wlast early": (r"wlast on beat 1 of a burst of 2 .*A3.4.1", axi, [AW, W_LAST]),
    "wlast late": (r"no wlast on beat 2 of a burst of 2 .*A3.4.1", axi, [AW, W, W]),
    "wlast late, data first": (r"no wlast on beat 3 .*A3.4.1", axi, [W, W, W, AW]),
    "write cut short": (r"write is not complete .*A3.4.1", axi, [AW, W]),
    "rlast early": (r"rlast is 1 on beat 1 of 2 .*A3.4.1", axi, [AR, R_LAST]),
    "rlast late": (r"rlast is 0 on beat 2 of 2 .*A3.4.1", axi, [AR, R, R]),
    "hole in tkeep": (r"tkeep is 0xfd before tlast", stream, [T | {"tkeep": 0xFD}]),
    "hole in the last tkeep": (r"tkeep is 0x5 with tlast", stream, [T_LAST | {"tkeep": 5}]),
    "short beat in a packet": (r"tkeep is 0x7 before tlast", stream, [T | {"tkeep": 7}]),
}
