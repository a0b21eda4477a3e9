"""docs/results/vgg16_10000.*: the record is the summary's, and each image counts once.

Of which network and RTL they are, and whether of the present ones, the page of results says.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tilewright.farm.record import Record
from tilewright.farm.shards import divided

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results"
IMAGES = 10_000


@pytest.fixture(scope="module")
def identity() -> dict[str, Any]:
    """What the record says that it is of."""
    with (RESULTS / "vgg16_10000.jsonl").open() as file:
        identity: dict[str, Any] = json.loads(file.readline())
    return identity


def test_the_record_and_its_summary(identity: dict[str, Any]) -> None:
    shards = Record(identity, RESULTS / "vgg16_10000.jsonl").shards
    divisions = divided(IMAGES, identity["shard_images"])
    assert all(len(shard.predictions) == divisions[index].images for index, shard in shards.items())
    told = json.loads((RESULTS / "vgg16_10000.json").read_text())["result"]
    assert told["images"] == sum(len(shard.predictions) for shard in shards.values())
    assert told["complete"] == (len(shards) == len(divisions))
    assert told["program_cycles"] == sum(shard.counters["cycles"] for shard in shards.values())
    assert told["images_differing"] == sum(len(shard.differing) for shard in shards.values()) == 0
    assert {"record": identity["record"], **told["identity"]} == identity
    assert (identity["images"], identity["array"], len(identity["layers"])) == (IMAGES, 32, 13)
