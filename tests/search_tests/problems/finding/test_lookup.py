"""What a name means is said before anything is imported."""

import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest

from registry.core.errors import NotFoundError, UsageError
from search import Study
from search.errors import ProblemError
from search.problems.finding.lookup import find_spec_of
from search.problems.finding.resolve import load_problem

PROBLEM = """
from search import Data, Problem
def problem():
    return Problem("p", "val_loss", lambda hp: None, Data(([[1.0]], [1]), ([[1.0]], [1])))
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Give a function that writes a file below the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def write_file(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))

    yield write_file
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_names_that_are_there(write):
    write("lone.py", PROBLEM + "digits = problem()\n")
    write("far/away.py", "from beside import PROBLEM_NAME\n" + PROBLEM + "digits = problem()\n")
    write("far/beside.py", "PROBLEM_NAME = 1\n")
    assert find_spec_of("fmnist") == "fmnist"
    assert (
        find_spec_of("lone:digits")
        == find_spec_of("lone.py:digits")
        == find_spec_of("./lone.py:digits")
        == "lone:digits"
    )
    assert find_spec_of("lone.py") == "lone:digits"
    assert find_spec_of("./far/away.py:digits") == "far/away.py:digits"
    assert load_problem("far/away.py:digits") is load_problem("far/away.py:digits")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "no problem is called 'nothing'; there are: fmnist, .*or name your own as module:attr"),
        ("lone", "no installed problem is called 'lone'; for the one in the file here, say lone.py"),
        ("lon:x", "there is no module 'lon' here or in the installed packages; did you mean 'lone'"),
        ("lone.deep:x", "there is no module 'lone.deep' here"),
        ("lone:digit", "module lone has no 'digit'; did you mean 'digits'"),
        ("lone.py:digit", "module lone has no 'digit'; did you mean 'digits'"),
        ("both.py:objectiv", "module both has no 'objectiv'; did you mean 'objective'"),
        ("far/both.py:objectiv", "module far/both.py has no 'objectiv'; did you mean 'objective'"),
        ("lonely.py:x", "there is no file 'lonely.py'; did you mean 'lone.py'"),
        ("two.py", "two holds 2 problems; name one of them, as in two:a: a, b"),
        ("none.py", "none holds no search.Problem and no objective.*; write: NAME = Problem"),
    ],
)
def test_names_that_are_not(write, name, message):
    write("lone.py", PROBLEM + "digits = problem()\n")
    write("two.py", PROBLEM + "a, b = problem(), problem()\n")
    write("none.py", PROBLEM)
    write("both.py", both := PROBLEM + "digits = problem()\ndef objective(trial):\n    return 1.0\n")
    write("far/both.py", both)
    with pytest.raises(NotFoundError, match=message):
        load_problem(find_spec_of(name))


def test_a_name_that_is_made_at_run_time_is_left_to_the_import(write):
    write("made.py", PROBLEM + "globals()['dig' + 'its'] = problem()\n")
    assert find_spec_of("made:digits") == "made:digits"
    with pytest.raises(NotFoundError, match="module made has no 'digist'; did you mean 'digits'"):
        load_problem("made:digist")


def test_nothing_heavy_is_imported_for_a_wrong_name(tmp_path):
    code = (
        "import sys; from registry.core.console import run; from search.cli import app\n"
        "code = run(app, 'search', ['run', 'nosuchproblem'])\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
        "from multiprocessing import forkserver; assert forkserver._forkserver._forkserver_pid is None\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "no problem is called 'nosuchproblem'" in done.stderr


def test_a_problem_that_a_module_holds_is_named_by_it():
    from search.toy import toy as problem

    assert load_problem(find_spec_of(problem)) is problem


def test_a_problem_that_nobody_can_import():
    held_by_none = replace(load_problem("search.toy:toy"), name="p")
    with pytest.raises(ProblemError, match="the problem 'p' is held by no module, so workers cannot import it; assign"):
        Study.create("s", problem=held_by_none, trials=1)
    with pytest.raises(UsageError, match="the problem is of type int; expected 'module:attr'"):
        Study.create("s", problem=7, trials=1)


SCRIPT = (
    PROBLEM
    + """
from search import Study
digits = problem()
try:
    Study.create("s", problem=digits, trials=1, storage="sqlite:///s.db")
except Exception as error:
    if __name__ != "__main__":
        raise
    print(type(error).__name__, error)
"""
)


def run_python(*words, cwd, **options):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=cwd, **options)


def test_a_script_without_a_guard_is_told_of_it(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    done = run_python("script.py", cwd=tmp_path)
    assert done.stdout.startswith("ProblemError script runs a search while it is imported"), done.stderr
    assert 'if __name__ == "__main__":' in done.stdout
    assert not (tmp_path / "s.db").exists()
    assert "Traceback" not in done.stderr


def test_a_problem_of_a_notebook_is_told_to_move_to_a_file(tmp_path):
    done = run_python("-", cwd=tmp_path, input=SCRIPT)
    assert "ProblemError 'digits' is defined in a notebook or on the command line" in done.stdout, done.stderr
    assert "problem='mine:digits'" in done.stdout


def test_an_asynchronous_function_is_there(tmp_path, monkeypatch):
    (tmp_path / "later.py").write_text("async def objective(trial):\n    return 1.0\n")
    monkeypatch.chdir(tmp_path)
    assert find_spec_of("later:objective") == "later:objective"
