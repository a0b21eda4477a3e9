"""Images over many boards or simulators on dask.distributed, every integer judged by the one who asks."""
