"""`python -m tilewright_model`: train, plot, evaluate, import, capture, export, layers, images, reference, equality."""

from tilewright.process import packages_named, program

with packages_named("model"):
    from rich.console import Console
    from rich.markup import escape
    from safetensors import SafetensorError

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
    """Run the command line; a ModelError, or what the file system refuses, becomes one line and exit status 1."""
    try:
        app()
    except (ModelError, OSError, SafetensorError) as error:
        line = f"[red]{type(error).__name__}:[/red] {escape(str(error))}"
        Console(stderr=True, soft_wrap=True).print(line, highlight=False)
        raise SystemExit(1) from error


if __name__ == "__main__":
    with program():
        main()
