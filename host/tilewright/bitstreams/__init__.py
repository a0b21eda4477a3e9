"""Bitstreams: each a folder of ``tilewright.bit``, ``tilewright.hwh`` and ``manifest.json``, which says what it is."""
