"""Files that are there whole or not at all, the cache's folder, and what is said where neither can be."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path

import numpy as np
import pytest
from odd_machines import small_disk, without_home

from tilewright.environment import cache_folder
from tilewright.errors import CacheError, NetworkError
from tilewright.files import file_errors, write_npz, written, written_folder
from tilewright.pytorch import export, golden
from tilewright.pytorch import process as model_process

NOISE = {"a": np.random.default_rng(0).integers(0, 256, 200_000).astype(np.uint8)}


@pytest.fixture
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that cannot be made, whoever the user is."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path / "file" / "cache"))
    return tmp_path / "file" / "cache"


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path, link = tmp_path / "new" / "file", tmp_path / "link"
    with written(path) as partial:
        partial.write_text("first")
        assert not path.exists() and partial.parent == path.parent
    path.chmod(0o600)
    link.symlink_to(path)
    with written(link) as partial:
        partial.write_text("second")
        assert path.read_text() == "first"
    assert path.read_text() == "second" and path.stat().st_mode & 0o777 == 0o600
    assert link.is_symlink() and list(path.parent.iterdir()) == [path]


def test_a_folder_is_replaced_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder"
    for text in ("first", "second"):
        with written_folder(path) as partial:
            (partial / text).touch()
            assert partial.parent == path.parent and not (path / text).exists()
        assert [file.name for file in path.iterdir()] == [text] and list(path.parent.iterdir()) == [path]
    for error in (OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), ValueError()):
        with pytest.raises(type(error)) as raised, written_folder(path) as partial:
            (partial / "half").touch()
            raise error
        assert [file.name for file in path.iterdir()] == ["second"] and list(path.parent.iterdir()) == [path]
        if isinstance(error, OSError):
            assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(path))


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), SystemExit(143), ValueError()])
def test_whatever_fails_leaves_the_old_file_alone(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(type(error)) as raised, written(path) as partial:
        partial.write_text("half")
        raise error
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    if isinstance(error, OSError):
        assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(path))


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with written(path) as first, written(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first" and list(tmp_path.iterdir()) == [path]


def test_devices_stay_devices() -> None:
    write_npz(Path(os.devnull), NOISE)
    assert Path(os.devnull).is_char_device()
    with pytest.raises(OSError, match="/dev/full"):
        write_npz(Path("/dev/full"), NOISE)


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_on_a_full_disk(tmp_path: Path, capfd: pytest.CaptureFixture[str], compressed: bool) -> None:
    path = tmp_path / "arrays.npz"
    with small_disk(), pytest.raises(OSError, match=r"arrays\.npz"):
        write_npz(path, NOISE, compressed)
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr().err == ""
    write_npz(path, NOISE, compressed)
    with np.load(path, allow_pickle=False) as file:
        np.testing.assert_array_equal(file["a"], NOISE["a"])


def test_other_files_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="elsewhere"), file_errors(tmp_path / "here"):
        (tmp_path / "elsewhere").read_text()


def test_no_home_is_named_where_a_cache_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    without_home(monkeypatch)
    with pytest.raises(CacheError, match=r"no home folder.*\$TILEWRIGHT_CACHE"):
        cache_folder()
    monkeypatch.setenv("TILEWRIGHT_CACHE", "relative")
    assert cache_folder() == Path.cwd() / "relative"
    monkeypatch.delenv("TILEWRIGHT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder() == Path("/caches/tilewright")


def test_an_export_names_the_cache_that_it_cannot_use(
    no_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "trained_checkpoint", lambda: tmp_path / "file")
    with pytest.raises(
        CacheError, match=rf"^{no_cache}/networks/.*: Not a directory: \$TILEWRIGHT_CACHE names"
    ) as raised:
        export.export_network(None)
    assert "\n" not in str(raised.value)


def test_without_a_checkout_there_is_no_trained_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "trained_checkpoint", lambda: tmp_path / "gone")
    with pytest.raises(NetworkError, match="gone: no such checkpoint: only a checkout has the trained network"):
        export.export_network(None)


def test_a_golden_set_on_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = tmp_path / "network"
    network.write_bytes(NOISE["a"].tobytes())
    monkeypatch.setattr(golden, "export_network", lambda checkpoint: network)
    # Where there is no PyTorch: it is looked for only
    monkeypatch.setitem(sys.modules, "torch", module_from_spec(ModuleSpec("torch", None)))
    with small_disk(), pytest.raises(OSError, match=r"sets/golden"):
        (tmp_path / "sets").mkdir()
        golden.golden_set(tmp_path / "sets" / "golden")
    assert not list((tmp_path / "sets").iterdir())


# The command as on a full disk, PyTorch left out
GOLDEN = """
import sys
from odd_machines import small_disk
from tilewright.__main__ import main
from tilewright.cli import golden as command
command.resolve_network = lambda file: file
command.load_network = lambda file: None
sys.argv = ["tilewright", "golden", sys.argv[1], "--out", sys.argv[2]]
with small_disk():
    main()
"""


def test_the_command_golden_on_a_full_disk_is_one_line(tmp_path: Path) -> None:
    network = tmp_path / "network"
    network.write_bytes(NOISE["a"].tobytes())
    (tmp_path / "sets").mkdir()
    support = Path(__file__).parents[1] / "support"
    command = [sys.executable, "-c", GOLDEN, str(network), str(tmp_path / "sets" / "golden")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(support), *sys.path])}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(f"OSError: {tmp_path}/sets/golden") and not list((tmp_path / "sets").iterdir())


def test_an_interrupted_wait_ends_the_helper_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = tmp_path / "python"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeper.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(sleeper))
    started: list[model_process.ModelProcess] = []

    def interrupted(process: model_process.ModelProcess) -> str:
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(model_process.ModelProcess, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model_process.run_model("export")
    assert started[0]._process.returncode == -signal.SIGTERM


def test_a_terminated_program_leaves_no_file(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom tilewright.files import written\n"
        "from tilewright.process import program\nwith program(), written(Path(sys.argv[1])) as partial:\n"
        "    partial.write_text('half')\n    print('ready', flush=True)\n    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "folder" / "file")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        assert len(list((tmp_path / "folder").iterdir())) == 1
        process.terminate()
        assert process.communicate()[1] == ""
    assert process.returncode == 128 + signal.SIGTERM and not list((tmp_path / "folder").iterdir())


@pytest.mark.parametrize("left", ["print('x' * 9)", "print('x' * 9, flush=True)"])
def test_standard_output_on_a_full_disk(left: str) -> None:
    code = f"from tilewright.process import program\nwith program():\n    {left}\n"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", code]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "No space left on device" in done.stderr


# What is needed is imported before: the user may not read it.
UNKNOWN_USER = """
import os, sys
from tilewright.environment import cache_folder
from tilewright.files import written

def told(call):
    try:
        call()
    except OSError as error:
        print(type(error).__name__, error)

for name in ("HOME", "XDG_CACHE_HOME", "TILEWRIGHT_CACHE"):
    os.environ.pop(name, None)
os.setgroups([]), os.setgid(12345), os.setuid(12345)
told(cache_folder)
os.environ["TILEWRIGHT_CACHE"] = sys.argv[1]
told(lambda: written(cache_folder() / "x").__enter__())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an unknown user")
def test_an_unknown_user_without_a_home(tmp_path: Path) -> None:
    command = [sys.executable, "-c", UNKNOWN_USER, "/proc/tilewright"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(lines) == 2 and all("CacheError" in line and "$TILEWRIGHT_CACHE" in line for line in lines)
    assert "/proc/tilewright" in lines[1]


def test_a_command_says_it_in_one_line(no_cache: Path) -> None:
    command = [sys.executable, "-m", "tilewright", "estimate"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert str(no_cache) in done.stderr and "TILEWRIGHT_CACHE" in done.stderr
