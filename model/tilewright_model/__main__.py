"""`python -m tilewright_model`: train, plot, evaluate, import, capture, export, layers, images, reference, equality."""

from rich.console import Console

from tilewright_model import cli_evaluate, cli_import, cli_layers, cli_network, cli_plot, cli_qonnx, cli_train
from tilewright_model.cli import app
from tilewright_model.errors import ModelError

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
    """Run the command line; a ModelError becomes one line and exit status 1."""
    try:
        app()
    except ModelError as error:
        Console(stderr=True, soft_wrap=True).print(f"[red]{type(error).__name__}:[/red] {error}", highlight=False)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
