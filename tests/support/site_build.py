"""The documentation site as mkdocs builds it: once for all tests, in whichever process they run."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from documentation import ROOT
from filelock import FileLock
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

CONFIG = ROOT / "mkdocs.yml"


def built(**changed: Any) -> list[str]:
    """What mkdocs warns of as it builds the site, strictly, with some settings changed; empty where it succeeds."""
    config = load_config(str(CONFIG), **changed)
    assert config.strict
    logger, found = logging.getLogger("mkdocs"), Warnings()
    logger.addHandler(found)
    try:
        build(config)
    except Abort:
        return found.texts or ["no reason was given"]
    finally:
        logger.removeHandler(found)
    return []


class Warnings(logging.Handler):
    """What mkdocs warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def built_once(factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a warning ends it. pytest-xdist's processes share one."""
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, told = shared / "site", shared / "site.json"
    with FileLock(shared / "site.lock"):
        if not told.exists():
            told.write_text(json.dumps(built(site_dir=str(folder))), encoding="utf-8")
    found = json.loads(told.read_text(encoding="utf-8"))
    assert not found, "\n".join(["", *found])
    return folder
