"""A cell of a notebook becomes a file that workers import."""

import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from registry.core.errors import UsageError
from search.problems.finding.lookup import find_spec_of

CELL = """from search import Objective, Problem
from search.toy import load_data, make_hypermodel

cells = Problem("cells", Objective("val_accuracy", "max"), make_hypermodel, load_data)
size = 3
"""


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Give an IPython in an empty folder, which forgets afterwards what its cells were."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "search.notebook")
    yield shell
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


def test_a_cell_is_written_to_a_file_and_runs_from_there(shell, tmp_path, capsys):
    shell.run_cell_magic("problem", "mine_in_cell.py", CELL)
    assert capsys.readouterr().out == f"{tmp_path}/mine_in_cell.py: problem='mine_in_cell:cells'\n"
    assert shell.user_ns["size"] == 3
    assert find_spec_of(shell.user_ns["cells"]) == "mine_in_cell:cells"


def test_a_cell_that_is_run_again_replaces_the_file(shell):
    shell.run_cell_magic("problem", "again_in_cell", CELL)
    shell.run_cell_magic(
        "problem", "again_in_cell", CELL.replace("size = 3", "size = 4")
    )  # of one length, in one second
    assert shell.user_ns["size"] == 4


def test_without_a_name_the_file_is_called_problem(shell, tmp_path):
    shell.run_cell_magic("problem", "", "nothing = None\n")
    assert (tmp_path / "problem.py").is_file()


def test_a_cell_with_a_fault_leaves_the_file(shell, tmp_path):
    shell.run_cell_magic("problem", "kept_in_cell", CELL)
    with pytest.raises(SyntaxError):
        shell.run_cell_magic("problem", "kept_in_cell", "def (")
    assert (tmp_path / "kept_in_cell.py").read_text().endswith(CELL)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("json", "another module is called 'json' already"),
        ("this", "another module is called 'this' already"),
        ("class", "expected a name of letters, digits and underscores"),
        ("../up.py", "expected a name of letters, digits and underscores"),
        ("two words.py", "expected a name of letters, digits and underscores"),
        ("there.py", "no %%problem wrote it"),
    ],
)
def test_names_that_are_refused(shell, tmp_path, name, said):
    (tmp_path / "there.py").write_text("mine = 1\n")
    with pytest.raises(UsageError, match=said):
        shell.run_cell_magic("problem", name, CELL)
    assert (tmp_path / "there.py").read_text() == "mine = 1\n"
