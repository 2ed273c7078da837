"""Help: an example for every command, defaults said one way, flags without a type, the version."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pytest

from fmnist.commands.examples import EXAMPLES as OF_FMNIST
from registry.commands.arguments import model_names
from registry.commands.examples import EXAMPLES as OF_REGISTRY
from registry.core.console import run
from search.commands.help.completion import problem_names, study_names
from search.commands.help.examples import EXAMPLES as OF_SEARCH
from search.commands.help.examples import PANELS
from tests.support.commands import APPS, COMMANDS, fault, refusal

EXAMPLES = {"search": OF_SEARCH, "registry": OF_REGISTRY, "fmnist": OF_FMNIST}


def test_every_command_has_an_example() -> None:
    assert {f"{program} {name}" for program, those in EXAMPLES.items() for name in those} == set(COMMANDS)


@pytest.mark.parametrize("line", [line for those in EXAMPLES.values() for line in those.values()])
def test_an_example_is_a_command_that_there_is(line: str) -> None:
    assert fault(line) is None
    assert refusal(line) is None


def test_help_says_defaults_one_way_and_no_type_of_a_flag(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert run(APPS["search"], "search", ["run", "--help"], OF_SEARCH, PANELS) == 0
    said = capsys.readouterr().out
    assert "[default" not in said
    assert "(default)" not in said
    assert "Workers that share a GPU (1)." in " ".join(said.split())
    assert "--accept-changes <bool>" not in " ".join(said.split())
    assert "The search" in said
    assert f"Example: {OF_SEARCH['run']}" in said


def test_every_option_of_a_search_is_in_a_group() -> None:
    grouped = {name for names in PANELS.values() for name in names.split()}
    own = {parameter.name for parameter in COMMANDS["search run"].params}
    assert own - grouped == {"problem", "report", "storage"}
    assert grouped - own == {"like"}


@pytest.mark.parametrize("program", EXAMPLES)
def test_each_program_tells_its_version(program: str, capsys: Any) -> None:
    assert run(APPS[program], program, ["--version"]) == 0
    assert capsys.readouterr().out == f"{program} {version('studies')}\n"


class Line:
    """A command line so far, as a shell gives it to be completed."""

    def __init__(self, storage: str) -> None:
        self.params = {"storage": storage}


def test_a_shell_completes_names() -> None:
    line: Any = Line("sqlite:///studies.db")
    assert study_names(line, "fmnist-reference-wide") == [
        "fmnist-reference-wide",
        "fmnist-reference-wide-confirm",
        "fmnist-reference-wide-taught",
    ]
    assert model_names(line, "fm") == ["fmnist"]
    assert problem_names("fmnist-w") == ["fmnist-wide"]


def test_without_a_database_there_is_nothing_to_complete() -> None:
    line: Any = Line("sqlite:///none/at-all.db")
    assert study_names(line, "") == model_names(line, "") == []
