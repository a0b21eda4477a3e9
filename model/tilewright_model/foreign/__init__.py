"""Networks that were trained elsewhere: Brevitas, QONNX."""
