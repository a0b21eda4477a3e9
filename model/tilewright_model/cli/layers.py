"""The command layers, and the table of a network file's layers that export prints too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.table import Table

from tilewright.network import Layer, load_network
from tilewright.network import Network as NetworkIntegers
from tilewright.network.file_format import layer_entry, version_of
from tilewright.progress import phase
from tilewright_model.cli.app import command, console
from tilewright_model.cli.options import Json, Network

COLUMNS = ("layer", "channels", "kernel", "weight bits", "input bits", "thresholds")


@command("layers", "net.safetensors", "net.safetensors --json")
def layers(network: Network, as_json: Json = False) -> None:
    """Print a network file's layers: sizes, bits of weights and input codes, thresholds a channel."""
    with phase("Reading the network", "Read the network"):
        integers = load_network(network)
    report_layers(integers, network, as_json)


def report_layers(network: NetworkIntegers, path: Path, as_json: bool) -> None:
    """The network's layers as JSON for machines, as a table for people."""
    if as_json:
        version = version_of(network)
        entries = [layer_values(layer, version) for layer in network.layers]
        print(json.dumps({"file": str(path), "network": network.name, "layers": entries}))
        return
    table = Table(title=f"{network.name}: {path}", title_justify="left")
    for name in COLUMNS:
        table.add_column(name, no_wrap=True)
    for layer in network.layers:
        table.add_row(*_cells(layer))
    console.print(table)


def layer_values(layer: Layer, version: str) -> dict[str, Any]:
    """The layer's fields as docs/network_format.md has them, and its widths: JSON-able, null where it has none."""
    widths = {key: getattr(layer, key) for key in ("weight_bits", "activation_bits", "output_bits")}
    return layer_entry(layer, version) | widths | {"thresholds": layer.output_levels}


def _cells(layer: Layer) -> list[str]:
    kernel = f"{layer.kernel[0]}x{layer.kernel[1]}"
    return [
        layer.name,
        f"{layer.in_channels} -> {layer.out_channels}",
        f"{kernel} mean" if layer.weight_bits is None else kernel,
        "-" if layer.weight_bits is None else str(layer.weight_bits),
        f"{layer.activation_bits} image" if layer.image_input else str(layer.activation_bits),
        "-" if layer.output_bits is None else f"{layer.output_levels} ({layer.output_bits} bits)",
    ]
