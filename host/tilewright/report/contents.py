"""What a page says of one run: figures in words, rows of tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from tilewright.estimate.estimate import LayerEstimate
from tilewright.hardware import assumed_clock
from tilewright.report.saved import Saved

# Pairs of classes that a page lists
_PAIRS = 10
_NONE = "–"


@dataclass(frozen=True)
class Verdict:
    """What came of a comparison.

    Attributes:
        state: ``equal``, ``differs`` or ``unknown``, for the page's style.
        word: the same for people.
        text: of how many integers.
    """

    state: str
    word: str
    text: str


def verdict(facts: Mapping[str, Any]) -> Verdict:
    """What came of a run's comparison.

    Args:
        facts: the run's record.
    """
    if not facts["checked"]:
        return Verdict("unknown", "Not compared", "No integer was compared; tilewright run --check does it.")
    against = f" with {facts['reference']}" if facts["reference"] else ""
    what = f"{count_of(facts['compared'], 'integer')} and {count_of(facts['images'], 'prediction')} compared{against}"
    if facts["equal"]:
        return Verdict("equal", "Equal", f"{what}: none differs.")
    wrong = count_of(facts["mismatches"], "integer"), count_of(facts["predictions_differing"], "prediction")
    return Verdict("differs", "Not equal", f"{what}. What differs: {' and '.join(wrong)}.")


def count_of(count: int, what: str) -> str:
    """A number of things.

    Args:
        count: how many.
        what: one of them.
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def accuracy(facts: Mapping[str, Any]) -> str:
    """Share of the images whose class is their label, in words.

    Args:
        facts: the run's record.
    """
    if facts["correct"] is None:
        return "labels unknown"
    return f"{facts['correct'] / facts['images']:.1%}"


def figures(facts: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The figures that stand at the top of a page: name, value, what it is of.

    Args:
        facts: the run's record.
    """
    images, cycles, n = facts["images"], facts["program_cycles"], facts["array"]
    if facts["correct"] is None:
        yield "Accuracy", _NONE, "no labels"
    else:
        yield "Accuracy", accuracy(facts), f"{facts['correct']:,} of {images:,}"
    if facts["checked"]:
        yield "Integers that differ", f"{facts['mismatches']:,}", f"of {facts['compared']:,} compared"
    else:
        yield "Integers that differ", _NONE, "nothing compared"
    yield "Utilisation", f"{facts['program_utilisation']:.1%}", f"of {n * n:,} multiplications a cycle"
    yield "Cycles an image", f"{round(cycles / images):,}", f"{cycles:,} in {count_of(facts['programs'], 'program')}"
    speed, _, unit = assumed_clock.in_words(images, cycles, facts["assumed_clock_mhz"]).partition(" ")
    yield "Speed, estimated", speed, unit


@dataclass(frozen=True)
class Shown:
    """An image and its class.

    Attributes:
        address: of its picture, which holds it.
        predicted: class.
        label: the true class; empty where unknown.
        right: whether both are the same; None where the label is unknown.
    """

    address: str
    predicted: str
    label: str
    right: bool | None


def images_shown(facts: Mapping[str, Any]) -> list[Shown]:
    """The run's first images.

    Args:
        facts: the run's record.
    """
    rows = zip(facts["thumbnails"], facts["predictions"], facts["labels"], strict=False)
    return [
        Shown(
            address,
            class_name(facts, prediction),
            class_name(facts, label) if label >= 0 else "",
            prediction == label if label >= 0 else None,
        )
        for address, prediction, label in rows
        if address
    ]


def class_name(facts: Mapping[str, Any], index: int) -> str:
    """A class's name, or its number where it has none.

    Args:
        facts: the run's record.
        index: of the class.
    """
    classes = facts["classes"]
    return str(classes[index]) if index < len(classes) else str(index)


def confused(facts: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Which class was taken for which, and how often, the most frequent first.

    Args:
        facts: the run's record.
    """
    pairs = zip(facts["labels"], facts["predictions"], strict=True)
    counted = Counter((label, prediction) for label, prediction in pairs if label not in (-1, prediction))
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [(class_name(facts, label), class_name(facts, taken), count) for (label, taken), count in ordered[:_PAIRS]]


def layer_rows(saved: Saved) -> list[dict[str, str]]:
    """A row a layer: what was counted in the last program, what was estimated, what differs.

    Args:
        saved: the run's record.
    """
    compared = {layer["layer"]: layer for layer in saved.facts["layers"]}
    measured = {layer["name"]: layer for layer in saved.facts["measured"] or ()}
    if saved.estimate is None:
        return []
    return [_layer_row(layer, measured.get(layer.name), compared.get(layer.name)) for layer in saved.estimate.layers]


def _layer_row(
    layer: LayerEstimate, counted: Mapping[str, Any] | None, compared: Mapping[str, Any] | None
) -> dict[str, str]:
    cycles = layer.command_cycles if counted is None else counted["command_cycles"]
    stalls = vars(layer.stalls) if counted is None else counted["stalls"]
    waits = [f"{cause} {count:,}" for cause, count in stalls.items() if count]
    return {
        "name": layer.name,
        "counted": _NONE if counted is None else f"{cycles:,}",
        "estimated": f"{layer.command_cycles:,}",
        "off": _NONE if counted is None else _off(layer.command_cycles, cycles),
        "used": f"{layer.macs / (layer.peak_macs * cycles):.1%}",
        "waits": ", ".join(waits) or _NONE,
        "bound": layer.bound_by,
        "compared": _NONE if compared is None else f"{compared['compared']:,}",
        "differing": _NONE if compared is None else f"{compared['mismatches']:,}",
        "wrong": "wrong" if compared is not None and compared["mismatches"] else "",
    }


def skips_positions(saved: Saved) -> bool:
    """Whether the array does less than a layer's multiplications: it skips positions that pooling drops.

    Args:
        saved: the run's record.
    """
    layers = () if saved.estimate is None else saved.estimate.layers
    return any(layer.command_utilisation > 1 for layer in layers)


def _off(estimated: int, counted: int) -> str:
    share = estimated / counted - 1
    return "0" if not share else f"{share:+.1%}" if abs(share) >= 0.0005 else "<0.1%"


def differing_layers(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The layers with differences, in order.

    Args:
        facts: the run's record.
    """
    return [layer for layer in facts["layers"] if layer["mismatches"]]


def configuration(saved: Saved) -> dict[str, str]:
    """How the run was set up, by name.

    Args:
        saved: the run's record.
    """
    facts = saved.facts
    hardware, device = facts["hardware"], facts["device"]
    simulated = f"simulated: {device['name']}; not run on hardware"
    rows = {
        "Device": simulated if device["simulated"] else device["name"],
        "Array": f"{facts['array']}x{facts['array']}, {hardware['dsp_columns']} columns of DSPs",
        "Streams": f"{hardware['stream_w']} bits",
        "Memory": f"{hardware['act_depth']:,} words of activations, {hardware['acc_depth']:,} accumulators a column",
        "Network": facts["network"],
        "Images": f"{facts['images']:,} of {facts['image_source']}",
        "Images a program": f"{facts['batch']}, at most",
        "Compared with": facts["reference"] or "nothing",
        "Layers compared": ", ".join(layer["layer"] for layer in facts["layers"]) or "none",
    }
    if device["simulated"]:
        rows["Seed of the stalls"] = f"{facts['seed']}, probability {device['stall_probability']:g}"
    return rows


def hashes(facts: Mapping[str, Any]) -> dict[str, str]:
    """Hashes of all that a run was made of, by name: SHA-256, but for the hardware's.

    Args:
        facts: the run's record.
    """
    return {
        "Network file": facts["network_sha256"] or _NONE,
        "Checkpoint": facts["checkpoint_sha256"] or _NONE,
        "Images": facts["images_sha256"],
        "Bitstream": facts["bitstream_sha256"] or _NONE,
        "RTL, first 8 digits": facts["build_hash"].removeprefix("0x"),
    }


def ended(facts: Mapping[str, Any]) -> str:
    """When the run ended, for people.

    Args:
        facts: the run's record.
    """
    return f"{facts['made'][:16].replace('T', ' ')} UTC"


def wave_name(facts: Mapping[str, Any]) -> str:
    """The name of the run's waveform; empty where there is none.

    Args:
        facts: the run's record.
    """
    return PurePath(facts["waveform"]).name if facts["waveform"] else ""
