"""The self-test of a board: ``pytest --pyargs tilewright.selftest`` with numpy, pynq and pytest, see ``docs/board.md``.

The device is that of $TILEWRIGHT_DEVICE, with the bitstream of $TILEWRIGHT_BITSTREAM. What it must answer was computed
on a host and is shipped in ``vectors/``.
"""
