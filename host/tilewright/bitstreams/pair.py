"""Whether a .bit, a .hwh and a manifest belong together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tilewright.bitstreams.bit_file import BitHeader, is_part, read_header
from tilewright.bitstreams.hwh_file import HwhFile, HwhIp, read_hwh_file
from tilewright.bitstreams.manifest import Manifest, changed_files
from tilewright.boards.board import Board, board_of
from tilewright.boards.design import ACCELERATOR_IP, LENGTH_WIDTH
from tilewright.errors import BitstreamError, ParameterError

_DMA = "xilinx.com:ip:axi_dma"
_DMA_WIDTHS = (
    "c_m_axi_mm2s_data_width",
    "c_m_axis_mm2s_tdata_width",
    "c_m_axi_s2mm_data_width",
    "c_s_axis_s2mm_tdata_width",
)


def accelerator_of(hwh: HwhFile) -> HwhIp:
    """The accelerator of a design. Raises BitstreamError where there is not just one."""
    found = hwh.of_kind(ACCELERATOR_IP)
    if len(found) != 1:
        raise BitstreamError(f"the .hwh has {len(found)} IPs {ACCELERATOR_IP}, one is wanted")
    return found[0]


def clock_of(hwh: HwhFile, board: Board) -> float | None:
    """MHz of PL clock 0 that the .hwh says; None where it does not."""
    setting = board.kind.clock_readings(0, board.clock.pll)["mhz"]
    texts = [ip.parameters.get(setting, "") for ip in hwh.of_kind(board.kind.ip)]
    try:
        return float(texts[0]) if texts else None
    except ValueError:
        return None


def faults(bitstream: str | Path, manifest: Manifest) -> list[str]:
    """What of a .bit, the .hwh beside it and their manifest does not fit each other, a line each.

    Args:
        bitstream: the .bit.
        manifest: by the schema.
    """
    bitstream = Path(bitstream)
    found = changed_files(bitstream, manifest)
    hwh = bitstream.with_suffix(".hwh")
    if bitstream.is_file() and hwh.is_file():
        try:
            board = board_of(manifest["board"])
            found += _of_manifest(manifest, board)
            found += _of_hwh(read_hwh_file(hwh), manifest, board)
            found += _of_bit(read_header(bitstream), manifest)
        except (BitstreamError, ParameterError) as error:
            found.append(str(error))
    return found


def _of_manifest(manifest: Manifest, board: Board) -> Iterator[str]:
    if manifest["part"] != board.part:
        yield f"the manifest says part {manifest['part']}, {board.title} has {board.part}"
    rtl = manifest["rtl_sha256"]
    if rtl is not None and int(rtl[:8], 16) != int(manifest["build_hash"], 16):
        yield f"the manifest's build_hash {manifest['build_hash']} is not the beginning of its rtl_sha256 {rtl[:8]}..."


def _of_hwh(hwh: HwhFile, manifest: Manifest, board: Board) -> Iterator[str]:
    info = board.system_info
    device = (hwh.device, hwh.package, hwh.speedgrade)
    if device != (info.device, info.package, info.speedgrade):
        yield f"the .hwh is for {' '.join(device)}, {board.title} has {info.device} {info.package} {info.speedgrade}"
    if hwh.design != manifest["design"]:
        yield f"the .hwh is of design {hwh.design!r}, the manifest's is {manifest['design']!r}"
    accelerator = accelerator_of(hwh)
    wanted = {**manifest["parameters"], "BUILD_HASH": int(manifest["build_hash"], 16)}
    for name, value in wanted.items():
        if accelerator.number(name) != value:
            shown = accelerator.parameters.get(name, "not there")
            yield f"{accelerator.instance}: {name} is {shown} in the .hwh, {value} in the manifest"
    yield from _of_dma(hwh, manifest["parameters"]["STREAM_W"])
    clock, says = clock_of(hwh, board), manifest["clock_mhz"]
    if clock is None or abs(clock - says) > 1e-5 * says:
        shown = "not there" if clock is None else f"{clock} MHz"
        yield f"PL clock 0 is {shown} in the .hwh, {says} MHz in the manifest"


def _of_dma(hwh: HwhFile, width: int) -> Iterator[str]:
    found = hwh.of_kind(_DMA)
    if len(found) != 1:
        yield f"the .hwh has {len(found)} DMAs ({_DMA}), one is wanted"
        return
    for name in _DMA_WIDTHS:
        if (number := found[0].number(name)) != width:
            yield f"{found[0].instance}: {name} is {number}, the accelerator's streams have {width} bits"
    if (number := found[0].number("c_sg_length_width")) != LENGTH_WIDTH:
        yield f"{found[0].instance}: c_sg_length_width is {number}, the driver's programs want {LENGTH_WIDTH}"


def _of_bit(header: BitHeader, manifest: Manifest) -> Iterator[str]:
    if not is_part(header.part, manifest["part"]):
        yield f"the .bit is for {header.part}, the manifest says {manifest['part']}"
    if header.top not in (manifest["design"], f"{manifest['design']}_wrapper"):
        yield f"the .bit is of {header.top!r}, the manifest's design is {manifest['design']!r}"
    if header.tool_version and header.tool_version not in manifest["tool"]:
        yield f"the .bit was written by version {header.tool_version}, the manifest says {manifest['tool']}"
