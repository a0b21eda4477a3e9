"""Boards over ssh: copy what a board needs, run the self-test there. Not run on hardware; see ``docs/board.md``."""
