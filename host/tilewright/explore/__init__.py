"""Which design for which board: arrays, columns of DSPs, streams and batches, each with its cycles, size and clock."""
