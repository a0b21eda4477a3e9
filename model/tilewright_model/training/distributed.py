"""The processes of a run: one, or those that ``torchrun`` starts."""

import os
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from tilewright_model.errors import RecipeError


@dataclass(frozen=True)
class Processes:
    """This process is number ``rank`` of ``size``; the first one writes files and prints."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def share(self, batch: int) -> slice:
        """This process's part of a batch; images that cannot be divided are nobody's."""
        part = batch // self.size
        return slice(self.rank * part, (self.rank + 1) * part)

    def total(self, value: Tensor) -> Tensor:
        """The sum of the processes' tensors, in all of them."""
        if self.size > 1:
            distributed.all_reduce(value)
        return value

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            distributed.barrier()

    def leave(self) -> None:
        """Leave the others."""
        if self.size > 1:
            distributed.destroy_process_group()

    def parallel(self, model: nn.Module) -> nn.Module:
        """The model, its gradients averaged over the processes; batch-norms see their own process's images."""
        return DistributedDataParallel(model, broadcast_buffers=False) if self.size > 1 else model


def join_processes(device: torch.device, batch: int) -> Processes:
    """The processes that ``torchrun`` announced in the environment, joined by NCCL on GPUs and gloo on CPUs; else one.

    Args:
        device: of this process.
        batch: images a batch.

    Raises:
        RecipeError: a batch does not divide among them.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if batch % size:
        raise RecipeError(f"{size} processes cannot share a batch of {batch}: --set batch=N, or start other numbers")
    if size == 1:
        return Processes()
    if not distributed.is_initialized():
        gpu = device if device.type == "cuda" else None
        distributed.init_process_group("nccl" if gpu else "gloo", device_id=gpu)  # NCCL's barrier would guess its GPU
    return Processes(distributed.get_rank(), size)


def local_device(name: str) -> torch.device:
    """The named device; of several GPUs the one for this process."""
    device = torch.device(name)
    if str(device) == "cuda":
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return device
