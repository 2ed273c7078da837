"""The registry's command line: what it prints, how it fails."""

from __future__ import annotations

import gc
import json
import math
import os
import stat
import subprocess
import sys

import pytest

from registry import Registry, UserError
from registry.cli import app
from registry.core.console import new_app, run, show
from registry.schema import SCHEMA
from registry.values.known_tags import CHANGES_TAG, CLASSES_TAG

KEYS = [
    "model",
    "version",
    "score",
    "metric",
    "direction",
    "epoch",
    "stop_reason",
    "seconds",
    "parameters",
    "state",
    "params",
    "metrics",
    "aliases",
    "tags",
    "description",
    "source",
    "weights",
    "curves",
    "created_at",
]


@pytest.fixture
def url(tmp_path, register):
    url = f"sqlite:///{tmp_path}/studies.db"
    with Registry(url, create=True) as registry:
        register(registry, 0.5, trial=4, curves={"val_accuracy": [0.5], "loss": [math.nan]})
        register(registry, 0.75, trial=5, tags={"team": "vision"}, params={"drop": None, "act": "[b]x[/b]"})
    return url


@pytest.fixture
def call(url, capsys):
    """Give a function that runs the program and returns exit code, stdout without the database's name, and stderr."""

    def called(*words, storage=url):
        code = run(app, "registry", [*words, "--storage", storage] if storage else list(words))
        out, err = capsys.readouterr()
        named, _, rest = out.partition("\n")
        return code, rest if named.startswith("database: ") else out, err

    return called


class TestReading:
    def test_best_json(self, call):
        code, out, err = call("best", "toy", "--json")
        found = json.loads(out)
        assert (code, err) == (0, "")
        assert list(found) == KEYS
        assert found["source"] == {
            "study": "s",
            "trial": 5,
            "seed": None,
            "problem": None,
            "data_fingerprint": None,
            "code_revision": None,
            "libraries": {},
            "origin": None,
            "imported": None,
            "accepted_changes": None,
        }
        assert (found["version"], found["score"], found["params"]) == (2, 0.75, {"act": "[b]x[/b]", "drop": None})
        assert list(found["weights"]) == ["sha256", "bytes"]

    def test_accepted_changes_of_the_problem(self, url, call, register):
        changes = "units: 8..64 became 8..32; the data's values changed"
        with Registry(url) as registry:
            register(registry, 0.6, trial=6, tags={CHANGES_TAG: changes})
        assert json.loads(call("show", "toy/3", "--json")[1])["source"]["accepted_changes"] == changes
        assert f"  changed    {changes}\n" in call("show", "toy/3")[1]
        assert "  changed    -\n" in call("show", "toy/1")[1]

    def test_nan_is_null(self, call):
        found = json.loads(call("show", "toy/1", "--json")[1])
        assert found["curves"] == {"loss": [None], "val_accuracy": [0.5]}
        assert found["metrics"]["loss"] is None

    def test_best_for_people(self, call):
        code, out, _ = call("best", "toy")
        assert code == 0
        assert out.splitlines()[0] == "toy/2  val_accuracy 0.75 at epoch 1"
        assert "act=[b]x[/b], drop=None" in out

    def test_best_by_another_metric_begins_with_that(self, url, call, register):
        with Registry(url) as registry:
            register(registry, 0.6, trial=6, curves={"val_accuracy": [0.6], "val_loss": [0.25]})
        said = call("best", "toy", "--metric", "val_loss")[1].splitlines()[0]
        assert said == "toy/3  val_loss 0.25, val_accuracy 0.6 at epoch 1"
        said = call("best", "toy", "--metric", "val_accuracy")[1].splitlines()[0]
        assert said == "toy/2  val_accuracy 0.75 at epoch 1"

    def test_the_list_leaves_out_what_classes_are_called(self, url, call, register):
        with Registry(url) as registry:
            register(registry, 0.6, trial=6, tags={CLASSES_TAG: '["Bag", "Coat"]', "team": "vision"})
        said = call("list", "toy")[1]
        assert "team=vision" in said
        assert "Bag" not in said
        assert "Bag" in call("show", "toy/3")[1]
        assert json.loads(call("list", "toy", "--json")[1])[2]["tags"]["classes"] == '["Bag", "Coat"]'

    def test_list_and_models(self, call):
        assert [line.split()[0] for line in call("list", "toy", "--best-first")[1].splitlines()] == [
            "version",
            "toy/2",
            "toy/1",
        ]
        assert call("models")[1].splitlines()[1].split() == ["toy", "2", "val_accuracy", "(max)", *"----"]
        assert [item["version"] for item in json.loads(call("list", "toy", "--json")[1])] == [1, 2]
        assert call("list", "toy", "--where", "epoch > 99")[2] == "no version fits\n"
        assert call("list", "toy", "--study", "stduy")[2].startswith("no version is of the study 'stduy'; ")
        assert json.loads(call("models", "--json")[1])[0]["versions"] == 2

    def test_compare(self, call, tmp_path):
        code, said, _ = call("compare", "toy/1", "toy/2")
        assert code == 0
        assert "toy/1" in said
        assert "toy/2" in said
        assert said.splitlines()[0].split() == ["toy/2", "toy/1"]
        assert said.splitlines()[1].split() == ["val_accuracy", "0.7500", "0.5000"]
        assert "Equal in all: " in said
        told = json.loads(call("compare", "toy/1", "toy/2", "--json")[1])
        assert {trial["version"] for trial in told["studies"][0]["trials"]} == {"toy/1", "toy/2"}
        out = tmp_path / "compare.html"
        assert call("compare", "toy/1", "toy/2", "--out", str(out))[1] == f"wrote {out}\n"
        assert "2 versions compared" in out.read_text()

    def test_a_narrow_terminal_puts_versions_below_each_other(self, call, monkeypatch):
        monkeypatch.setenv("COLUMNS", "30")
        monkeypatch.setenv("TTY_COMPATIBLE", "1")
        said = call("compare", "toy/1", "toy/2")[1]
        assert said.index("toy/2") < said.index("0.7500") < said.index("toy/1") < said.index("0.5000")

    def test_a_list_keeps_the_whole_version_and_leaves_out_what_matters_less(self, call, monkeypatch):
        monkeypatch.setenv("COLUMNS", "60")
        monkeypatch.setenv("TTY_COMPATIBLE", "1")
        code, said, err = call("list", "toy")
        head, *lines = said.splitlines()
        assert code == 0
        assert "tags" not in head
        assert "score" in head
        assert [line.split()[0].replace("\x1b[0m", "") for line in lines] == ["toy/1", "toy/2"]
        assert err.startswith("(no room for tags")
        monkeypatch.setenv("COLUMNS", "200")
        assert "tags" in call("list", "toy")[1]
        assert call("list", "toy")[2] == ""

    def test_in_a_pipe_no_line_ends_in_a_blank(self, call):
        for words in (["list", "toy"], ["compare", "toy/1", "toy/2"], ["models"]):
            assert not [line for line in call(*words)[1].splitlines() if line.endswith(" ")]

    def test_curves(self, call, tmp_path):
        out = tmp_path / "curves.svg"
        assert call("curves", "toy/1", "toy/2", "--out", str(out))[0] == 0
        assert "<svg" in out.read_text()
        assert json.loads(call("curves", "toy/1", "--json")[1])["toy/1"]["val_accuracy"] == [0.5]

    def test_load(self, call, tmp_path):
        out = tmp_path / "x.keras"
        code, text, _ = call("load", "toy", "--out", str(out), "--json")
        assert (code, json.loads(text)["ref"], out.read_bytes()) == (0, "toy/2", b"weights 0.75")
        assert stat.S_IMODE(out.stat().st_mode) & 0o044

    def test_upgrade(self, call):
        assert f"registry: {SCHEMA.head}, up to date" in call("upgrade")[1]


def test_an_alias_takes_a_number_or_a_reference(call):
    assert call("alias", "set", "toy@champion", "toy/2")[1] == "toy@champion is toy/2\n"
    assert call("alias", "set", "toy@champion", "1")[1] == "toy@champion is toy/1\n"
    for wrong in ("other/2", "0", "x", "toy/x", "toy@champion"):
        code, _, err = call("alias", "set", "toy@champion", wrong)
        assert (code, len(err.splitlines())) == (2, 1)


def test_a_metric_without_a_value_at_the_epoch_is_not_shown(call):
    code, out, _ = call("show", "toy/1")
    assert code == 0
    assert "nan" not in out


def test_alias_by_compare_and_set(call):
    assert call("alias", "set", "toy@champion", "1", "--if-currently", "none")[1] == "toy@champion is toy/1\n"
    code, out, err = call("alias", "set", "toy@champion", "2", "--if-currently", "7")
    assert (code, out) == (1, "")
    assert err.startswith("registry: toy@champion is toy/1 (")
    assert call("alias", "set", "toy@champion", "2", "--if-currently", "1")[0] == 0
    assert call("alias", "protect", "toy@champion")[1] == "toy@champion is protected\n"
    assert call("alias", "rm", "toy@champion")[0] == 1
    assert call("alias", "unprotect", "toy@champion")[1] == "toy@champion is not protected\n"
    assert call("alias", "set", "toy@champion", "1", "--if-currently", "x")[0] == 2
    moves = json.loads(call("history", "toy@champion", "--json")[1])
    assert [(move["kind"], move["from_version"], move["to_version"]) for move in moves[:2]] == [
        ("alias_set", None, 1),
        ("alias_set", 1, 2),
    ]
    assert call("history", "toy")[1].splitlines()[1].split()[2:] == ["alias", "set", "champion", "-", "1", "-"]


def test_rollback(call):
    assert call("alias", "set", "toy@best", "1", "--why", "first", "--actor", "ci")[0] == 0
    assert call("alias", "set", "toy@best", "2")[0] == 0
    back = call("rollback", "toy@best", "--why", "worse at night", "--actor", "ann")
    assert back == (0, "toy@best is toy/1 again\n", "")
    events = json.loads(call("history", "toy@best", "--json")[1])
    assert [(event["kind"], event["detail"]) for event in events] == [
        ("alias_set", "first"),
        ("alias_set", None),
        ("alias_rolled_back", "worse at night"),
    ]
    assert [event["actor"] for event in events[::2]] == ["ci", "ann"]
    code, _, err = call("rollback", "toy@best")
    assert (code, err.count("\n")) == (1, 1)
    assert call("alias", "protect", "toy@best", "--why", "served")[0] == 0
    assert call("alias", "unprotect", "toy@best", "--actor", "")[0] == 2


def test_promote(call):
    code, out, _ = call("promote", "toy/1", "--to", "champion", "--json")
    assert (code, json.loads(out)["status"]) == (0, "promoted")
    code, out, _ = call("promote", "toy", "--to", "champion", "--margin", "0.5")
    assert code == 1
    assert out == ("toy@champion not moved: toy/2 has val_accuracy 0.75 against 0.5 of toy/1: not better by 0.5\n")
    assert call("promote", "toy", "--to", "champion", "--metric", "val_accuracy")[0] == 0
    assert call("promote", "toy", "--to", "champion")[:2] == (0, "toy@champion left: the alias is on toy/2\n")


def test_describe(call, tmp_path):
    file = tmp_path / "about.md"
    file.write_text("# Toy\n\nüber alles")
    assert call("describe", "toy", "--file", str(file))[1] == "toy: described\n"
    assert call("describe", "toy/1", "--text", "[b]the first[/b]")[0] == 0
    assert call("tag", "set", "toy", "team", "vision")[1] == "toy: team=vision\n"
    shown = call("show", "toy/1")[1]
    assert "\n[b]the first[/b]\n" in shown
    assert shown.endswith("\nThe model toy:\n\n# Toy\n\nüber alles\n")
    assert json.loads(call("show", "toy/1", "--json")[1])["description"] == "[b]the first[/b]"
    model = json.loads(call("models", "--json")[1])[0]
    assert (model["tags"], model["protected"]) == ({"team": "vision"}, [])
    assert call("models")[1].splitlines()[1].rstrip().endswith("team=vision  # Toy")
    assert call("describe", "toy/1", "--text", "")[1] == "toy/1: the description is removed\n"
    assert call("describe", "toy/1")[0] == 2
    assert call("describe", "toy/1", "--file", str(tmp_path))[0] == 1


def test_alias_and_tag(call):
    assert call("alias", "set", "toy@champion", "1")[1] == "toy@champion is toy/1\n"
    assert json.loads(call("show", "toy@champion", "--json")[1])["aliases"] == ["champion"]
    assert call("alias", "rm", "toy@champion")[0] == 0
    assert call("tag", "set", "toy/1", "note", "fine")[1] == "toy/1: note=fine\n"
    assert call("tag", "rm", "toy/1", "note")[0] == 0


ERRORS = [
    (["best", "toi"], 1, "registry: there is no registered model 'toi'; did you mean 'toy'?"),
    (["best", "toy", "--metric", "los"], 1, "registry: no version of 'toy' has a value of the metric 'los'; "),
    (["best", "toy", "--direction", "up"], 2, "registry: --direction is 'up'; expected 'max' or 'min'"),
    (
        ["artifacts", "memory://x"],
        2,
        "registry: what is in memory://x ends with each process; expected a folder, or such",
    ),
    (["show", "toy/9"], 1, "registry: the model 'toy' has no version 9; its versions go from 1 to 2"),
    (["show", "toy/x"], 2, "registry: 'toy/x' names no version; expected MODEL, MODEL/3 or MODEL@ALIAS"),
    (
        ["compare", "toy/1"],
        2,
        "registry: there is 1 version to compare; expected two or more, such as fmnist/1 fmnist/2",
    ),
    (["curves", "toy"], 2, "registry: nowhere to draw to: add --out FILE.png, or --json for the numbers"),
    (["curves", "toy", "--out", "x.txt"], 2, "registry: cannot draw to 'x.txt'; expected a name that ends in"),
    (["curves", "toy", "--out", "x.png", "--metric", "auc"], 1, "registry: no curve of 'auc'; there are: "),
    (["load", "toy", "--out", "/nowhere/x.keras"], 1, "registry: cannot write /nowhere/x.keras: No such file"),
    (["load", "toy", "--out", "x.h5"], 2, "registry: --out is 'x.h5'; Keras reads only names that end in .keras"),
    (["load-check", "toy"], 1, "registry: toy/2 cannot be loaded: Keras "),
    (["alias", "set", "toy", "1"], 2, "registry: 'toy' names no alias; expected MODEL@ALIAS"),
    (["bset", "toy"], 2, "registry: No such command 'bset'. Did you mean 'best'? (see `registry --help`)"),
    (["best"], 2, "registry: Missing argument 'MODEL' (see `registry best --help`)"),
    (["list", "toy", "--limit", "0"], 2, "registry: --limit is '0'; expected a value greater than or equal to 1 (see "),
    (["list", "toy", "--limit", "x"], 2, "registry: --limit is 'x'; expected a valid integer (see `registry list --"),
    (["best", "\udcff"], 2, r"registry: '\udcff' is no text in UTF-8; write it so, or set LANG=C.UTF-8"),
    (["hook", "rm", "x"], 2, "registry: ID is 'x'; expected a valid integer (see `registry hook rm --help`)"),
]


@pytest.mark.parametrize(("words", "code", "line"), ERRORS, ids=[" ".join(words) for words, _, _ in ERRORS])
def test_an_error_is_one_line(call, words, code, line):
    found, out, err = call(*words)
    assert (found, out) == (code, "")
    assert err.startswith(line)
    assert err.count("\n") == 1


class TestDatabases:
    def test_reading_makes_no_file(self, call, tmp_path):
        code, _, err = call("models", storage=f"sqlite:///{tmp_path}/none.db")
        assert (code, err.count("\n")) == (1, 1)
        assert f"there is no database {tmp_path}/none.db; start a search first" in err
        assert not (tmp_path / "none.db").exists()

    @pytest.mark.parametrize(
        ("storage", "said"),
        [
            ("nonsense", "the storage is not a database URL"),
            ("mysql://u:secret@h/x", "the storage is a 'mysql' URL; expected sqlite:/// or postgresql://"),
            ("postgresql://u:secret@127.0.0.1:1/x", "check the URL and that the server runs"),
        ],
    )
    def test_wrong_urls(self, call, storage, said):
        code, _, err = call("models", storage=storage)
        assert (code, err.count("\n")) == (1, 1)
        assert said in err
        assert "secret" not in err

    def test_a_file_that_is_no_database(self, call, tmp_path):
        (tmp_path / "x.db").write_text("hello" * 1000)
        code, _, err = call("models", storage=f"sqlite:///{tmp_path}/x.db")
        assert code == 1
        assert "file is not a database; the file is something else" in err

    def test_an_empty_database(self, call, tmp_path):
        (tmp_path / "x.db").touch()
        assert "holds no registry tables; start a search" in call("models", storage=f"sqlite:///{tmp_path}/x.db")[2]

    def test_read_only_by_url(self, call, tmp_path):
        storage = f"sqlite:///file:{tmp_path}/studies.db?mode=ro&uri=true"
        assert json.loads(call("best", "toy", "--json", storage=storage)[1])["version"] == 2
        code, _, err = call("alias", "set", "toy@a", "1", storage=storage)
        assert code == 1
        assert "it is read-only: give yourself the right to write" in err

    def test_read_only_folder(self, url, tmp_path):
        done = subprocess.run([sys.executable, "-c", UNPRIVILEGED, url, str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[0] == "toy/2  val_accuracy 0.75 at epoch 1"
        assert "it is read-only: give yourself the right to write" in done.stderr
        assert sorted(path.name for path in tmp_path.iterdir()) == ["studies.db"]


# As root the modes of files do not count, so root becomes somebody else.
UNPRIVILEGED = """
import os, sys
from pathlib import Path
from registry.cli import app
from registry.core.console import run
url, folder = sys.argv[1:]
run(app, "registry", ["best", "toy", "--storage", url])  # everything is imported now
sys.stdout.flush()
ways = [path for path in [Path(folder), *Path(folder).parents] if path.stat().st_uid == os.geteuid()]
modes = [path.stat().st_mode for path in ways]
for path, mode in zip(ways, modes):
    path.chmod(mode | 0o555)
Path(folder).chmod(0o555)
Path(folder, "studies.db").chmod(0o444)
if os.geteuid() == 0:
    os.seteuid(65534)
first = run(app, "registry", ["best", "toy", "--storage", url])
second = run(app, "registry", ["alias", "set", "toy@a", "1", "--storage", url])
if os.getuid() == 0:
    os.seteuid(0)
for path, mode in zip(ways, modes):
    path.chmod(mode)
sys.exit(0 if (first, second) == (0, 1) else 3)
"""


class TestConsole:
    def test_a_file_that_cannot_be_is_one_line(self, call):
        code, out, err = call("backup", "x" * 5000)
        assert (code, out, err) == (
            1,
            "",
            f"registry: {'x' * 100}: File name too long; check its name, and that you may use it\n",
        )

    def test_a_fault_is_one_line_and_debug_shows_it(self, capsys):
        broken = new_app("Broken.")

        @broken.command("go")
        def go():
            raise ZeroDivisionError("by\nzero")

        @broken.command("other")
        def other():
            raise UserError("two\nlines")

        assert run(broken, "broken", ["go"]) == 1
        assert capsys.readouterr().err == (
            "broken: ZeroDivisionError: by zero; this is a fault of the program: --debug shows where\n"
        )
        assert run(broken, "broken", ["other"]) == 1
        assert capsys.readouterr().err == "broken: two lines\n"
        with pytest.raises(ZeroDivisionError):
            run(broken, "broken", ["--debug", "go"])

    def test_ctrl_c_is_quiet(self, capsys):
        stopped = new_app("Stopped.")

        @stopped.command("go")
        def go():
            raise KeyboardInterrupt

        @stopped.command("other")
        def other():
            pass

        assert run(stopped, "stopped", ["go"]) == 130
        assert capsys.readouterr().err == ""

    def test_a_reader_that_goes_is_no_error(self, url):
        command = f"{sys.executable} -m registry list toy --json --storage {url} | true"
        done = subprocess.run(command, shell=True, capture_output=True, text=True, env={**os.environ})
        assert done.stderr == ""

    @pytest.mark.parametrize("words", [[], ["--help"], ["best", "--help"], ["alias", "set", "--help"]])
    def test_help(self, call, words):
        code, out, err = call(*words, storage=None)
        assert (code, err) == (0, "")
        assert "Usage: registry" in out

    def test_every_command_has_help(self):
        import typer

        command = typer.main.get_command(app)
        for name, sub in command.commands.items():
            assert sub.help, name

    def test_show(self):
        assert show([0.1 + 0.2, None]) == "0.3, -"


HEAVY = (
    "keras tensorflow optuna keras_tuner pandas alembic matplotlib rich numpy sklearn h5py jinja2 fpdf sqlalchemy.orm "
    "starlette uvicorn registry.hooks registry.labels.requests registry.labels.approval urllib.request"
)


@pytest.mark.parametrize("command", ["best toy", "best toy --json", "show toy/1"])
def test_a_question_imports_nothing_heavy(url, command):
    code = (
        "import sys; from registry.cli import app; from registry.core.console import run; "
        f"code = run(app, 'registry', {[*command.split(), '--storage', url]!r}); "
        f"print([name for name in {HEAVY.split()!r} if name in sys.modules]); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_door_imports_nothing():
    code = "import sys, registry; print(sorted(n for n in sys.modules if n.startswith(('registry', 'sqlalchemy'))))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['registry']\n"


def test_the_door_is_whole():
    import registry

    assert registry.__all__ == sorted(registry.__all__)
    for name in registry.__all__:
        assert getattr(registry, name).__name__.rpartition(".")[2] == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = registry.nothing


def test_garbage_is_looked_for_once_a_program_has_started():
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
