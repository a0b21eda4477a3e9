"""Runs on workers: dead, lying, agreeing, failing; the results are those of one machine."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from command_line import json_of, refused, tilewright
from distributed import Client, LocalCluster
from farms import COUNT, DYING, IMAGES, LYING, NETWORK, dask_cluster
from lying_device import lie
from remote_server import serving

from tilewright.errors import DeviceTimeoutError, FarmError
from tilewright.farm.cluster import devices_of
from tilewright.farm.device import Computed, DeviceChoice, ShardRunner
from tilewright.farm.options import FarmOptions
from tilewright.farm.plan import Plan
from tilewright.farm.record import Record
from tilewright.farm.result import FarmResult
from tilewright.farm.run import run_farm
from tilewright.farm.worker import FarmPlugin
from tilewright.pytorch.golden_integers import Reference
from tilewright.runs.runner import BatchResult, NetworkRunner
from tilewright.target import DeviceKind

DEVICES = {"": DeviceChoice(DeviceKind.SIM, 8, 64)}
Otherwise = Callable[..., Computed]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Two workers in threads of this process, named 0 and 1."""
    options: dict[str, Any] = {"processes": False, "dashboard_address": "127.0.0.1:0", "resources": {"device": 1}}
    with LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster, Client(cluster) as opened:
        yield opened


def run(client: Client, plan: Plan, record: Record | None = None, **options: Any) -> FarmResult:
    record = record or Record(plan.identity())
    return run_farm(client, DEVICES, plan, record, FarmOptions(**options, reference=Reference.NUMPY))


def facts(record: Any) -> list[dict[str, Any]]:
    """What is the same whoever has computed it."""
    own = ("worker", "seconds")
    return [{name: value for name, value in asdict(shard).items() if name not in own} for shard in record]


@pytest.fixture(scope="module")
def whole(client: Client, plan: Plan) -> FarmResult:
    """The run as nothing disturbs it."""
    return run(client, plan)


@pytest.fixture
def on_worker(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Otherwise], None]:
    """`on_worker(name, otherwise)` has a worker call `otherwise(run, ...)` for each shard."""

    def change(name: str, otherwise: Otherwise) -> None:
        opened = FarmPlugin._opened

        def changed(plugin: FarmPlugin) -> ShardRunner:
            runner = opened(plugin)
            if plugin.worker == name:
                usual = runner.run
                monkeypatch.setattr(runner, "run", lambda *given: otherwise(usual, *given))
            return runner

        monkeypatch.setattr(FarmPlugin, "_opened", changed)

    return change


def test_all_images_are_computed_and_equal(whole: FarmResult, plan: Plan) -> None:
    told = whole.as_dict()
    assert (told["complete"], told["equal"], told["images"], told["images_differing"]) == (True, True, COUNT, 0)
    assert told["compared"] == COUNT * (8 * 8 * 8 + 12 * 4 * 4 + 7 * 4 * 4)
    assert 0 < told["program_utilisation"] < 1
    assert sum(row["images"] for row in whole.workers.values()) == COUNT
    labels, best = plan.images.labels.tolist(), [one for shard in whole.shards for one in shard.predictions]
    assert told["correct"] == sum(label == one for label, one in zip(labels, best, strict=True))


def test_one_killed_and_one_that_lies(whole: FarmResult, folder: Path, tmp_path: Path, plan: Plan) -> None:
    """Three processes of `dask worker`: the record is that of one machine, cycles included, and the liar is named."""
    record = tmp_path / "record.jsonl"
    words = [folder / NETWORK, "--images", folder / IMAGES, "--batch", "2", "--shard", "4", "--layers", "all"]
    words += ["--seed", "9", "--reference", "numpy", "--device", "sim", "--record", record, "--json"]
    with dask_cluster({"honest": None, "liar": LYING, "mortal": DYING}) as cluster:
        done = tilewright("farm", *words, "--scheduler", cluster.address)
        assert cluster.workers["mortal"].wait(20) == -signal.SIGKILL
        assert [name for name, process in cluster.workers.items() if process.poll() is None] == ["honest", "liar"]
    told = json_of(done)
    assert done.returncode == 1, done.stderr
    assert (told["complete"], told["equal"], told["images"]) == (True, True, COUNT)
    assert list(told["left_out"]) == ["liar"]
    assert "runs again: worker liar gave other integers" in done.stderr
    assert "wrong integers, first in features.2 of the shard's image 0" in told["left_out"]["liar"]
    assert {name: row["images"] for name, row in told["workers"].items()} == {"honest": COUNT}
    shards = Record(plan.identity(), record).shards
    assert facts(shards[index] for index in sorted(shards)) == facts(whole.shards)
    words.remove("--json")
    again = tilewright("farm", *words, "--workers", "1")
    assert again.returncode == 0 and "0 images" in again.stdout, again.stdout + again.stderr


def test_two_remote_boards_are_a_worker_each(folder: Path, whole: FarmResult) -> None:
    """Over PYNQ.remote, with `tilewright serve` in the place of boards."""
    words = [folder / NETWORK, "--images", folder / IMAGES, "--batch", "2", "--shard", "4", "--layers", "all"]
    words += ["--reference", "numpy", "--json"]
    with serving("--port", "0") as one, serving("--port", "0") as another:
        hosts = ["--bitstream", one.bitstream, "--host", one.host, "--host", another.host]
        told = json_of(tilewright("farm", *words, *hosts))
    assert (told["complete"], told["equal"], told["images"], told["identity"]["device"]) == (
        True,
        True,
        COUNT,
        "remote",
    )
    assert set(told["workers"]) == {"0", "1"} and not told["left_out"]
    assert told["compared"] == whole.as_dict()["compared"]


def test_a_run_goes_on_from_its_record(client: Client, whole: FarmResult, plan: Plan, tmp_path: Path) -> None:
    record = Record(plan.identity(), tmp_path / "record.jsonl")
    for shard in whole.shards[::2]:
        record.add(shard)
    begun = run(client, plan, record, minutes=0)
    told = begun.as_dict()
    assert (told["complete"], told["images"], told["of"], told["this_images"]) == (False, 4 * 3, COUNT, 0)
    ended = run(client, plan, Record(plan.identity(), tmp_path / "record.jsonl"))
    assert (ended.complete, ended.images_now) == (True, COUNT - 4 * 3)
    assert facts(ended.shards) == facts(whole.shards)


def test_two_runs_share_workers(client: Client, whole: FarmResult, plan: Plan) -> None:
    """Each has its own network and seeds on the same workers."""
    results: list[FarmResult] = []
    other = Thread(target=lambda: results.append(run(client, replace(plan, seed=plan.seed + 100))))
    other.start()
    again = run(client, plan)
    other.join(60)
    assert facts(again.shards) == facts(whole.shards)
    assert [result.differing for result in results] == [0] and results[0].cycles != whole.cycles


def test_hardware_that_differs_is_told(client: Client, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both devices have the same fault, in each shard's second program: it is the hardware's, and is named."""
    taken = NetworkRunner._taken

    def faulty(*arguments: Any) -> BatchResult:
        result = taken(*arguments)
        return lie(result) if result.first == plan.batch else result

    monkeypatch.setattr(NetworkRunner, "_taken", faulty)
    result = run(client, plan)
    assert not result.left_out
    assert result.differing == sum(shard.images > plan.batch for shard in plan.shards) == 5
    assert result.as_dict()["equal"] is False
    (text,) = (line for line in result.as_dict()["differences"] if "expected" in line)
    image = int(text.split("image ")[1].split(",")[0])
    assert f"features.2, image {image}, channel 5, row 2, column 3: expected " in text
    assert image % plan.size == plan.batch


def test_a_device_that_fails_is_left_out(client: Client, whole: FarmResult, plan: Plan, on_worker: Any) -> None:
    def fail(usual: Otherwise, *given: Any) -> Computed:
        raise DeviceTimeoutError("the receive channel stands still")

    on_worker("0", fail)
    result = run(client, plan)
    assert result.left_out == {"0": "failed 2 times, at last with DeviceTimeoutError: the receive channel stands still"}
    assert facts(result.shards) == facts(whole.shards)


def test_other_hardware_is_left_out(client: Client, whole: FarmResult, plan: Plan, on_worker: Any) -> None:
    on_worker("1", lambda usual, *given: replace(usual(*given), build_hash=7))
    result = run(client, plan)
    assert list(result.left_out) == ["1"] and "BUILD_HASH 0x00000007" in result.left_out["1"]
    assert facts(result.shards) == facts(whole.shards)


def test_an_answer_of_another_shape_is_left_out(client: Client, whole: FarmResult, plan: Plan, on_worker: Any) -> None:
    def short(usual: Otherwise, *given: Any) -> Computed:
        computed = usual(*given)
        return replace(computed, integers=replace(computed.integers, digests=computed.integers.digests[1:]))

    on_worker("1", short)
    result = run(client, plan)
    assert list(result.left_out) == ["1"] and "is of other images or layers" in result.left_out["1"]
    assert facts(result.shards) == facts(whole.shards)


def test_workers_are_known_whatever_the_client_keeps(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A periodic update of dask's client keeps no workers, and may come between its question and its answer."""

    async def update(client: Client, n_workers: int = 0) -> None:
        client._scheduler_identity = await client.scheduler.identity(n_workers=0)

    monkeypatch.setattr(Client, "_update_scheduler_info", update)
    assert not client.scheduler_info(n_workers=-1)["workers"]
    assert set(devices_of(client)) == {"0", "1"}


def test_nobody_left_is_said(client: Client, plan: Plan) -> None:
    foreign = replace(plan, hardware=plan.hardware | {"rtl_sha256": "0" * 64})
    with pytest.raises(FarmError, match=r"all workers are left out: [01]: its hardware is of other RTL"):
        run(client, foreign)


def test_a_cluster_without_devices_is_said(plan: Plan) -> None:
    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as bare,
    ):
        start = time.monotonic()
        with pytest.raises(FarmError, match="--resources device=1"):
            run(bare, plan, patience=0.1)
        assert time.monotonic() - start < 20


def test_what_the_command_refuses(folder: Path, tmp_path: Path) -> None:
    network = [folder / NETWORK, "--images", folder / IMAGES]
    assert "--minutes needs --record" in refused("farm", *network, "--minutes", "1")
    assert "leave out --workers and --host" in refused("farm", *network, "--scheduler", "tcp://x:1", "--workers", "2")
    record = tmp_path / "record.jsonl"
    record.write_text('{"record": "tilewright-farm-1", "images": 3}\n')
    assert "the record of another run" in refused("farm", *network, "--record", record)
