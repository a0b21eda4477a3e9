"""What is read and run on a board in its first hour: ``python -m tilewright.check``, with numpy and pynq only.

``tilewright board check`` starts it over ssh, or here on the simulated device. Not run on hardware; see
``docs/board.md``.
"""
