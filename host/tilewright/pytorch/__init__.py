"""All that starts model/'s processes: exports, images, PyTorch's own integers."""
