"""``python -m tilewright_model``: the command line."""

from tilewright.process import packages_named, program

with packages_named("model"):
    from tilewright_model.cli import evaluate, import_pth, import_qonnx, layers, network, plot, train
    from tilewright_model.cli.app import app

__all__ = [
    "app",
    "evaluate",
    "import_pth",
    "import_qonnx",
    "layers",
    "main",
    "network",
    "plot",
    "train",
]


def main() -> None:
    """Run the command line."""
    with program():
        app()


if __name__ == "__main__":
    main()
