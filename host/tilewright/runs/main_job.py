"""The main job: one real image through the whole trained VGG16 on the accelerator, every integer equal to PyTorch's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.driver import Driver
from tilewright.hardware.assumed_clock import DEFAULT_CLOCK_MHZ
from tilewright.network.file import load_network
from tilewright.pytorch.capture import DEMO_LAYER, capture_layer
from tilewright.pytorch.images import Images
from tilewright.runs.layer import Verification
from tilewright.runs.network import NetworkRun
from tilewright.runs.with_progress import run_verification, run_with_progress


@dataclass(frozen=True)
class Demo:
    """What the main job did.

    Attributes:
        run: the whole network, every layer's map read back and compared.
        layer: its squeezed layer alone, raw and with ReLU, against PyTorch's float layer too.
        images: the image.
    """

    run: NetworkRun
    layer: Verification
    images: Images

    @property
    def equal(self) -> bool:
        """Whether nothing that was compared differs."""
        return bool(self.run.equal) and self.layer.equal

    @property
    def class_name(self) -> str:
        """The class that the network sees."""
        return self.run.network.class_name(self.run.predictions[0])

    def as_dict(self) -> dict[str, Any]:
        """The outcome as JSON types: sums of network and layer where both compared, else the network's.

        ``layer_cycles`` and ``layer_utilisation`` are of the layer alone.
        """
        layer, run = self.layer.as_dict(), self.run.as_dict(DEFAULT_CLOCK_MHZ)
        return {
            **layer,
            "equal": self.equal,
            "class": self.class_name,
            "compared": run["compared"] + layer["compared"],
            "nonzero": run["nonzero"] + layer["nonzero"],
            "mismatches": run["mismatches"] + layer["mismatches"],
            "mac_cycles": run["mac_cycles"],
            "program_cycles": run["program_cycles"],
            "seconds": run["device_s"],
            "programs": run["programs"] + layer["programs"],
            "macs": run["macs"],
            "program_utilisation": run["program_utilisation"],
            "network": run,
        }


def run_demo(driver: Driver, network_file: str | Path, images: Images) -> Demo:
    """Runs the network and its squeezed layer on an image, compares all integers.

    Args:
        driver: of the accelerator.
        network_file: the trained network.
        images: one image, the packaged one, which the layer's capture takes too.

    Returns:
        The outcome.

    Raises:
        ModelProcessError: PyTorch's part failed.
        TilewrightError: the run failed.
    """
    network = load_network(network_file)
    read_back = [layer.name for layer in network.layers]
    run = run_with_progress(driver, network, network_file, images, 1, read_back, True, DEFAULT_CLOCK_MHZ)
    layer = capture_layer(DEMO_LAYER)
    return Demo(run, run_verification(driver, layer), images)
