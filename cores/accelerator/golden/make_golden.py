"""Writes the golden files that the accelerator's `sim` target replays: features.27 of the trained checkpoint.

Four photographs that scikit-image ships run through the network in PyTorch (`tilewright_model capture`); the integers
of the layer become one program without and one with ReLU, and PyTorch's own accumulators become the expected results.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from skimage import data, io

from tilewright.compiler.layer import compile_layer
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.results import encode_results
from tilewright.network.layer import ConvLayer

FOLDER = Path(__file__).resolve().parent
IMAGES = ("chelsea", "astronaut", "coffee", "rocket")


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


def write_beats(path: Path, beats: np.ndarray) -> None:
    """A beat a line, 16 hexadecimal digits."""
    path.write_text("".join(f"{int(beat):016x}\n" for beat in beats), encoding="ascii")


def main() -> None:
    """Write the files; both programs have the same length, and so have their results."""
    with tempfile.TemporaryDirectory() as folder:
        layer = capture(Path(folder))
    if layer.accumulators is None:
        raise SystemExit("the layer file holds no accumulators")
    for name, relu in (("raw", False), ("relu", True)):
        program = compile_layer(layer, ArrayParameters(n=8), relu=relu)
        outputs = np.maximum(layer.accumulators, 0) if relu else layer.accumulators
        results = encode_results(program.outputs, (outputs,), 8, program.program_id)
        write_beats(FOLDER / f"{name}_program.hex", program.beats)
        write_beats(FOLDER / f"{name}_results.hex", results)
        print(f"{name}: {outputs.size} outputs of {layer.images} images, {np.count_nonzero(outputs)} not zero")
    sizes = f"localparam PROGRAM_BEATS = {len(program.beats)};\nlocalparam RESULT_BEATS  = {len(results)};\n"
    (FOLDER / "golden_sizes.vh").write_text(
        f"// Written by make_golden.py: beats of each golden file.\n{sizes}", encoding="ascii"
    )


if __name__ == "__main__":
    main()
