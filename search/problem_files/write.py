"""Write the file of a problem to begin with: for images, a table, texts, or anything."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from registry.core.atomic_file import whole_file
from registry.core.errors import UsageError
from search.problem_files.names import is_module_name, is_taken
from search.problem_files.table import TableFacts, listed, read_table

KINDS = ("images", "table", "text", "own")
EXAMPLE_TARGET = "kind"
LONGEST_LINE = 100


@dataclass(frozen=True)
class Written:
    """What was written.

    Args:
        files: the problem's, and an example's table.
        left_out: a table's columns that the problem does not use, with the reason.
    """

    files: tuple[Path, ...]
    left_out: dict[str, str]


def write_problem(path: Path, kind: str, csv: Path | None = None, target: str | None = None) -> Written:
    """Write a problem that runs at once, with comments; return what was written.

    Args:
        path: of the file; there must be none yet.
        kind: one of `KINDS`. A ``table`` without a CSV file gets one: scikit-learn's 178 wines.
        csv: the table.
        target: its column to predict.

    Raises:
        UsageError: a kind that there is not, a file that is there already, or a table that cannot be predicted.
        NotFoundError: no such table or column.
    """
    if kind not in KINDS:
        raise UsageError(f"the kind is {kind!r}; expected one of: {', '.join(KINDS)}")
    if kind != "table" and (csv or target):
        raise UsageError(f"--csv and --target are for --kind table, and the kind is {kind!r}")
    _check_name(path)
    written = [path]
    values, left_out = {"spec": os.path.normpath(path), "name": path.stem}, {}
    if kind == "table":
        if csv is None:
            csv, target = path.with_suffix(".csv"), EXAMPLE_TARGET
            written.append(csv)
        _check_new(*written)
        if csv in written:
            _write(csv, _wines())
        facts = read_table(csv, target)
        values, left_out = values | _of_table(facts, _place(csv, path), csv.name), facts.left_out
    _check_new(path)
    template = Template((files("search.problem_files") / f"{kind}.txt").read_text())
    _write(path, template.substitute(values))
    return Written(tuple(written), left_out)


def _write(path: Path, text: str) -> None:
    with whole_file(path) as file:
        file.write(text.encode())


def _check_name(path: Path) -> None:
    if path.suffix != ".py" or not is_module_name(path.stem):
        such = f"{path.stem}.py" if is_module_name(path.stem) else "mine.py"
        raise UsageError(f"the file is {str(path)!r}; expected a name that Python can import, such as {such}")
    if is_taken(path):
        raise UsageError(f"another module is called {path.stem!r} already; name another file: search init FILE")


def _check_new(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise UsageError(f"there is a file {str(path)!r} already, left as it is; name another: search init FILE")


def _wines() -> str:
    """Return a table that comes with scikit-learn, as CSV."""
    from sklearn.datasets import load_wine

    wines = load_wine(as_frame=True)
    table = wines.frame.drop(columns="target")
    table[EXAMPLE_TARGET] = [f"cultivar {number + 1}" for number in wines.target]
    return str(table.to_csv(index=False))


def _place(csv: Path, path: Path) -> str:
    """Return the expression that finds the table from the file, or else where it is."""
    relative = os.path.relpath(csv.resolve(), path.resolve().parent)
    return (
        _literal(str(csv.resolve())) if relative.startswith("..") else f"Path(__file__).parent / {_literal(relative)}"
    )


def _of_table(facts: TableFacts, place: str, file: str) -> dict[str, str]:
    """Return what a table's file says of it."""
    return {
        "csv": place,
        "target": _literal(facts.target),
        "target_name": re.sub(r"[^\w ()%.-]", "_", f"{facts.target} of {file}"),
        "numbers": _list(facts.numbers),
        "categories": _list(facts.categories),
        "texts": _list(facts.texts),
        "amounts": f"AMOUNTS = {_list(facts.amounts)}  # numbers that stand there as 1,200 or € 12\n"
        if facts.amounts
        else "",
        "amounts_read": _amounts_read(facts.read.get("decimal", ".")) if facts.amounts else "",
        "left_out": re.sub(r"[^\w ();,%.-]", "_", listed(facts.left_out)) or "nothing",
        "read": ", ".join(f"{name}={_literal(value)}" for name, value in facts.read.items()),
        "equal_shares": ", with equal shares of each class" if facts.equal_shares else "",
        "stratify": ", stratify=table[TARGET]" if facts.equal_shares else "",
        **(_CLASSES if facts.classes else _NUMBER),
        "classes": f"CLASSES = {_list(facts.classes)}" if facts.classes else "",
    }


def _amounts_read(decimal: str) -> str:
    """Return the line that makes numbers of the texts in `AMOUNTS`."""
    point = "" if decimal == "." else f'.replace("{decimal}", ".", regex=True)'
    return f'    table[AMOUNTS] = table[AMOUNTS].replace("[^0-9{decimal}-]", "", regex=True){point}.astype(float)\n'


def _list(values: Iterable[object]) -> str:
    """Return a list as Python writes it, in one line or, where that is too long, a value a line."""
    items = list(map(_literal, values))
    line = f"[{', '.join(items)}]"
    return line if len(line) <= LONGEST_LINE else "[\n" + "".join(f"    {item},\n" for item in items) + "]"


def _literal(value: object) -> str:
    """Return a value as Python writes it; a text in double quotes, whose escapes are those of JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


_CLASSES = {
    "target_of": '''def target_of(table):
    """Return the place of each row's class in `CLASSES`."""
    return table[TARGET].map({value: place for place, value in enumerate(CLASSES)}).to_numpy("int64")''',
    "output": """    model = keras.Model(inputs, keras.layers.Dense(len(CLASSES), activation="softmax")(x))
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model""",
    "objective": '"val_accuracy", "max"',
    "class_names": "\n    class_names=CLASSES,",
}
_NUMBER = {
    "target_of": '''def target_of(table):
    """Return the target as an array of shape (rows, 1)."""
    return table[[TARGET]].to_numpy("float32")''',
    "output": """    target = parts()[0][TARGET]
    outputs = keras.layers.Rescaling(target.std(), offset=target.mean())(keras.layers.Dense(1)(x))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(rate), "mse", metrics=["mae"])
    return model""",
    "objective": '"val_mae", "min"',
    "class_names": "",
}
