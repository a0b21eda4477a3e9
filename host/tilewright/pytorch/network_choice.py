"""The network and the layers that a command's options name: checked before any work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tilewright import packaged
from tilewright.errors import NetworkError
from tilewright.network.layer_names import layers_in, named_layers, trained_network, unknown_layers
from tilewright.network.network import Network
from tilewright.progress import phase
from tilewright.pytorch.available import can_export
from tilewright.pytorch.export import export_network


def resolve_network(
    network_file: str | Path | None, checkpoint: str | Path | None = None, layers: str | None = None
) -> Path:
    """The network file to run: the one given, or a checkpoint's, exported where need be, or the packaged one.

    Args:
        network_file: a network file, or the name of a packaged network.
        checkpoint: instead, a checkpoint; None takes the trained one, as it is packaged where it cannot be exported.
        layers: names of layers as an option gives them, which the checkpoint must have; None where none are given.

    Raises:
        NetworkError: both files were given, there is no such file, or it lacks a layer.
        ModelProcessError: the export failed.
    """
    network_file = None if network_file is None else _named(Path(network_file))
    if network_file is not None:
        if checkpoint is not None:
            raise NetworkError("give a network file or --checkpoint, not both")
        if network_file.is_dir():
            raise NetworkError(f"{network_file}: a folder, not a network file")
        return network_file
    known = layers_in(checkpoint or trained_network())
    if layers is not None and known:
        _check_layers("the network", named_layers(layers, known), known)
    if checkpoint is None and not can_export():
        return packaged.NETWORK
    with phase("Exporting the network with PyTorch", "Exported the network"):
        return export_network(checkpoint)


def _named(file: Path) -> Path | None:
    """The file of a packaged network where a name is given and no file has it; None for the trained one."""
    if str(file) not in packaged.NETWORKS or file.exists():
        return file
    path = packaged.NETWORKS[str(file)]
    return None if path == packaged.NETWORK else path


def layer_names(network: Network, layers: str | None) -> tuple[str, ...]:
    """Names of the layers to read back: of ``all``, of a list with commas, or of none.

    Raises:
        NetworkError: the network has no such layer.
    """
    if layers is None:
        return ()
    known = [layer.name for layer in network.layers]
    names = named_layers(layers, known)
    _check_layers(f"network {network.name}", names, known)
    return names


def check_layer(layer: str, checkpoint: str | Path | None = None) -> None:
    """Makes sure, before any work, that a checkpoint has a layer; of some kinds of files only PyTorch knows it.

    Args:
        layer: name of a convolution.
        checkpoint: the file; None takes the trained one.

    Raises:
        NetworkError: it has none of this name.
    """
    known = layers_in(checkpoint or trained_network(), convolutions=True)
    if known:
        _check_layers("the checkpoint", (layer,), known)


def _check_layers(what: str, names: Sequence[str], known: Sequence[str]) -> None:
    problem = unknown_layers(names, known)
    if problem is not None:
        raise NetworkError(f"{what} has {problem}")
