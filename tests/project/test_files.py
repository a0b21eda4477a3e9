"""What tools of others read: pre-commit's hooks, the GitHub workflow, the files that .editorconfig speaks of."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TEXT = (".core", ".cpp", ".h", ".md", ".py", ".sv", ".tcl", ".toml", ".v", ".vh", ".yaml", ".yml")


def texts() -> dict[Path, bytes]:
    """The project's text files, and the scripts of CI."""
    ours = [path for path in ROOT.iterdir() if path.name[0] != "." and path.name != "build"]
    found = [file for path in ours for file in [path, *path.rglob("*")] if file.suffix in TEXT and file.is_file()]
    return {path: path.read_bytes() for path in [*found, ROOT / ".ci" / "run", ROOT / ".ci" / "packages"]}


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found, target
    return [line.strip("\t@").replace("$(BIN)", ".venv/bin") for line in found[1].splitlines()]


def test_hooks_are_the_commands_of_make_check() -> None:
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    assert [hook["entry"] for hook in repository["hooks"]] == recipe("check")
    assert all(hook["language"] == "system" and not hook["pass_filenames"] for hook in repository["hooks"])


def test_workflow_calls_what_there_is() -> None:
    jobs = read(".github/workflows/ci.yml")["jobs"]
    steps = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert ".ci/run" in steps
    targets = [step.split()[1] for step in steps if step.startswith("make ")]
    assert targets == ["test-host"] and recipe("test-host")
    supported = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert supported
    versions = {*jobs["host"]["strategy"]["matrix"]["python"], "3.11"}
    assert versions == {f"3.{minor}" for minor in range(int(supported[1]), int(supported[2]))}


def test_text_files_are_as_editorconfig_says() -> None:
    files = texts()
    assert len(files) > 400
    assert not [path for path, text in files.items() if re.search(rb"[\r\t]| $", text, re.MULTILINE)]
    assert not [path for path, text in files.items() if not text.endswith(b"\n")]


def test_nothing_names_a_folder_of_one_machine_or_who_ordered_it() -> None:
    pattern = re.compile(rb"[/]work/|of_the_[i]ssue|the [i]ssue's|[m]ission's")
    assert not [path for path, text in texts().items() if pattern.search(text)]
