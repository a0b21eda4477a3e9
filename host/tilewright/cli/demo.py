"""The command ``tilewright demo``: a real image through the whole trained VGG16, every integer compared."""

from __future__ import annotations

from tilewright.cli.command_group import failures_named
from tilewright.cli.option_groups import DeviceOptions, OutcomeOptions, grouped
from tilewright.network.file import load_network
from tilewright.pytorch.image_choice import ImageChoice
from tilewright.pytorch.network_choice import resolve_network


@grouped
def demo(*, device: DeviceOptions, outcome: OutcomeOptions) -> None:
    """The main job: a real image, the whole trained VGG16, every integer compared with PyTorch's."""
    with failures_named():
        target = device.target(outcome.trace)
        network_file = resolve_network(None)
        images = ImageChoice().take(load_network(network_file))
        driver = target.open()
        # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
        from tilewright.cli.outcome import tell_demo
        from tilewright.cli.trace import stuck_explained
        from tilewright.runs.main_job import run_demo

        with stuck_explained(driver, outcome.trace, outcome.as_json):
            demonstrated = run_demo(driver, network_file, images)
        tell_demo(demonstrated, driver, outcome.as_json, outcome.trace)
