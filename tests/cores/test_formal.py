"""Bounded proofs of small modules: Yosys and z3 search every behaviour up to a number of cycles after reset."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CORES = Path(__file__).resolve().parents[2] / "cores"
INCLUDES = " ".join(f"-I{folder}" for folder in sorted({header.parent for header in CORES.glob("*/rtl/*.vh")}))


@dataclass(frozen=True)
class Proof:
    """A module, its properties, and how many cycles are searched.

    Attributes:
        module: what is proved, the one that the parameters belong to.
        properties: module with the properties, in the file of its name.
        sources: Verilog files.
        cycles: after reset.
        mistakes: texts of the sources and what each becomes, which must be found.
        parameters: of the module.
        defines: macros of the property file.
    """

    module: str
    properties: str
    sources: tuple[str, ...]
    cycles: int
    mistakes: dict[str, tuple[str, str]]
    parameters: dict[str, int] = field(default_factory=dict)
    defines: dict[str, str | int] = field(default_factory=dict)


STREAM = ("stream/rtl/stream_register.v",)
MEMORIES = ("tech/rtl/tech_block_ram.v", "tech/rtl/tech_lut_ram.v", "sram/rtl/sram.v", "sram/rtl/lutram.v")
FIFO = ("stream/rtl/stream_fifo.v", "stream/rtl/stream_queue.v", "stream/rtl/stream_reader.v", *MEMORIES)
ORDER = "stream/formal/stream_order.sv"
BYTES = "stream/formal/stream_bytes.sv"
AXIL_RULES = "scripts/formal/axil_rules.sv"
AXIL_SLAVE = "axil/rtl/axil_slave.v"


def fifo(latency: int) -> Proof:
    parameters = {"WIDTH": 2, "DEPTH": 2, "LATENCY": latency}
    defines: dict[str, str | int] = {"DUT": "stream_fifo", "CAPACITY": latency + 5}
    return Proof("stream_fifo", ORDER, FIFO, 15 + latency, {
        "a queue that runs over": ("claimed_next != QUEUE[QUEUE_W-1:0]", "1'b1"),
        "full a word late": ("held < NEARLY_FULL[PTR_W:0]", "held <= NEARLY_FULL[PTR_W:0]"),
        "a word read twice": ("(held_reg[0] && !taken)", "held_reg[0]"),
        "a word that overtakes": ("waiting_reg ? first : s_data", "s_data"),
        "a word that comes when the queue runs empty": ("enter && (waiting_reg || !free)", "enter && !free"),
        "the last word that waits": ("waiting_reg && !(load && last)", "waiting_reg && !load"),
    }, parameters, defines)  # fmt: skip


def converter(module: str, width: int, mistakes: dict[str, tuple[str, str]]) -> Proof:
    into, out = (64, width) if module == "stream_narrow" else (width, 64)
    defines = {"DUT": module, "IN_W": into, "OUT_W": out}
    return Proof(module, BYTES, (f"stream/rtl/{module}.v",), 7 + 64 // width, mistakes, {"WIDTH": width}, defines)


NARROW_MISTAKES = {
    "the end with every piece": ("last_reg && last_piece", "last_reg"),
    "a beat over the last piece": ("last_piece && m_tready", "last_piece"),
    "the first piece again": ("data_reg  <= data_reg >> WIDTH", "data_reg  <= data_reg"),
}
WIDEN_MISTAKES = {
    "tlast that ends nothing": ("place_reg[PIECES-1] || s_tlast", "place_reg[PIECES-1]"),
    "tkeep of the beat before": ("keep_reg[piece*BYTES +: BYTES] <= {BYTES{1'b0}}", ""),
    "a beat over the last one": ("!rst && (!valid_reg || m_tready)", "!rst"),
    "a place that goes on": ("whole ? {{PIECES-1{1'b0}}, 1'b1} : place_reg << 1", "place_reg << 1"),
}

AXIL_SLAVE_MISTAKES = {
    "a second write before the answer": ("!wready_reg && !b_waits", "!wready_reg"),
    "a write without data": ("s_axil_awvalid && s_axil_wvalid", "s_axil_awvalid"),
    "data without an address": ("s_axil_awvalid && s_axil_wvalid", "s_axil_wvalid"),
    "a write twice": ("&& !wready_reg && !b_waits", "&& !b_waits"),
    "an answer that does not wait": ("wready_reg || b_waits", "wready_reg"),
    "a write that stays": ("wr_en_reg  <= wready_reg", "wr_en_reg  <= wready_reg || b_waits"),
    "data of a write before": ("if (wready_reg) begin", "if (wready_reg && !wr_strb_reg[0]) begin"),
    "strobes that are left out": ("wr_strb_reg <= s_axil_wstrb", "wr_strb_reg <= 4'hF"),
    "a second read before the answer": ("{1'b0}} && !r_waits", "{1'b0}}"),
    "a read over one under way": ("reading == {RD_CYCLES+1{1'b0}}", "!reading[0]"),
    "read data that do not wait": ("data || r_waits", "data"),
    "read data a cycle early": ("if (data) rdata_reg", "if (reading[RD_CYCLES-1]) rdata_reg"),
    "read data that change": ("if (data) rdata_reg", "rdata_reg"),
    "a word that goes": ("if (arready_reg) rd_word_reg", "rd_word_reg"),
}


def axil_slave(rd_cycles: int) -> Proof:
    parameters, defines = {"ADDR_W": 5, "RD_CYCLES": rd_cycles}, {"RD_CYCLES": rd_cycles}
    files = (AXIL_SLAVE, AXIL_RULES)
    return Proof("axil_slave", "axil/formal/axil_access.sv", files, 12, AXIL_SLAVE_MISTAKES, parameters, defines)


PROOFS = {
    "stream_register": Proof(
        "stream_register", ORDER, STREAM, 12, {
            "ready over a full skid": ("ready_reg      <= !skid_valid_reg", "ready_reg      <= 1'b1"),
            "the newer word first": ("skid_valid_reg ? skid_data_reg : s_data", "s_data"),
            "the skid twice": ("valid_reg      <= skid_valid_reg || take;\n        skid_valid_reg <= 1'b0;",
                               "valid_reg      <= skid_valid_reg || take;"),
        },
        {"WIDTH": 2}, {"DUT": "stream_register", "CAPACITY": 2},
    ),
    "stream_fifo, latency 1": fifo(1),
    "stream_fifo, latency 2": fifo(2),
    "stream_credits": Proof(
        "stream_credits",
        "stream/formal/credits_exact.sv",
        ("stream/rtl/stream_credits.v",),
        24,
        {
            "a place too many": ("take ? two_left : one_left", "one_left"),
            "a place that is left out": ("take ? two_left : one_left", "two_left"),
            "places that do not come back": ("give || (take", "(take"),
            "two takes that count as one": ("take_reg ? above_2 : above_1", "above_1"),
        },
        {"COUNT": 6, "STEP": 2},
        {"COUNT": 6, "STEP": 2},
    ),
    "stream_narrow": converter("stream_narrow", 32, NARROW_MISTAKES),
    "stream_widen": converter("stream_widen", 32, WIDEN_MISTAKES),
    "threshold_loader": Proof(
        "threshold_loader", "postproc/formal/threshold_sets.sv", ("postproc/rtl/threshold_loader.v",), 44,
        {
            "a set over one in use": ("!(held_reg[SET_W] || (complete && ", "!(held_reg[SET_W] && (complete || "),
            "a set ready a beat early": ("take && last && column", "take && second_reg && step_reg == 2'd2 && column"),
            "a set ready a cycle early": ("set_ready <= some_ready", "set_ready <= some_ready || complete"),
            "pending a cycle late": ("take || some_ready || !column", "some_ready || !column"),
            "fours of the next column": ("<= {column_reg[0], column_reg[N-1:1]}", "<= column_reg"),
            "two fours": ("!four_wr_index[1]", "four_wr_index == 2'd0"),
            "fours of their own set": ("wr_set - 1'b1", "wr_set"),
        },
    ),
    "writeback": Proof(
        "writeback", "postproc/formal/writeback_order.sv", ("postproc/rtl/writeback.v",), 12,
        {
            "the next command too early": ("if (idle_reg) begin", "if (idle_reg || !cfg_ready) begin"),
            "a tile more": ("next_oc_tiles} - 17'd1", "next_oc_tiles}"),
            "a tile's images behind those of the tile before": ("<= next_place + image", "<= next_image_reg + image"),
            "busy a cycle late": ("cfg_valid || !cfg_ready ||", "!cfg_ready ||"),
            "busy a cycle short": ("!idle_reg || word_valid_reg", "!idle_reg"),
            "a step written that is no word": ("word_valid_reg <= in_valid", "word_valid_reg <= step"),
        },
    ),
    "axi_intc_core": Proof(
        "axi_intc_core", "axi_intc/formal/intc_pending.sv", ("axi_intc/rtl/axi_intc_core.v",), 10,
        {"inputs before they are enabled": ("intr_reg & {INPUTS{hardware_reg}}", "intr_reg")}, {"INPUTS": 2},
    ),
    "axi_intc": Proof(
        "axi_intc", "axi_intc/formal/intc_access.sv",
        ("axi_intc/rtl/axi_intc_core.v", "axi_intc/rtl/axi_intc.v", AXIL_SLAVE, AXIL_RULES), 12, {
            "a write beyond the registers": ("wr_en && wr_word[6:3] == 4'd0", "wr_en"),
            "a read beyond the registers": ("rd_word[6:3] == 4'd0 ? rd_data : 32'd0", "rd_data"),
        }, {"INPUTS": 2},
    ),
    "axil_slave, data after 1": axil_slave(1),
    "axil_slave, data after 2": axil_slave(2),
    "axil_registers": Proof(
        "axil_registers", "accelerator/formal/axil_access.sv",
        ("accelerator/rtl/axil_registers.v", AXIL_SLAVE, AXIL_RULES), 17, {
            "an event lost in the cycle of its clear": (
                "(irq_status_reg & ~(wr_byte && wr_addr == REG_IRQ_STATUS ? wr_data[1:0] : 2'b00))"
                " | {event_error, event_done}",
                "(irq_status_reg | {event_error, event_done})"
                " & ~(wr_byte && wr_addr == REG_IRQ_STATUS ? wr_data[1:0] : 2'b00)"),
            "a strobe that writes all": ("wr_en && wr_strb[0]", "wr_en && wr_strb != 4'd0"),
            "half of LOG_INDEX": ("wr_byte && wr_strb[1] && wr_addr", "wr_byte && wr_addr"),
            "the high word at every read": ("rd_en && is_low", "rd_en"),
            "the high word at every counter's read": ("rd_en && is_low", "rd_en && is_counter"),
            "the high word while the low one waits": ("rd_en && is_low", "is_low"),
            "the high word of the cycle before": ("if (low_read_reg[1]) high_reg", "if (low_read_reg[0]) high_reg"),
            "irq without its enable": ("irq_enable_reg && irq_status_reg != 2'b00", "irq_status_reg != 2'b00"),
            "a soft reset by another register": ("wr_byte && wr_addr == REG_CONTROL && wr_data[0]",
                                                 "wr_byte && wr_data[0]"),
            "words beyond the counters": ("counter_offset < COUNTERS * 8", "counter_offset < COUNTERS * 16"),
        }, {"COUNTERS": 2, "LOG_WORDS": 2},
    ),
    "axi_dma_sg_port": Proof(
        "axi_dma_sg_port", "axi_dma/formal/sg_port_writes.sv", ("axi_dma/rtl/axi_dma_sg_port.v",), 18, {
            "data that wait for the address": ("w_valid_reg  <= wr_begin ||",
                                               "w_valid_reg  <= (aw_valid_reg && m_axi_awready) ||"),
            "data that do not wait": ("wr_begin || (w_valid_reg && !m_axi_wready)", "wr_begin"),
            "an answer that is not waited for": ("wr_begin || (wr_busy_reg && !m_axi_bvalid)",
                                                 "wr_begin || (wr_busy_reg && !m_axi_wready)"),
        }, {"ADDR_W": 32, "LENGTH_W": 8},
    ),
}  # fmt: skip


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def model(folder: Path, proof: Proof, sources: list[Path]) -> None:
    """Write model.smt2: the property module around the module."""
    chparam = " ".join(f"-set {name} {value}" for name, value in proof.parameters.items())
    defines = " ".join(f"-D{name}={value}" for name, value in proof.defines.items())
    properties = [*(source for source in sources if source.suffix == ".sv"), CORES / proof.properties]
    script = f"""
        read_verilog {INCLUDES} {" ".join(str(source) for source in sources if source.suffix == ".v")}
        {f"chparam {chparam} {proof.module}" if chparam else ""}
        read_verilog -formal -sv {INCLUDES} {defines} {" ".join(map(str, properties))}
        prep -flatten -top {Path(proof.properties).stem}
        memory_map
        write_smt2 -wires -stbv model.smt2
    """
    (folder / "model.ys").write_text(script, encoding="utf-8")
    done = run(folder, "yosys", "-q", "model.ys")
    assert done.returncode == 0, done.stdout + done.stderr


def search(folder: Path, cycles: int, *mode: str) -> subprocess.CompletedProcess[str]:
    return run(folder, "yosys-smtbmc", "-s", "z3", "--noincr", "-t", str(cycles), *mode, "model.smt2")


@pytest.mark.parametrize("name", PROOFS)
def test_properties(tmp_path: Path, name: str) -> None:
    proof = PROOFS[name]
    model(tmp_path, proof, [CORES / source for source in proof.sources])
    for mode in ((), ("-c",)):
        done = search(tmp_path, proof.cycles, *mode)
        assert done.returncode == 0, f"{mode}: {done.stdout[-3000:]}"


@pytest.mark.parametrize(
    ("name", "mistake"), [(name, mistake) for name, proof in PROOFS.items() for mistake in proof.mistakes]
)
def test_a_planted_mistake_is_found(tmp_path: Path, name: str, mistake: str) -> None:
    proof = PROOFS[name]
    sources = [Path(shutil.copy2(CORES / source, tmp_path)) for source in proof.sources]
    old, new = proof.mistakes[mistake]
    (planted,) = (source for source in sources if old in source.read_text(encoding="utf-8"))
    text = planted.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} is in {planted.name} {text.count(old)} times"
    planted.write_text(text.replace(old, new), encoding="utf-8")
    model(tmp_path, proof, sources)
    done = search(tmp_path, proof.cycles)
    assert done.returncode != 0 and "FAILED" in done.stdout
