"""docs/architecture.md has the rooms and the states that the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from registry import schema as registry_schema
from registry.values.stop_reason import StopReason
from search import schema as search_schema

TOP = Path(__file__).resolve().parents[2]
PAGE = (TOP / "docs/architecture.md").read_text()
PICTURE = re.search(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
STATES = PAGE.partition("## States")[2].partition("\n## ")[0]


def drawn(package: str) -> set[str]:
    """Return the rooms that the picture has of a package: its indented names that end in a slash or in .py."""
    block = re.search(rf"^{re.escape(package)}/.*\n((?:[ ]+.*\n)+)", PICTURE, re.MULTILINE)[1]
    return {name for line in block.splitlines() for name in re.findall(r"(?<![\w.])([a-z_]+(?:/|\.py))(?=\s|$)", line)}


def built(package: str) -> set[str]:
    """Return the folders and files that a package has, without what every package or only a test's eye has."""
    folder = TOP / package
    rooms = {f"{path.name}/" for path in folder.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    files = {path.name for path in folder.glob("*.py")} - {"__init__.py", "__main__.py", "toy.py"}
    return rooms | files


@pytest.mark.parametrize("package", ["fmnist", "search", "registry", "registry/reports"])
def test_the_rooms_are_those_of_the_tree(package: str) -> None:
    assert drawn(package) == built(package)


def allowed(table: sa.Table, column: str) -> set[str]:
    """Return what a table's check constraints allow in a column."""
    for constraint in table.constraints:
        text = str(getattr(constraint, "sqltext", ""))
        if listed := re.match(rf"(?:{column} is null or )?{column} in \((.*)\)$", text):
            return set(re.findall(r"'(\w+)'", listed[1]))
    raise AssertionError(f"{table.name} does not say what {column} may be")


@pytest.mark.parametrize(
    ("begins", "states"),
    [
        ("| slot |", allowed(search_schema.slots, "state")),
        ("Each claim", allowed(search_schema.attempts, "outcome")),
        ("A **worker**", allowed(search_schema.workers, "state")),
        ("A **version**", allowed(registry_schema.versions, "state")),
        ("A finished slot", {reason.value for reason in StopReason}),
    ],
    ids=["slots", "attempts", "workers", "versions", "stop reasons"],
)
def test_the_states_are_those_of_the_code(begins: str, states: set[str]) -> None:
    (paragraph,) = [part for part in STATES.split("\n\n") if part.strip().startswith(begins)]
    cells = re.findall(r"`([a-z_]+)`", paragraph.replace("| slot |", ""))
    assert set(cells) == states


def test_whoever_is_said_to_change_a_state_is_there() -> None:
    for name in re.findall(r"`((?:coordination)\.[\w.]+)`", STATES):
        module, _, attribute = name.removesuffix(".release").rpartition(".")
        path = module.replace(".", "/")
        text = next(
            source.read_text()
            for source in (TOP / f"search/{path}.py", TOP / f"search/{path.rpartition('/')[0]}.py")
            if source.exists()
        )
        assert re.search(rf"(def|class) {attribute}\b", text), name
