"""The scripts behind ``make``, run with stand-ins for the programs that they call."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
FOUND = 'echo "found in ${FMNIST_DATA_DIR:-a known folder}"'
NOT_FOUND = 'if [ -z "${FMNIST_DATA_DIR:-}" ]; then echo nowhere >&2; exit 1; fi\n' + FOUND


def program(folder: Path, name: str, body: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def run(*command: object, path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name != "FMNIST_DATA_DIR"}
    environ.update(variables, PATH=f"{path}:{environ['PATH']}")
    words = [str(word) for word in command]
    return subprocess.run(words, env=environ, capture_output=True, text=True, timeout=30)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Give a folder of programs: an apt-get that downloads a package, a dpkg-deb that unpacks its files."""
    folder = tmp_path / "bin"
    program(folder, "apt-get", 'case "$*" in *download*) : > dataset-fashion-mnist_1.deb;; esac')
    inside = '"$3"/usr/share/datasets/fashion-mnist'
    program(folder, "dpkg-deb", f"mkdir -p {inside} && echo data > {inside}/train")
    return folder


def test_known_data_are_not_fetched(tmp_path: Path, programs: Path) -> None:
    fmnist = program(programs, "fmnist", FOUND)
    done = run(TOOLS / "data.sh", fmnist, tmp_path / "unpacked", path=programs)
    assert (done.returncode, done.stdout) == (0, "found in a known folder\n")
    assert not (tmp_path / "unpacked").exists()


def test_a_named_folder_is_used_or_fails(tmp_path: Path, programs: Path) -> None:
    fmnist = program(programs, "fmnist", 'echo "$FMNIST_DATA_DIR is damaged" >&2; exit 1')
    done = run(TOOLS / "data.sh", fmnist, tmp_path / "unpacked", path=programs, FMNIST_DATA_DIR="/mine")
    assert (done.returncode, done.stderr) == (1, "/mine is damaged\n")
    assert not (tmp_path / "unpacked").exists()


def test_debians_package_is_the_last_resort_and_is_kept(tmp_path: Path, programs: Path) -> None:
    fmnist = program(programs, "fmnist", NOT_FOUND)
    unpacked = tmp_path / "kept" / "unpacked"
    done = run(TOOLS / "data.sh", fmnist, unpacked, path=programs)
    assert (done.returncode, done.stdout) == (0, f"found in {unpacked}\n")
    assert [path.name for path in unpacked.parent.iterdir()] == ["unpacked"]
    assert (unpacked / "train").read_text() == "data\n"

    program(programs, "apt-get", "exit 1")
    again = run(TOOLS / "data.sh", fmnist, unpacked, path=programs)
    assert (again.returncode, again.stdout, again.stderr) == (0, f"found in {unpacked}\n", "")


def test_no_mirror_leaves_nothing_behind(tmp_path: Path, programs: Path) -> None:
    program(programs, "apt-get", "exit 100")
    done = run(TOOLS / "debian_data.sh", tmp_path / "kept" / "unpacked", path=programs)
    assert done.returncode == 1
    assert done.stderr == (
        "dataset-fashion-mnist could not be fetched from Debian: apt-get update failed; put Fashion-MNIST's four "
        "files into a folder and name it with FMNIST_DATA_DIR\n"
    )
    assert list((tmp_path / "kept").iterdir()) == []


def test_an_old_python_is_refused(tmp_path: Path) -> None:
    old = program(tmp_path / "bin", "python2", "exit 1")
    done = run(TOOLS / "make_venv.sh", tmp_path / "venv", path=tmp_path / "bin", PYTHON=str(old))
    assert done.returncode == 1
    assert done.stderr == (
        f"no Python 3.11, 3.12 or 3.13 was found as {old}: install one, or name it: make PYTHON=/path/to/python3\n"
    )


def test_a_chromium_that_is_there_will_do(tmp_path: Path) -> None:
    program(tmp_path / "bin", "chromium", "exit 0")
    done = run(TOOLS / "chromium.sh", path=tmp_path / "bin")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
