"""``python -m tilewright``, and the command ``tilewright``: the command line."""

from tilewright.process import packages_named, program

with packages_named("cli"):
    from tilewright.cli.app import app


def main() -> None:
    """Run the command line; what the file system refuses becomes one line and exit status 2."""
    with program():
        app()


if __name__ == "__main__":
    main()
