"""The array that stands for registers, on a bus that records its accesses."""

import numpy as np
import pytest

from tilewright.sim.window import RegisterWindow


class RecordingBus:
    """Registers whose value is their address, and a list of accesses."""

    def __init__(self) -> None:
        self.accesses: list[tuple[int, int | None]] = []

    def read_word(self, address: int) -> int:
        self.accesses.append((address, None))
        return address

    def write_word(self, address: int, value: int) -> None:
        self.accesses.append((address, value))


@pytest.fixture
def bus() -> RecordingBus:
    return RecordingBus()


def test_each_element_is_one_access(bus: RecordingBus) -> None:
    window = RegisterWindow(bus, 0x1000, 8)
    assert (window[0], window[-1], len(window), window.nbytes) == (0x1000, 0x101C, 8, 32)
    window[2] = np.uint32(0xFFFFFFFF)
    assert bus.accesses == [(0x1000, None), (0x101C, None), (0x1008, 0xFFFFFFFF)]


def test_slices_and_copies(bus: RecordingBus) -> None:
    window = RegisterWindow(bus, 0x1000, 8)[2:6]
    assert np.copy(window).tolist() == [0x1008, 0x100C, 0x1010, 0x1014]
    assert np.copy(window).dtype == np.uint32
    window[1:3] = [7, 8]
    assert bus.accesses[-2:] == [(0x100C, 7), (0x1010, 8)]


def test_64_bits_are_accessed_low_word_first(bus: RecordingBus) -> None:
    window = RegisterWindow(bus, 0x1000, 4).view(np.uint64)
    assert len(window) == 2
    assert window[1] == 0x100C << 32 | 0x1008
    window[0] = 0x1_0000_0002
    assert bus.accesses == [(0x1008, None), (0x100C, None), (0x1000, 2), (0x1004, 1)]


@pytest.mark.parametrize("index", [8, -9])
def test_out_of_bounds(bus: RecordingBus, index: int) -> None:
    with pytest.raises(IndexError, match=f"register {index} of 8"):
        RegisterWindow(bus, 0x1000, 8)[index]
    assert bus.accesses == []


def test_what_registers_cannot_be(bus: RecordingBus) -> None:
    with pytest.raises(TypeError, match="uint32 or uint64, not float32"):
        RegisterWindow(bus, 0x1000, 8).view(np.float32)
    with pytest.raises(IndexError, match="step 1"):
        RegisterWindow(bus, 0x1000, 8)[::2]
