"""What PYNQ's own base designs say of boards, from pynq's source distribution: IPs, processing systems, their clocks.

    python cores/scripts/pynq_designs.py pynq-3.1.2.tar.gz      # writes board_checks/pynq_designs.json

Of each setting of a processing system only a digest is kept: nothing is copied, and tests compare ours with theirs.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tarfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

FILE = Path(__file__).with_name("board_checks") / "pynq_designs.json"
BOARDS = {"pynq_z1": "Pynq-Z1", "pynq_z2": "Pynq-Z2", "zcu104": "ZCU104"}
CLOCK = re.compile(
    r"PCW_(IOPLL_CTRL_FBDIV|FCLK0_PERIPHERAL_DIVISOR[01]|ACT_FPGA0_PERIPHERAL_FREQMHZ)"
    r"|PSU__CRL_APB__((IO|R)PLL_CTRL__(FBDIV|DIV2)|PL0_REF_CTRL__(DIVISOR[01]|ACT_FREQMHZ|SRCSEL))"
)


def digest(name: str, value: str) -> str:
    """Eight hexadecimal digits of a setting."""
    return hashlib.sha256(f"{name} {value}".encode()).hexdigest()[:8]


def settings_of(tcl: str) -> dict[str, str]:
    """The settings of the processing system in a Tcl that Vivado wrote: ``CONFIG.NAME {value}``."""
    return dict(re.findall(r"CONFIG\.((?:PCW|PSU)_\w+) \{([^{}]*)\}", tcl))


def facts_of(tcl: str, hwh: str) -> dict[str, Any]:
    """What is kept of a base design.

    Args:
        tcl: base.tcl.
        hwh: base.hwh.
    """
    settings = settings_of(tcl)
    root = ElementTree.fromstring(hwh)
    computed = {each.get("NAME", ""): each.get("VALUE", "") for each in root.iter("PARAMETER")}
    return {
        "vivado": root.get("VIVADOVERSION"),
        "tcl_sha256": hashlib.sha256(tcl.encode()).hexdigest(),
        "part": re.findall(r"create_project .* -part ([\w-]+)", tcl)[0],
        "system_info": dict(root.find("SYSTEMINFO").attrib),  # type: ignore[union-attr]
        "ips": sorted(set(re.findall(r"-vlnv (xilinx\.com:ip:[\w:.]+)", tcl))),
        "clock": {name: value for name, value in sorted(computed.items()) if CLOCK.fullmatch(name)},
        "names": len(settings),
        "settings": " ".join(sorted(digest(name, value) for name, value in settings.items())),
    }


def main(sdist: Path) -> None:
    """Write the file anew from a source distribution of pynq."""
    with tarfile.open(sdist) as archive:
        found = {}
        for board, folder in BOARDS.items():
            texts = []
            for suffix in ("tcl", "hwh"):
                member = archive.extractfile(f"{sdist.name.removesuffix('.tar.gz')}/boards/{folder}/base/base.{suffix}")
                assert member is not None
                texts.append(member.read().decode())
            found[board] = {"file": f"boards/{folder}/base/base.tcl", **facts_of(*texts)}
    source = f"{sdist.name} on PyPI, SHA-256 {hashlib.sha256(sdist.read_bytes()).hexdigest()}"
    FILE.write_text(json.dumps({"source": source, "boards": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
