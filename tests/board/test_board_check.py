"""`tilewright board check`, `report` and networks of one's own: over a local sshd and on the simulated device here."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fake_bitstreams
import jsonschema
import networks
import numpy as np
import pytest
from hostile_names import HOSTILE
from typer.testing import CliRunner, Result

from tilewright.board.deploy import Deployment, Installed
from tilewright.board.junit import Failure, Report
from tilewright.board.report import hardware_report
from tilewright.check import soak as soaking
from tilewright.check.__main__ import _parser
from tilewright.check.first_hour import Plan, passed, run_plan
from tilewright.cli import board_check
from tilewright.cli.app import app
from tilewright.driver import Driver
from tilewright.driver.channels import Channels
from tilewright.errors import DmaError, NetworkError
from tilewright.network.file_writer import save_network
from tilewright.network.golden_file import load_golden
from tilewright.pytorch import golden_integers as making
from tilewright.pytorch.images import Images, load_images
from tilewright.selftest.vectors import load_vectors

ROOT = Path(__file__).resolve().parents[2]
HARDWARE = ROOT / "docs" / "results" / "hardware"
SCHEMA = json.loads((HARDWARE / "report.schema.json").read_text(encoding="utf-8"))
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network, images and the golden file of both."""
    folder = tmp_path_factory.mktemp("own network")
    network = networks.named_network()
    save_network(network, folder / "net work.safetensors")
    pixels = np.random.default_rng(0).integers(0, 256, (3, *network.image), dtype=np.uint8)
    np.savez(folder / "images.npz", pixels=pixels)
    words = ["golden", folder / "net work.safetensors", "--images", folder / "images.npz", "--count", 2]
    words += ["--reference", "numpy", "-o", folder / "golden.npz", "--json"]
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert (facts["images"], facts["reference"], facts["network"]) == (2, "numpy", network.name)
    assert facts["integers"] == load_golden(folder / "golden.npz").integers > 1000
    return folder


@pytest.fixture
def command(ssh_server: Any, board: Path, bitstream: Path, wheel: Path) -> Run:
    """`command(name, *more)` runs `tilewright board NAME` on the board."""

    def run(name: str, *more: str | Path) -> Result:
        options = ["--user", getpass.getuser(), "--port", ssh_server.port, "--key", ssh_server.key, "--no-sudo"]
        options += ["--ssh-config", ssh_server.config, "--bitstream", bitstream, "--wheel", wheel]
        options += ["--python", board / "python", "--workdir", board / HOSTILE]
        return CliRunner().invoke(app, ["board", name, "127.0.0.1", *map(str, [*options, *more])])

    return run


def altered(golden: Path, folder: Path) -> Path:
    """A golden file with one integer of a middle layer altered."""
    with np.load(golden, allow_pickle=False) as file:
        arrays = {name: file[name].copy() for name in file.files}
    name = next(name for name in arrays if name.endswith(".codes"))
    arrays[name][1, 2, 1, 0] ^= 1
    np.savez(folder / "altered.npz", **arrays)
    return folder / "altered.npz"


def test_a_wrong_integer_of_a_network_is_named(command: Run, own: Path, tmp_path: Path) -> None:
    """Found on the board, with numpy and pynq only; all others are compared and equal."""
    wrong, integers = altered(own / "golden.npz", tmp_path), load_golden(own / "golden.npz").integers
    more = ["--network", own / "net work.safetensors", "--images", wrong, "--batch", "2", "--json"]
    result = command("deploy", "--no-selftest", *more)
    assert result.exit_code == 1, result.output
    facts = json.loads(result.stdout)
    run = facts["network"]
    assert facts["passed"] is False and facts["report"] is None
    assert (run["compared"], run["mismatches"], run["images"], run["batch"]) == (integers, 1, 2, 2)
    assert (run["predictions_compared"], run["predictions_differing"], run["reference"]) == (2, 0, "numpy")
    said = " ".join(result.stderr.split())
    assert f"1 of {integers} integers differ" in said
    assert "image 1, channel 2, row 1, column 0: expected" in said and "(output tile 0, array column 2;" in said


def test_report_of_a_board(command: Run, own: Path, board: Path, bitstream: Path, tmp_path: Path) -> None:
    """Checks, network, times and soak over ssh; the file fits the schema and tells no name or folder."""
    file, network = tmp_path / "report.json", own / "net work.safetensors"
    manifest = bitstream.with_name("manifest.json")
    manifest.write_text(json.dumps(fake_bitstreams.manifest_of_simulated(bitstream)))
    more = ["--network", network, "--images", own / "golden.npz", "--bench", "1", "--soak", "0.001"]
    try:
        result = command("report", "--no-selftest", "-o", file, *more, "--json")
    finally:
        manifest.unlink()
    assert result.exit_code == 0, result.output
    text = file.read_text(encoding="utf-8")
    report = json.loads(text)
    assert report == json.loads(result.stdout)
    jsonschema.validate(report, SCHEMA)
    assert report["passed"] and report["device"] == {"name": "tilewright-sim", "simulated": True, "array": 8}
    assert report["soak"]["passed"] and report["network"]["passed"] and report["bench"]["simulated"]
    states = {finding["name"]: finding["state"] for finding in report["findings"]}
    assert states["BUILD_HASH"] == states["walking one"] == states["SHA-256 of the .bit"] == "passed"
    for private in ("127.0.0.1", getpass.getuser() + "@", str(board), str(own)):
        assert private not in text
    assert "ok      patterns: walking one" in result.stderr


@pytest.mark.parametrize("keep_going", [False, True])
def test_what_fails_on_a_board_ends_there(monkeypatch: pytest.MonkeyPatch, bitstream: Path, keep_going: bool) -> None:
    """The exit status is 1, and the self-test does not begin unless asked to."""
    begun: list[Any] = []
    monkeypatch.setattr(board_check, "install", lambda *arguments: begun.append("install"))
    monkeypatch.setattr(board_check, "check_there", lambda *arguments: facts_of(findings=[finding("failed")]))
    tested = Report(17, 0, 1.0, (), {})
    monkeypatch.setattr(board_check, "selftest", lambda *arguments: begun.append("selftest") or tested)
    words = ["board", "check", "pynq", "--bitstream", str(bitstream), "--selftest", *["--keep-going"] * keep_going]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1 and "1 failed" in result.stdout and "FAILED" in result.stdout
    assert begun == ["install", "selftest"][: 1 + keep_going]


def test_checks_that_cannot_run_are_named(
    command: Run, own: Path, board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.safetensors"
    save_network(networks.named_network(1), other)
    for name, options, message in (
        ("deploy", ["--network", other, "--images", own / "golden.npz"], "is of another network file than"),
        ("deploy", ["--network", other], "--network is compared on --images"),
        ("deploy", ["--no-selftest"], "leaves nothing to run"),
        ("check", ["--images", own / "images.npz"], "--images goes with --network"),
        ("check", ["--bench", "1"], "--bench times the network of --network"),
        ("check", ["--report", tmp_path / "nowhere" / "x.json"], "there is no folder"),
        ("report", [], "name the file to write"),
    ):
        result = command(name, *options)
        assert (result.exit_code, result.stdout) == (2, ""), result.output
        assert message in " ".join(result.stderr.split())
    there = Installed(Deployment(Path("x.bit"), None, str(board / "python"), str(board), False), "x", "", "", {})
    monkeypatch.setattr(board_check, "install", lambda *arguments: there)
    python = board / "python"
    for script, message in (
        ("exit 3", "the checks could not run (exit code 3)"),
        ("echo '{' > check.json; exit 0", "the checks left no readable report: '{"),
        ("echo '[]' > check.json; exit 0", "the checks left no readable report: '[]"),
    ):
        python.write_text(f"#!/bin/sh\n{script}\n")
        result = command("check")
        assert result.exit_code == 2 and message in " ".join(result.stderr.split()), result.output


def test_pytorch_computes_golden_integers_where_it_is(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is another test's: here one that gives what numpy gave."""
    by_numpy = load_golden(own / "golden.npz")

    def run_model(*words: Any) -> str:
        assert words[:3] == ("reference", own / "net work.safetensors", "--images")
        np.testing.assert_array_equal(load_images(words[3]).pixels, by_numpy.pixels)
        np.savez(words[5], **by_numpy.expected)
        return ""

    images = Images(by_numpy.pixels, np.full(2, -1), "here")
    monkeypatch.setattr(making, "run_model", run_model)
    made = making.golden_integers(own / "net work.safetensors", images)
    assert (made.reference, made.network_sha256, made.integers) == (
        "PyTorch",
        by_numpy.network_sha256,
        by_numpy.integers,
    )
    monkeypatch.setattr(making, "has_pytorch", lambda: False)
    assert making.golden_integers(own / "net work.safetensors", images).reference == "numpy"
    with pytest.raises(NetworkError, match="there is no PyTorch here"):
        making.golden_integers(own / "net work.safetensors", images, making.Reference.PYTORCH)


def test_golden_files_that_are_none(own: Path, tmp_path: Path) -> None:
    with np.load(own / "golden.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    for change, message in (
        ({"golden": np.array("tilewright-golden-2")}, "no golden file"),
        ({"network_sha256": np.array(7)}, "no golden file"),
        ({"pixels": arrays["pixels"][:1]}, "for another number of images than 1"),
    ):
        np.savez(tmp_path / "x.npz", **{**arrays, **change})
        with pytest.raises(NetworkError, match=message):
            load_golden(tmp_path / "x.npz")
    del arrays["expected.predictions"]
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(NetworkError, match="results are missing"):
        load_golden(tmp_path / "x.npz")


def test_the_simulated_board(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    result = CliRunner().invoke(app, ["board", "report", "sim", "-o", str(file), "--seed", "1"])
    assert result.exit_code == 0, result.output
    report = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.validate(report, SCHEMA)
    assert report["passed"] and report["selftest"]["tests"] >= 17 and report["energy"] is None
    assert "0 failed" in result.stdout and "passed" in result.stdout


def test_soak_stops_at_the_first_wrong_integer(
    open_device: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hot = tmp_path / "sys" / "class" / "hwmon" / "hwmon0"
    hot.mkdir(parents=True)
    (hot / "temp1_input").write_text("41500\n")
    driver = Driver(open_device(array=8))
    well = soaking.soak(driver, 0.0, root=tmp_path)
    assert well.passed and (well.programs, well.mismatches) == (1, 0) and well.hottest_c == {"hwmon0 temp1": 41.5}

    def one_wrong(array: Any) -> Any:
        vectors = load_vectors(array)
        vectors["edge tiles"].expected[1][1, 16, 0, 0] += 1
        return vectors

    monkeypatch.setattr(soaking, "load_vectors", one_wrong)
    ill = soaking.soak(driver, 60.0)
    assert not ill.passed and (ill.programs, ill.mismatches) == (2, 1)
    assert "program 1 (edge tiles)" in ill.failure and "image 1, channel 16, row 0, column 0: expected" in ill.failure
    words = soaking.exact_programs(driver.array)
    memory = next(exact for exact in words if exact.name == "memory, seed 0")
    got = [block.copy() for block in memory.expected]
    got[3][0, 5, 2, 7] ^= 4
    assert memory.wrong(got).strip().startswith("block 3, row of the array 5, word (2, 7): expected")


def test_a_network_that_fails_on_the_device_is_told(
    open_device: Callable[..., Any], own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not raised: the report must say it."""
    overlay = open_device(array=8)
    plan = Plan(False, network=own / "net work.safetensors", golden=own / "golden.npz", bench=1)

    def stopped(self: Channels, *arguments: Any, **keywords: Any) -> None:
        raise DmaError("it takes no transfer")

    with monkeypatch.context() as patch:
        patch.setattr(Channels, "send", stopped)
        facts = run_plan(overlay, Path(overlay.bitfile_name), plan)
    for part in ("network", "bench"):
        assert facts[part]["failure"].startswith("DmaError: ") and "takes no transfer" in facts[part]["failure"]
    assert not facts["network"]["passed"] and not passed(facts)
    report = hardware_report([facts_of(findings=[]), facts], None)
    jsonschema.validate(report, SCHEMA)
    assert not report["passed"]


def finding(state: str) -> dict[str, str]:
    return {"group": "clock", "name": "FCLK0", "state": state, "expected": "", "found": "", "advice": ""}


def facts_of(**more: Any) -> dict[str, Any]:
    system = {"versions": {"python": "3.10.4"}, "board": None, "memory_bytes": {}, "temperatures_c": {}}
    bitstream = {"name": "a.bit", "bit_sha256": "0" * 64, "hwh_sha256": "1" * 64, "manifest": None}
    device = {"name": "x", "simulated": False, "array": None}
    return {"device": device, "bitstream": bitstream, "system": system, **more}


def test_schema_of_the_report() -> None:
    """What is wrong is refused; energy is taken with its fields."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    tested = Report(17, 0, 1.0, (Failure("a", "b"),), {"device": "x", "tilewright_folder": "/home/someone"})
    report = hardware_report([facts_of(findings=[finding("passed")])], tested)
    jsonschema.validate(report, SCHEMA)
    assert not report["passed"] and "someone" not in json.dumps(report)
    assert hardware_report([facts_of(findings=[finding("not known")])], None)["passed"]
    assert not hardware_report([facts_of(findings=[finding("failed")])], None)["passed"]
    energy = {
        "meter": "INA226 of the board, VCCINT",
        "where": "PL rail",
        "idle_w": 1.0,
        "running_w": 2.0,
        "idle_seconds": 60,
        "running_seconds": 60,
        "samples_per_second": 10,
        "images": 1000,
        "network": "VGG16",
        "batch": 16,
        "clock_mhz": 100,
        "bitstream_loaded_when_idle": True,
        "microjoules_per_image": 60000.0,
    }
    jsonschema.validate({**report, "energy": energy}, SCHEMA)
    for wrong in ({**report, "host": "x"}, {**report, "energy": {**energy, "idle_w": "1"}}, {**report, "format": "2"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)
    for key in report:
        with pytest.raises(jsonschema.ValidationError, match=key):
            jsonschema.validate({name: value for name, value in report.items() if name != key}, SCHEMA)


def test_reports_of_hardware_keep_to_the_schema_and_are_of_hardware() -> None:
    """None is there yet: README.md says so."""
    reports = [file for file in HARDWARE.glob("*.json") if file.name != "report.schema.json"]
    for file in reports:
        report = json.loads(file.read_text(encoding="utf-8"))
        jsonschema.validate(report, SCHEMA)
        assert not report["device"]["simulated"], f"{file.name}: of a simulated device"
    assert ("**None yet" in (HARDWARE / "README.md").read_text(encoding="utf-8")) == (not reports)


def test_plans_become_arguments() -> None:
    plan = Plan(False, True, Path("/a/net work.safetensors"), Path("/b/golden.npz"), 3, 4, 0.5)
    read = _parser().parse_args(["--bitstream", "x.bit", "--report", "x.json", *plan.arguments()])
    assert (read.checks, read.keep_going, read.bench, read.batch, read.soak) == (False, True, 3, 4, 0.5)
    assert (read.network, read.golden) == (Path("net work.safetensors"), Path("golden.npz"))
