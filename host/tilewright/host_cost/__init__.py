"""What a batch costs the processor beside the accelerator: instructions counted, seconds by a stated model."""
