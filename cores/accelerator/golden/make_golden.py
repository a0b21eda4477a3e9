"""Writes the golden files that the accelerator's `sim` target replays: a layer and a small network of the checkpoint.

The layer is features.27: four photographs that scikit-image ships run through the network in PyTorch (`tilewright_model
capture`); its integers become one program without and one with ReLU, PyTorch's own accumulators the expected results.
The network is cut out of the first layers, with every layer's map read back, and expected is what the integer reference
gives. Arguments: rows and columns of the array, and the folder; 8 and this one.
"""

import argparse
import dataclasses
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from skimage import data, io

from tilewright.compiler.layer import compile_layer
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.results import encode_results
from tilewright.network.file import load_network
from tilewright.network.layer import ConvLayer
from tilewright.network.network import Network
from tilewright.pytorch.export import export_network
from tilewright.selftest.make_vectors import PIXEL_STEP, cat, first_layers, network_vector

FOLDER = Path(__file__).resolve().parent
IMAGES = ("chelsea", "astronaut", "coffee", "rocket")
# Output channels of the small network's layers: none fills its last tile
CHANNELS = (20, 12, 10)


def capture(folder: Path) -> ConvLayer:
    """The layer's integers for IMAGES."""
    files = []
    for name in IMAGES:
        files.append(folder / f"{name}.png")
        io.imsave(files[-1], getattr(data, name)(), check_contrast=False)
    out = folder / "layer.npz"
    command = [sys.executable, "-m", "tilewright_model", "capture", "--layer", "features.27", "--out", str(out)]
    subprocess.run([*command, *(word for file in files for word in ("--images", str(file)))], check=True)
    return ConvLayer.load(out)


def small_network(trained: Network) -> Network:
    """The trained network's first layers, with their first channels only: thresholds, pooling, sums."""
    network, layers, ic = first_layers(trained), [], trained.image[0]
    for layer, oc in zip(network.layers, CHANNELS, strict=True):
        assert layer.weights is not None
        names = ("bn_scale", "bn_shift", "thresholds", "falling")
        cut = {name: values[:oc] for name in names if (values := getattr(layer, name)) is not None}
        weights = layer.weights[:oc, :ic]
        layers.append(dataclasses.replace(layer, in_channels=ic, out_channels=oc, weights=weights, **cut))
        ic = oc
    return dataclasses.replace(network, layers=tuple(layers))


def write_network(array: ArrayParameters, out: Path) -> tuple[int, int]:
    """Write the small network's files into a folder. Return their lengths in beats."""
    trained = load_network(export_network(None))
    pixels = np.ascontiguousarray(cat(trained)[:, :, ::PIXEL_STEP, ::PIXEL_STEP])
    vector = network_vector(small_network(trained), pixels, array)
    program = vector.program
    results = encode_results(program.outputs, vector.expected, array.n, program.sent)
    write_beats(out / "network_program.hex", program.beats)
    write_beats(out / "network_results.hex", results)
    print(f"network: {sum(values.size for values in vector.expected)} integers of {len(vector.expected)} layers")
    return len(program.beats), len(results)


def write_beats(path: Path, beats: np.ndarray) -> None:
    """A beat a line, 16 hexadecimal digits."""
    path.write_text("".join(f"{int(beat):016x}\n" for beat in beats), encoding="ascii")


def main() -> None:
    """Write the files; both programs of the layer have the same length, and so have their results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("array", type=int, nargs="?", default=8, help="rows and columns")
    parser.add_argument("out", type=Path, nargs="?", default=FOLDER, help="folder to write to")
    options = parser.parse_args()
    array, out = ArrayParameters.of_size(options.array), options.out
    with tempfile.TemporaryDirectory() as folder:
        layer = capture(Path(folder))
    if layer.accumulators is None:
        raise SystemExit("the layer file holds no accumulators")
    for name, relu in (("raw", False), ("relu", True)):
        program = compile_layer(layer, array, relu=relu)
        outputs = np.maximum(layer.accumulators, 0) if relu else layer.accumulators
        results = encode_results(program.outputs, (outputs,), array.n, program.sent)
        write_beats(out / f"{name}_program.hex", program.beats)
        write_beats(out / f"{name}_results.hex", results)
        print(f"{name}: {outputs.size} outputs of {layer.images} images, {np.count_nonzero(outputs)} not zero")
    lengths = {"PROGRAM": len(program.beats), "RESULT": len(results)}
    lengths["NETWORK_PROGRAM"], lengths["NETWORK_RESULT"] = write_network(array, out)
    lengths["MOST"] = max(lengths.values())
    sizes = "".join(f"localparam {f'{name}_BEATS':<21} = {beats};\n" for name, beats in lengths.items())
    (out / "golden_sizes.vh").write_text(
        f"// Written by make_golden.py: beats of each golden file, and of the longest.\n{sizes}", encoding="ascii"
    )


if __name__ == "__main__":
    main()
