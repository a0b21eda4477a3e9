"""Exported sets: names, formats, addresses; and reading them back."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_machines import small_disk

from tilewright.errors import StimulusError
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.stimulus.findings import examine
from tilewright.stimulus.geometry import Geometry
from tilewright.stimulus.layers import layer_of_tiles
from tilewright.stimulus.reader import read_set
from tilewright.stimulus.sizes import Overrides
from tilewright.stimulus.textfile import FieldFormat, Table, read_lines, read_table
from tilewright.stimulus.writer import write_notebook_set, write_set

MakeLayer = Callable[..., ConvLayer]
CODES = FieldFormat(4, signed=False)
SUMS = FieldFormat(16, signed=True)


def read(path: Path, form: FieldFormat) -> Table:
    return read_table(read_lines(path), form)


@st.composite
def layers(draw: st.DrawFn) -> ConvLayer:
    kernel, stride, padding = draw(st.sampled_from([1, 2, 3])), draw(st.sampled_from([1, 2])), draw(st.integers(0, 2))
    size = draw(st.integers(max(1, kernel - 2 * padding), 5))
    ic, oc = draw(st.integers(1, 17)), draw(st.integers(1, 17))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return ConvLayer(
        name="drawn",
        weight_codes=rng.integers(-8, 8, (oc, ic, kernel, kernel), dtype=np.int8),
        activation_codes=rng.integers(0, 16, (1, ic, size, size), dtype=np.uint8),
        stride=stride,
        padding=padding,
    )


@settings(max_examples=25, deadline=None)
@given(layers())
def test_what_is_written_is_read_back(layer: ConvLayer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_set(layer, 0, Path(folder))
        padded = (layer.in_size[0] + 2 * layer.padding, layer.in_size[1] + 2 * layer.padding)
        overrides = Overrides(weight_line="oc", rows_reversed=False, padded=padded, stride=layer.stride)
        findings = examine(read_set(Path(folder)), overrides)
    assert findings.fit.mismatches == 0
    assert findings.defects == ()
    assert findings.geometry == Geometry(padded, layer.kernel, layer.stride)
    again = layer_of_tiles("again", findings.geometry, findings.fit.activations, findings.fit.weights)
    outputs = layer_outputs(again)
    np.testing.assert_array_equal(outputs[:, : layer.out_channels], layer_outputs(layer))
    assert not outputs[:, layer.out_channels :].any()
    np.testing.assert_array_equal(again.weight_codes[: layer.out_channels, : layer.in_channels], layer.weight_codes)


@pytest.mark.parametrize(("kernel", "stride", "size"), [(3, 1, 4), (3, 2, 5), (1, 1, 3), (5, 1, 6), (2, 2, 6)])
def test_sizes_and_orientation_follow_from_the_data(
    kernel: int, stride: int, size: int, make_layer: MakeLayer, tmp_path: Path
) -> None:
    layer = make_layer(1, ic=16, oc=16, size=size, kernel=kernel, stride=stride, padding=0)
    write_set(layer, 1, tmp_path)
    findings = examine(read_set(tmp_path), Overrides())
    assert findings.geometry == Geometry((size, size), (kernel, kernel), stride)
    assert findings.details["weight line"] == "output channel (oc)"
    assert findings.fit.mismatches == 0


def test_all_files_of_the_squeezed_layer(make_layer: MakeLayer, tmp_path: Path) -> None:
    layer = make_layer(2, ic=16, oc=16)
    files = write_set(layer, 0, tmp_path)
    weights = {f"weight_itile{ic}_otile{oc}_kij{kij}.txt" for ic in (0, 1) for oc in (0, 1) for kij in range(9)}
    others = {
        "activation_tile0.txt",
        "activation_tile1.txt",
        "psum.txt",
        "psum_otile1.txt",
        "out.txt",
        "out_otile1.txt",
    }
    assert {path.name for path in files} == weights | others | {"acc.txt"}
    assert set(tmp_path.iterdir()) == set(files)
    for tile in (0, 1):
        rows = read(tmp_path / f"activation_tile{tile}.txt", CODES).values
        inner = rows.reshape(6, 6, 8)[1:5, 1:5].transpose(2, 0, 1)
        np.testing.assert_array_equal(inner, layer.activation_codes[0, tile * 8 : tile * 8 + 8])
        out = read(tmp_path / ("out_otile1.txt" if tile else "out.txt"), SUMS).values
        expected = layer_outputs(layer, relu=True)[0, tile * 8 : tile * 8 + 8]
        np.testing.assert_array_equal(out.T.reshape(8, 4, 4), expected)
    line = (tmp_path / "weight_itile1_otile0_kij5.txt").read_text().splitlines()[3 + 6]
    row3 = layer.weight_codes[6, 8 + 3, 1, 2]
    assert line[(7 - 3) * 4 : (7 - 3) * 4 + 4] == f"{int(row3) & 15:04b}"


def test_addresses_name_the_partial_sums_that_each_output_adds(make_layer: MakeLayer, tmp_path: Path) -> None:
    write_set(make_layer(3, ic=16, oc=16, stride=2, size=6), 0, tmp_path)
    addresses = [int(line, 2) for line in (tmp_path / "acc.txt").read_text().split()]
    assert len(addresses) == 9 * 2 * 9
    for tile in ("", "_otile1"):
        psum = read(tmp_path / f"psum{tile}.txt", SUMS).values
        out = read(tmp_path / f"out{tile}.txt", SUMS).values
        added = psum[np.array(addresses).reshape(9, 18)].sum(axis=1)
        np.testing.assert_array_equal(np.maximum(added, 0), out)


def test_addresses_of_large_maps_get_more_bits(make_layer: MakeLayer, tmp_path: Path) -> None:
    write_set(make_layer(4, size=16), 0, tmp_path)
    assert {len(line) for line in (tmp_path / "acc.txt").read_text().split()} == {12}
    assert examine(read_set(tmp_path), Overrides()).fit.mismatches == 0


def test_sums_beyond_16_bits_are_refused(tmp_path: Path) -> None:
    layer = ConvLayer(
        name="wide",
        weight_codes=np.full((8, 64, 3, 3), 7, dtype=np.int8),
        activation_codes=np.full((1, 64, 3, 3), 15, dtype=np.uint8),
    )
    with pytest.raises(StimulusError, match="output 60480 does not fit into a field of 16 bits"):
        write_set(layer, 0, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_sets_is_refused(make_layer: MakeLayer, tmp_path: Path) -> None:
    write_set(make_layer(5, ic=16), 0, tmp_path)
    write_set(make_layer(6, ic=16), 0, tmp_path)
    with pytest.raises(StimulusError, match=r"holds activation_tile1\.txt, which is no file of this set"):
        write_set(make_layer(5), 0, tmp_path)
    with pytest.raises(StimulusError, match="no image 2; it has images 0 to 1"):
        write_set(make_layer(5), 2, tmp_path)


@pytest.mark.parametrize("write", [write_set, write_notebook_set])
def test_a_full_disk_leaves_no_part_of_a_set(
    make_layer: MakeLayer, tmp_path: Path, write: Callable[..., object]
) -> None:
    layer = make_layer(1)
    with small_disk(1_000), pytest.raises(StimulusError, match=f"{tmp_path}/set: cannot be written"):
        write(layer, 0, tmp_path / "set")
    assert not list((tmp_path / "set").iterdir())
