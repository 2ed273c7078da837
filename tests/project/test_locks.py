"""The lock files hold what the project asks for, by hash, and name no index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUN, TEST, INSTALLER = "requirements.lock", "requirements-test.lock", "requirements-uv.lock"


def pins(lock: str) -> dict[str, Requirement]:
    """Return the pins that hold for this Python and system, by the package's name."""
    lines = [line.rstrip(" \\") for line in (ROOT / lock).read_text().splitlines() if line[:1].isalnum()]
    pinned = [Requirement(line) for line in lines]
    return {canonicalize_name(pin.name): pin for pin in pinned if pin.marker is None or pin.marker.evaluate()}


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        (RUN, PROJECT["dependencies"]),
        (TEST, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]),
        (INSTALLER, ["uv"]),
    ],
)
def test_every_dependency_is_pinned_as_asked(lock: str, wanted: list[str]) -> None:
    pinned = pins(lock)
    for requirement in map(Requirement, wanted):
        (version,) = pinned[canonicalize_name(requirement.name)].specifier
        assert requirement.specifier.contains(version.version), requirement


def test_a_test_environment_runs_what_users_run() -> None:
    tested = pins(TEST)
    assert {name: str(pin) for name, pin in pins(RUN).items()} == {name: str(tested[name]) for name in pins(RUN)}


@pytest.mark.parametrize("lock", [RUN, TEST, INSTALLER])
def test_pins_carry_hashes_and_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"^--|://", text, re.MULTILINE)
    entries = re.split(r"^(?=[a-zA-Z0-9])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)
