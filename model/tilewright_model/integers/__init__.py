"""The integers of a network, and that they equal PyTorch's."""
