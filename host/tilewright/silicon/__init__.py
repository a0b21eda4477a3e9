"""What the accelerator takes of a part, and how fast it may run there: without synthesis, from committed figures."""
