"""SCALE-Sim's topology files: what is read, what is taken between the layers, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import networks
import pytest

from tilewright.errors import NetworkError
from tilewright.estimate.estimate import estimate_network
from tilewright.explore.chain import load_topology
from tilewright.explore.topology import Row, read_topology
from tilewright.hardware.parameters import HardwareParameters
from tilewright.network.network import Network

Write = Callable[..., Path]


def line_of(network: Network, index: int) -> str:
    """A convolution as SCALE-Sim's files have it, IFMAP without padding."""
    layer, (h, w) = network.layers[index], network.in_sizes[index]
    numbers = (h, w, *layer.kernel, layer.in_channels, layer.out_channels, layer.stride)
    return ", ".join(map(str, (layer.name, *numbers))) + ","


def test_lines_as_the_files_have_them(topology: Write) -> None:
    path = topology(
        "",
        "\tConv1  ,224 , 224,7,7,3,64,2,",
        "Conv2,56,56,1,3,64,128,1,#a comment",
        "Conv3,56,56,3,3,128,64,2,2,",
        "Conv4,28,28,3,3,64,64,1, 1:1,",
    )
    assert read_topology(path) == [
        Row(f"{path}, line 3", "Conv1", (224, 224), (7, 7), 3, 64, 2),
        Row(f"{path}, line 4", "Conv2", (56, 56), (1, 3), 64, 128, 1),
        Row(f"{path}, line 5", "Conv3", (56, 56), (3, 3), 128, 64, 2),
        Row(f"{path}, line 6", "Conv4", (28, 28), (3, 3), 64, 64, 1),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a,8,8,3,3,3,8,1,2:4,", "line 2: sparsity 2:4"),
        ("a,8,8,3,3,3,8,", "line 2: 6 numbers behind the name"),
        ("a,8,8,3,3,3,8,1,2,", "line 2: strides 1 and 2"),
        ("a,8,8,3,x,3,8,1,", "line 2: 'x' is no count"),
        ("a,8,8,3,-3,3,8,1,", "line 2: '-3' is no count"),
        ("a,8,8,3,0,3,8,1,", "line 2: '0' is no count"),
        ("a,8,8,3,²,3,8,1,", "line 2: '²' is no count"),
        ("DP1,8,8,3,3,3,8,1,", "line 2: DP1 is depthwise"),
        ("a,8,8,3,3,3,8,1,\nb,8,8,3,3,7,8,1,", "line 3: b has 7 channels, a before it makes 8"),
        ("a,8,8,3,3,3,8,1,\nb,7,7,3,3,8,8,1,", "line 3: b reads 7x7, which a does not make of 8x8"),
        ("a,32,32,11,11,3,8,1,", "layer a: kernel"),
        ("a,32,32,3,3,3,8,4,", "layer a: stride 4"),
    ],
)
def test_refusals_name_the_line(topology: Write, line: str, said: str) -> None:
    with pytest.raises(NetworkError, match=said):
        load_topology(topology(line))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Layer, M, N, K,", "line 1: a topology of matrix products"),
        ("a,8,8,3,3,3,8,1,", "line 1: SCALE-Sim takes the first line for a header"),
        ("Layer name,", "no layer below the header"),
    ],
)
def test_other_files_are_refused(topology: Write, header: str, said: str) -> None:
    with pytest.raises(NetworkError, match=said):
        load_topology(topology(header=header))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NetworkError, match=r"x\.csv: no text"):
        load_topology(tmp_path / "x.csv")


def test_a_network_and_its_topology_take_the_same_cycles(topology: Write) -> None:
    """Cycles depend on shapes alone; the file does not say how the last layer is padded and pooled."""
    network = networks.vgg_network(0)
    written, taken = load_topology(topology(*(line_of(network, index) for index in range(len(network.layers)))))
    assert [(layer.padding, layer.kernel) for layer in written.layers] == [(1, (3, 3))] * len(network.layers)
    assert [layer.pool for layer in written.layers[:-1]] == [layer.pool for layer in network.layers[:-1]]
    assert written.image == network.image and written.macs == network.macs
    assert len(taken) == len(network.layers) and "conv1: padding 1, 2x2 max-pool" in taken
    hardware = HardwareParameters(n=32)
    assert (
        estimate_network(written, hardware, 2).program_cycles == estimate_network(network, hardware, 2).program_cycles
    )


def test_padding_that_is_counted_in_the_map(topology: Write) -> None:
    """Of the same layers with and without it; the first layer reads the image as it stands there."""
    apart = topology("a,34,34,3,3,3,8,1,", "b,32,32,3,3,8,8,1,", "c,16,16,3,3,8,8,1,")
    plain, taken = load_topology(apart)
    assert [(layer.padding, layer.pool) for layer in plain.layers] == [(0, 1), (1, 2), (1, 1)]
    assert taken == ["b: padding 1, 2x2 max-pool", "c: padding 1"]
    counted, _ = load_topology(topology("a,34,34,3,3,3,8,1,", "b,34,34,3,3,8,8,1,", "c,18,18,3,3,8,8,1,"))
    assert [(layer.padding, layer.pool) for layer in counted.layers] == [(0, 1), (1, 2), (1, 1)]
    assert counted.in_sizes == plain.in_sizes


def test_fully_connected_lines(topology: Write) -> None:
    """Behind a map with as many channels an average comes, behind one that is flattened its positions are taps."""
    averaged, taken = load_topology(topology("a,8,8,3,3,3,16,1,", "fc,1,1,1,1,16,10,1,"))
    assert [(layer.kind, layer.kernel) for layer in averaged.layers] == [
        ("conv", (3, 3)),
        ("average", (6, 6)),
        ("conv", (1, 1)),
    ]
    assert taken == ["a: average"]
    flat, _ = load_topology(topology("a,8,8,3,3,3,16,1,", f"fc,1,1,1,1,{16 * 4 * 4},10,1,", "fc2,1,1,1,1,10,5,1,"))
    assert [(layer.kernel, layer.in_channels, layer.pool) for layer in flat.layers] == [
        ((3, 3), 3, 2),
        ((4, 4), 16, 1),
        ((1, 1), 10, 1),
    ]
    for network in (averaged, flat):
        assert estimate_network(network, HardwareParameters(n=16)).program_cycles > 0
