"""Where to compute: a device by name, what to call it, how many images at a time."""

import torch

from tilewright_model.errors import ModelError, first_line


def device_named(name: str | None) -> torch.device:
    """The named device, else the GPU where there is one, else the CPU.

    Raises:
        ModelError: it is not there.
    """
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(f"no device {name!r} here ({first_line(error)}); name another with --device") from error
    return device


def description(device: torch.device) -> str:
    """The GPU's name, or the CPU with the vector instructions that PyTorch uses there."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return f"CPU ({torch.backends.cpu.get_cpu_capability()})"


def batch_size(device: torch.device) -> int:
    """Images at a time: what a CPU's caches like, or enough for a GPU. The exact evaluation does not depend on it."""
    return 25 if device.type == "cpu" else 500
