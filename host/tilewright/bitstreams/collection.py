"""Folders of bitstreams: what is there, whether it is right, and how one more gets in, whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tilewright.bitstreams.manifest import BIT, HWH, MANIFEST, SCHEMA_VERSION, Manifest, manifest_entry, sha256_of
from tilewright.bitstreams.pair import faults
from tilewright.errors import BitstreamError
from tilewright.files import written_folder

SCHEMA = Path(__file__).with_name("manifest.schema.json")


@dataclass(frozen=True)
class Entry:
    """A folder with a bitstream.

    Attributes:
        folder: with .bit, .hwh and manifest.
        manifest: None where there is none, or none that JSON can be.
        faults: what is wrong, a line each.
    """

    folder: Path
    manifest: Manifest | None
    faults: tuple[str, ...]


def collection_folder() -> Path:
    """The folder ``bitstreams`` of the checkout, of the current folder where this package has no checkout."""
    checkout = Path(__file__).resolve().parents[3]
    return (checkout if (checkout / "fusesoc.conf").is_file() else Path.cwd()) / "bitstreams"


def schema_faults(manifest: Mapping[str, Any]) -> list[str]:
    """What of a manifest is not by the schema, a line each."""
    version = manifest.get("tilewright_manifest")
    if version != SCHEMA_VERSION:
        return [f"the manifest is by version {version} of its schema, this library knows {SCHEMA_VERSION}"]
    errors = sorted(_validator().iter_errors(manifest), key=lambda error: list(map(str, error.absolute_path)))
    return [f"manifest: {'/'.join(map(str, error.absolute_path)) or 'whole'}: {error.message}" for error in errors]


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def entries(collection: str | Path) -> list[Entry]:
    """The bitstreams of a folder, each checked.

    Args:
        collection: the folder of their folders; one that does not exist has none.
    """
    collection = Path(collection)
    folders = [path for path in sorted(collection.glob("*")) if path.is_dir() and path.name[0] != "."]
    return [checked(folder) for folder in folders if any((folder / name).exists() for name in (BIT, HWH, MANIFEST))]


def checked(folder: str | Path) -> Entry:
    """The bitstream of a folder, checked."""
    folder = Path(folder)
    manifest = manifest_entry(folder / BIT)
    if manifest is None:
        return Entry(folder, None, (f"no {MANIFEST} that says what it is",))
    found = schema_faults(manifest)
    if not found:
        found = faults(folder / BIT, manifest)
        if manifest["name"] != folder.resolve().name:
            found.append(f"the manifest is of {manifest['name']}, the folder is {folder.resolve().name}")
    return Entry(folder, manifest, tuple(found))


def add(collection: str | Path, bit: str | Path, hwh: str | Path, manifest: Manifest, replace: bool = False) -> Path:
    """Put a bitstream into a collection, as the folder of the manifest's name.

    All three files appear in one step, once they have been read back and fit each other.

    Args:
        collection: the folder of folders; made where it is missing.
        bit, hwh: the files, which are copied.
        manifest: of them; the files' SHA-256 are entered.
        replace: whether one of the same name gives way.

    Returns:
        The folder.

    Raises:
        BitstreamError: the files and the manifest do not fit each other, or there is one of this name.
        OSError: a file cannot be read or written.
    """
    collection = Path(collection)
    whole = {**manifest, "bit_sha256": sha256_of(bit), "hwh_sha256": sha256_of(hwh)}
    if wrong := schema_faults(whole):
        raise BitstreamError("\n".join(wrong))
    target = collection / str(whole["name"])
    if target.exists() and not replace:
        raise BitstreamError(f"{target} is there already: remove it, or say --replace")
    with written_folder(target) as partial:
        shutil.copyfile(bit, partial / BIT)
        shutil.copyfile(hwh, partial / HWH)
        (partial / MANIFEST).write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
        if wrong := faults(partial / BIT, whole):
            raise BitstreamError("\n".join(wrong))
    return target
