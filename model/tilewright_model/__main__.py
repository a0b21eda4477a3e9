"""`python -m tilewright_model`: train, plot, evaluate, import, capture, export, layers, images, reference, equality."""

from tilewright.process import packages_named, program

with packages_named("model"):
    from tilewright_model import cli_evaluate, cli_import, cli_layers, cli_network, cli_plot, cli_qonnx, cli_train
    from tilewright_model.cli import app

__all__ = [
    "app",
    "cli_evaluate",
    "cli_import",
    "cli_layers",
    "cli_network",
    "cli_plot",
    "cli_qonnx",
    "cli_train",
    "main",
]


def main() -> None:
    """Run the command line."""
    with program():
        app()


if __name__ == "__main__":
    main()
