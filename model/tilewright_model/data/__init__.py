"""CIFAR-10 and other images."""
