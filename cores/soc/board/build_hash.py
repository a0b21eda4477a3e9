"""FuseSoC generator: a core with build_hash.tcl, which sets build_hash to the first 32 bits of the RTL's SHA-256."""

import sys
from pathlib import Path

import yaml

CORES = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CORES / "scripts"), str(CORES.parent / "host")]


def main(configuration: Path) -> None:
    """Write the file and its core into the current folder.

    Args:
        configuration: FuseSoC's, with the core's name in `vlnv`.
    """
    from tilewright.hardware.rtl_hash import build_hash

    Path("build_hash.tcl").write_text(f"set build_hash 0x{build_hash(CORES):08x}\n", encoding="utf-8")
    core = {
        "name": yaml.safe_load(configuration.read_text(encoding="utf-8"))["vlnv"],
        "filesets": {"tcl": {"files": ["build_hash.tcl"], "file_type": "tclSource"}},
        "targets": {"default": {"filesets": ["tcl"]}},
    }
    Path("build_hash.core").write_text("CAPI=2:\n" + yaml.safe_dump(core), encoding="utf-8")


if __name__ == "__main__":
    from edam import enter_environment

    enter_environment("numpy")
    main(Path(sys.argv[1]))
