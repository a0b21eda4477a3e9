"""What a .hwh says of a bitstream: its block design, its device, the parameters of its IPs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tilewright.errors import BitstreamError

# Those of large designs have some MB
_MOST_BYTES = 16 << 20


@dataclass(frozen=True)
class HwhIp:
    """An IP: instance, vendor:library:name:version, parameters by name as texts."""

    instance: str
    vlnv: str
    parameters: dict[str, str]

    @property
    def kind(self) -> str:
        """The IP without its version."""
        return self.vlnv.rpartition(":")[0]

    def number(self, name: str) -> int | None:
        """A parameter that is a whole number: decimal, 0x..., or a string of bits; None without one."""
        text = self.parameters.get(name, "").strip('"')
        if re.fullmatch("[01]{8,}", text):
            return int(text, 2)
        return int(text, 0) if re.fullmatch(r"\d+|0[xX][0-9a-fA-F]+", text) else None


@dataclass(frozen=True)
class HwhFile:
    """What a .hwh says.

    Attributes:
        design: name of the block design.
        device, package, speedgrade: of SYSTEMINFO.
        ips: of the block design.
    """

    design: str
    device: str
    package: str
    speedgrade: str
    ips: tuple[HwhIp, ...]

    def of_kind(self, kind: str) -> list[HwhIp]:
        """Its IPs of a kind, vendor:library:name."""
        return [ip for ip in self.ips if ip.kind == kind]


def read_hwh_file(hwh: str | Path) -> HwhFile:
    """What a .hwh says.

    Raises:
        BitstreamError: it is none.
        OSError: it cannot be read.
    """
    hwh = Path(hwh)
    content = hwh.read_bytes()
    if len(content) > _MOST_BYTES or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise BitstreamError(f"{hwh} is no .hwh of Vivado's: it is larger than any, or defines a document type")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise BitstreamError(f"{hwh} is no .hwh: {error}") from error
    info = root.find("SYSTEMINFO")
    if root.tag != "EDKSYSTEM" or info is None:
        raise BitstreamError(f"{hwh} is no .hwh: it has no EDKSYSTEM with SYSTEMINFO")
    ips = tuple(
        HwhIp(
            module.get("INSTANCE", ""),
            module.get("VLNV", ""),
            {each.get("NAME", ""): each.get("VALUE", "") for each in module.findall("./PARAMETERS/PARAMETER")},
        )
        for module in root.iter("MODULE")
    )
    design, device, package, speedgrade = (info.get(name, "") for name in ("NAME", "DEVICE", "PACKAGE", "SPEEDGRADE"))
    return HwhFile(design, device, package, speedgrade, ips)
