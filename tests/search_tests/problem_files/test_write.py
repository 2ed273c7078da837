"""Files of problems to begin with: Python that parses, for the table that there is, never over another file."""

from __future__ import annotations

import ast
import math
import re
import shutil
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from registry.core.console import run
from registry.core.errors import NotFoundError, UsageError
from search.cli import app
from search.problem_files.table import read_table
from search.problem_files.write import KINDS, write_problem

EXAMPLES = Path(__file__).parents[3] / "examples"


def table(rows=60):
    random = np.random.default_rng(0)
    kind = np.array(["cat", "dog", "cow"])[np.arange(rows) % 3]
    return pd.DataFrame(
        {
            "id": range(rows),
            "size/cm": random.normal(50, 10, rows),
            "legs": random.integers(3, 6, rows),
            "tame": kind != "cow",
            "colour": np.array(["red", "blue", None])[random.integers(0, 3, rows)],
            "remark": [f"it was seen by {number} people" for number in range(rows)],
            "chip": [f"x{number * 7}" for number in range(rows)],
            "planet": ["earth"] * rows,
            "price": random.normal(100, 20, rows),
            "kind": kind,
        }
    )


@pytest.fixture
def csv(tmp_path):
    """Give a function that writes a table and returns its path."""

    def write(frame, **options):
        path = tmp_path / "animals.csv"
        frame.to_csv(path, index=False, **options)
        return path

    return write


def test_columns_are_told_apart_by_what_they_hold(csv):
    facts = read_table(csv(table()), "kind")
    assert facts.classes == ("cat", "cow", "dog")
    assert (facts.numbers, facts.categories, facts.texts) == (
        ["size_cm", "legs", "price"],
        ["tame", "colour"],
        ["remark"],
    )
    assert facts.left_out == {
        "id": "counts the rows",
        "chip": "another word in almost every row",
        "planet": "the same in all rows",
    }
    assert facts.equal_shares


@pytest.mark.parametrize(
    ("target", "classes"), [("price", ()), ("legs", (3, 4, 5)), ("tame", (False, True)), ("size/cm", ())]
)
def test_a_target_is_a_number_or_has_classes(csv, target, classes):
    assert read_table(csv(table()), target).classes == classes


def test_whole_numbers_of_which_hardly_any_comes_twice_are_no_classes(csv):
    assert read_table(csv(table(20).assign(age=range(30, 50))), "age").classes == ()


def test_rows_without_a_target_do_not_count_and_semicolons_will_do(csv):
    frame = table()
    frame.loc[:9, "legs"] = None
    facts = read_table(csv(frame, sep=";"), "legs")
    assert (facts.read, facts.classes) == ({"sep": ";"}, (3, 4, 5))


def test_infinite_numbers_count_as_missing(csv, tmp_path, monkeypatch):
    frame = table()
    frame.loc[:9, "price"], frame.loc[20, "size/cm"] = math.inf, -math.inf
    write_problem(tmp_path / "odd_infinite.py", "table", csv(frame), "price")
    monkeypatch.syspath_prepend(tmp_path)
    parts = import_module("odd_infinite").parts()
    assert sum(map(len, parts)) == len(frame) - 10
    assert all(math.isfinite(part[["price", "size_cm"]].mean().sum()) for part in parts)


def test_columns_that_are_not_used_are_named(csv, capsys, tmp_path):
    words = ["init", str(tmp_path / "odd_unused.py"), "--csv", str(csv(table())), "--target", "price"]
    assert run(app, "search", words) == 0
    assert capsys.readouterr().out.startswith(
        "not used: id (counts the rows); chip (another word in almost every row); planet (the same in all rows)\nwrote "
    )


def test_numbers_with_a_comma_for_a_point_are_numbers(csv, tmp_path):
    path = csv(table(), sep=";", decimal=",")
    facts = read_table(path, "price")
    assert (facts.numbers, facts.classes) == (["size_cm", "legs"], ())
    write_problem(tmp_path / "odd_decimals.py", "table", path, "price")
    assert 'pd.read_csv(CSV, sep=";", decimal=",")' in (tmp_path / "odd_decimals.py").read_text()


@pytest.mark.parametrize(
    ("name", "options", "texts"),
    [
        ("grouped", {}, ["1,200", "-900", "12,345.5"]),
        ("signed", {}, ["€ 1200", "€ -900", "€ 12345.50"]),
        ("grouped_by_points", {"sep": ";", "decimal": ","}, ["1.200 €", "-900 €", "12.345,5 €"]),
    ],
)
def test_numbers_that_stand_there_as_texts_are_numbers(csv, tmp_path, monkeypatch, name, options, texts):
    frame = table()
    frame["worth"] = frame["worth/m2"] = [*texts, None] * 15
    path = csv(frame, **options)
    facts = read_table(path, "kind")
    assert ({"worth", "worth_m2"} <= {*facts.numbers}, facts.amounts) == (True, ["worth", "worth_m2"])
    write_problem(tmp_path / f"{name}.py", "table", path, "worth")
    monkeypatch.syspath_prepend(tmp_path)
    data = import_module(name).load_data()
    assert set(data.train[1][:, 0]) == {1200, -900, 12345.5}


@pytest.mark.parametrize(
    "texts",
    [
        ["1,200", "1200", "900", "7"],
        ["1,2", "1,200", "9", "8"],
        ["€ 1", "$ 1", "€ 3", "$ 4"],
        ["€ 1", "2", "3", "4"],
        ["1,200", "no", "yes", "9"],
        ["007%", "008%", "1%", "2%"],
    ],
)
def test_texts_are_no_numbers_where_not_all_of_a_column_are_written_alike(csv, texts):
    frame = table()
    frame["worth"] = texts * 15
    facts = read_table(csv(frame), "kind")
    assert ("worth" in facts.categories, facts.amounts) == (True, [])


@pytest.mark.parametrize(
    ("frame", "target", "message"),
    [
        (table(), None, r"which column is to be predicted\? say --target with one of: id, size_cm"),
        (table(), "kinds", "has no column 'kinds'; did you mean 'kind'"),
        (table(), "planet", "'planet' is 'earth' in all rows"),
        (
            table(300),
            "chip",
            "'chip' has 300 different values in 300 rows .*; expected numbers, or 100 classes at most",
        ),
        (table(60), "chip", "'chip' has 60 different values in 60 rows .*; expected numbers, or 30 classes at most"),
        (table(6), "kind", "has 6 rows with a 'kind'; expected 20 or more"),
        (table()[["id", "kind"]], "kind", r"has no column beside 'kind' that tells anything: id \(counts the rows\)"),
        (table()[["kind"]], "kind", "has one column"),
        (table().assign(size_cm=1), "kind", "more than one column called 'size_cm', where / in a name counts as _"),
    ],
)
def test_a_table_that_cannot_be_predicted_is_refused_in_a_line(csv, frame, target, message):
    with pytest.raises((UsageError, NotFoundError), match=message):
        read_table(csv(frame), target)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is no table that pandas can read"),
        (b"\x00\xff\xfe\x01", "is no text in UTF-8"),
        (b'a,b\n"1,2\n', "is no table that pandas can read"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_a_line(tmp_path, data, message):
    path = tmp_path / "no.csv"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=f"no.csv {message}"):
        read_table(path, "a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,y\n1,2,0,8\n", "has a row of more values than its first line has names"),
        ("a,y\n1,\xe9\n", r"is no text in UTF-8 \(.*\); save it as that"),
        ("a,y\n" + "".join(f"{row},8\n" for row in range(30)), "'y' is 8 in all rows of"),
    ],
)
def test_a_table_that_pandas_would_take_in_another_way_is_refused(tmp_path, text, message):
    (tmp_path / "animals.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=message):
        read_table(tmp_path / "animals.csv", "y")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("class.py", "expected a name that Python can import"),
        ("keras.py", "another module is called 'keras' already; name another"),
        ("json.py", "another module is called 'json' already"),
    ],
)
def test_a_file_takes_no_modules_name(tmp_path, name, message):
    with pytest.raises(UsageError, match=message):
        write_problem(tmp_path / name, "own")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_python_with_nothing_left_open(tmp_path, kind):
    write_problem(tmp_path / "mine.py", kind)
    text = (tmp_path / "mine.py").read_text()
    assert "$" not in text
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    assert "Problem" in names
    assert max(map(len, text.splitlines())) <= 130


def test_a_table_is_found_from_its_problem_wherever_that_is(tmp_path, csv):
    path = csv(table())
    (tmp_path / "deep").mkdir()
    write_problem(tmp_path / "near.py", "table", path, "kind")
    write_problem(tmp_path / "deep/far.py", "table", path, "kind")
    assert 'CSV = Path(__file__).parent / "animals.csv"\n' in (tmp_path / "near.py").read_text()
    assert f'CSV = "{path}"\n' in (tmp_path / "deep/far.py").read_text()


def test_names_from_a_table_are_texts_and_no_code(csv, tmp_path):
    nasty = "x'] + [__import__('os').system('true')] # \"\"\""
    write_problem(
        tmp_path / "mine.py", "table", csv(table().rename(columns={"legs": nasty, "planet": nasty + "2"})), "kind"
    )
    tree = ast.parse((tmp_path / "mine.py").read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "__import__"]
    assert nasty.replace("/", "_") in [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]


def test_nothing_is_written_over_another_file(tmp_path):
    (tmp_path / "mine.csv").write_text("mine")
    with pytest.raises(UsageError, match=r"there is a file .*mine.csv' already, left as it is"):
        write_problem(tmp_path / "mine.py", "table")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]
    assert (tmp_path / "mine.csv").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--kind", "tabel"], "the kind is 'tabel'; expected one of: images, table, text, own"),
        (["--kind", "text", "--target", "x"], "--csv and --target are for --kind table"),
        (["my-file.py"], "expected a name that Python can import, such as mine.py"),
        (["flats"], "the file is 'flats'; expected a name that Python can import, such as flats.py"),
        (["--csv", "nowhere.csv", "--target", "x"], "there is no file 'nowhere.csv'"),
    ],
)
def test_wrong_usage_is_told(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    assert run(app, "search", ["init", *words]) != 0
    assert re.search(re.escape(message), capsys.readouterr().err)
    assert not list(tmp_path.iterdir())


def test_the_example_of_a_table_is_what_init_writes(tmp_path):
    shutil.copy(EXAMPLES / "flats.csv", tmp_path)
    write_problem(tmp_path / "flats.py", "table", tmp_path / "flats.csv", "let_within")
    written = (tmp_path / "flats.py").read_text().replace(str(tmp_path / "flats.py"), "examples/flats.py")
    assert written == (EXAMPLES / "flats.py").read_text()
