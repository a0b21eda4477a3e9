"""Boards as data, and what is made of them: the block design, its Tcl, its clocks.

A board is one file in ``data``; ``board.schema.json`` says what it holds.
"""
