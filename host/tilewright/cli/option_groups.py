"""Options that several commands take together, each group defined once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import Any

from tilewright.cli.console import Target, choose_target
from tilewright.cli.options import (
    Array,
    AsJson,
    Bitstream,
    Checkpoint,
    Count,
    Data,
    Device,
    First,
    Host,
    ImageFiles,
    Layers,
    NetworkFile,
    Seed,
    Stream,
    Trace,
)
from tilewright.pytorch.image_choice import ImageChoice


@dataclass(frozen=True)
class NetworkOptions:
    """Which network, and which of its maps are read back."""

    network_file: NetworkFile = None
    checkpoint: Checkpoint = None
    layers: Layers = None


@dataclass(frozen=True)
class ImageOptions:
    """Which images."""

    images: ImageFiles = None
    data: Data = None
    first: First = 0
    count: Count = None

    def choice(self) -> ImageChoice:
        """The images, checked and not read yet.

        Raises:
            NetworkError: as :class:`tilewright.pytorch.image_choice.ImageChoice`.
        """
        return ImageChoice(self.images or (), self.data, self.first, self.count)


@dataclass(frozen=True)
class DeviceOptions:
    """Where to run."""

    array: Array = 8
    stream: Stream = 64
    seed: Seed = None
    device: Device = None
    bitstream: Bitstream = None
    host: Host = None

    def target(self, trace: Path | None = None) -> Target:
        """The device, checked and not opened yet.

        Args:
            trace: file of --trace.

        Raises:
            TargetError: as :func:`tilewright.cli.console.choose_target`.
        """
        return choose_target(self.array, self.seed, self.device, self.bitstream, self.host, trace, self.stream)


@dataclass(frozen=True)
class OutcomeOptions:
    """How an outcome is told."""

    trace: Trace = None
    as_json: AsJson = False


def grouped(function: Callable[..., None]) -> Callable[..., None]:
    """Has a command take, for each group among its parameters, the options of the group.

    Args:
        function: the command; parameters that are dataclasses are groups, their fields the options.

    Returns:
        A function of keywords, whose signature typer reads.
    """
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type] = {}
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        group = parameter.annotation
        if isinstance(group, type) and is_dataclass(group):
            groups[name] = group
            parameters += inspect.signature(group, eval_str=True).parameters.values()
        else:
            parameters.append(parameter)

    @wraps(function)
    def command(**options: Any) -> None:
        for name, group in groups.items():
            options[name] = group(**{field.name: options.pop(field.name) for field in fields(group)})
        function(**options)

    keywords = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    vars(command)["__signature__"] = inspect.Signature(keywords)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command
