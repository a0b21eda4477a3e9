"""Reports of runs: a run's record as JSON, and the pages made of one record or of two."""
