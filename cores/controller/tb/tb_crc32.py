"""crc32 against zlib."""

import random
import zlib

import cocotb
from cocotb.triggers import Timer


@cocotb.test()
async def equals_zlib(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    for length in (1, 2, 50):
        crc, data = 0xFFFFFFFF, b""
        for _ in range(length):
            beat = rng.getrandbits(64)
            data += beat.to_bytes(8, "little")
            dut.crc_in.value, dut.data.value = crc, beat
            await Timer(1, "ns")
            crc = int(dut.crc_out.value)
            assert crc ^ 0xFFFFFFFF == zlib.crc32(data)
