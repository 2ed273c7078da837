"""The documents name only what there is, and leave no command out; nothing here imports TensorFlow."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from support.commands import COMMANDS, EVERYWHERE, PROGRAMS, fault, options

from registry.values.stop_reason import StopReason
from search.optuna_bridge.pruners import PRUNERS
from search.optuna_bridge.samplers import SAMPLERS
from search.records.settings import Settings

TOP = Path(__file__).resolve().parents[2]
DOCUMENTS = [TOP / "README.md", TOP / "CHANGELOG.md", *sorted((TOP / "docs").glob("*.md"))]


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield what is fenced, with its language, and what is indented by four, as ``sh``."""
    yield from re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    unfenced = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for indented in re.findall(r"(?:^    .+\n)+", unfenced, re.MULTILINE):
        yield "sh", re.sub(r"^    ", "", indented, flags=re.MULTILINE)


def examples(text: str) -> Iterator[str]:
    """Yield the lines that call one of our programs: in blocks of shell, and in backticks."""
    programs = "|".join(PROGRAMS)
    for language, body in blocks(text):
        if language == "sh":
            yield from re.findall(rf"^(?:{programs}) .*$", body, re.MULTILINE)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(rf"`((?:{programs}) [^`]+)`", prose)


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as they are made on the web."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_only_commands_and_options_that_there_are(document: Path) -> None:
    assert [found for line in examples(document.read_text()) if (found := fault(line))] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_option_in_a_document_belongs_to_some_command(document: Path) -> None:
    known = EVERYWHERE | {option for command in COMMANDS.values() for option in options(command)}
    named = set(re.findall(r"`(--[a-z][a-z-]*)", document.read_text()))
    assert named - known == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_samples_open_the_database_that_commands_open(document: Path) -> None:
    assert 'Registry("sqlite:///studies.db"' not in document.read_text()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text()):
        if target.startswith("https://"):
            continue  # what is elsewhere is not asked for
        path, _, anchor = target.partition("#")
        linked = (document.parent / path).resolve() if path else document
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_in_a_document_parses_and_imports_what_there_is(document: Path) -> None:
    import registry
    import search

    doors = {"registry": registry, "search": search}
    for language, body in blocks(document.read_text()):
        if language != "python":
            continue
        for node in ast.walk(ast.parse(body)):
            if isinstance(node, ast.ImportFrom) and node.module in doors:
                missing = [alias.name for alias in node.names if alias.name not in doors[node.module].__all__]
                assert missing == []


def test_make_targets_in_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (TOP / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^    |`)make ([a-z-]+)", (TOP / "README.md").read_text(), re.MULTILINE))
    assert {"search", "test"} <= named <= targets


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_lists_every_command(name: str) -> None:
    assert f"| `{name}` |" in (TOP / "README.md").read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    silent = [
        parameter.name
        for parameter in command.params
        if parameter.opts[0].startswith("--") and not getattr(parameter, "help", None)
    ]
    assert silent == []


@pytest.mark.parametrize("name", ["search run", "search create"])
def test_the_page_on_searching_explains_every_option(name: str) -> None:
    text = (TOP / "docs/search.md").read_text()
    assert {option for option in options(COMMANDS[name]) if f"`{option}" not in text} <= EVERYWHERE


def test_the_page_on_searching_tells_every_setting_and_its_default() -> None:
    rows = re.findall(r"^\| .+? \| `(\w+)` \| (\S+) \|", (TOP / "docs/search.md").read_text(), re.MULTILINE)
    assert dict(rows) == {field.name: str(field.default) for field in fields(Settings)}


@pytest.mark.parametrize("word", [*SAMPLERS, *PRUNERS, *(reason.value for reason in StopReason)])
def test_the_page_on_searching_explains_every_sampler_pruner_and_stop_reason(word: str) -> None:
    assert f"\n| `{word}` |" in (TOP / "docs/search.md").read_text()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("search run fmnist --trials 4  # a remark", None),
        ("search runn fmnist", "search has no command 'runn'"),
        ("registry best fmnist --wher x", "registry best has no --wher"),
        ("registry alias move a 1", "registry alias has no command 'move'"),
    ],
)
def test_a_wrong_line_would_be_found(line: str, found: str | None) -> None:
    assert fault(line) == found
