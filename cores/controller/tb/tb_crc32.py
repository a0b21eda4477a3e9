"""crc32 against zlib; without enable the register stays."""

import random
import zlib

import cocotb
from cocotb.triggers import Timer


@cocotb.test()
async def equals_zlib(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    width = len(dut.data)
    for length in (1, 2, 50):
        crc, data = 0xFFFFFFFF, b""
        for _ in range(length):
            beat = rng.getrandbits(width)
            data += beat.to_bytes(width // 8, "little")
            dut.crc_in.value, dut.data.value, dut.enable.value = crc, beat, 0
            await Timer(1, "ns")
            assert int(dut.crc_out.value) == crc
            dut.enable.value = 1
            await Timer(1, "ns")
            crc = int(dut.crc_out.value)
            assert crc ^ 0xFFFFFFFF == zlib.crc32(data)
