"""A version's card says what its record says, as Markdown and as a page, and nothing else."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from registry import Registry, Source
from registry.cli import app
from registry.core.console import run
from registry.reports.card import card, to_html, to_text
from registry.values.known_tags import CLASSES_TAG, CONFIRM_TAG
from registry.values.recipes.recipe import Recipe

NASTY = "<script>alert(1)</script> | `x` [y](z)"
RECIPE = Recipe(
    problem="mine:p", settings={"patience": 3, "confirms": None}, source={"mine.py": "x = 1\n"}, processor="AMD EPYC"
)


def registered(registry: Registry, **given):
    fields = {
        "weights": b"bytes",
        "metric": "val_accuracy",
        "direction": "max",
        "score": 0.75,
        "epoch": 2,
        "params": {"rate": 0.1 + 0.2, "act": NASTY, "drop": None},
        "curves": {"val_accuracy": [0.5, 0.75], "val_loss": [0.9, math.nan], "parameters": [1215370.0] * 2},
        "source": Source("s", 1, 11, "mine:p", "d1", "abc-dirty", {"keras": "3.15.1"}),
        "stop_reason": "max_epochs",
        "parameters": 1234,
        "recipe": RECIPE.to_bytes(),
        "tags": {"licence": "MIT", "test_accuracy": "0.71", CLASSES_TAG: '["cat", "dog"]', "team": "vision"},
    }
    return registry.register("toy", **fields | given)


def url_of(registry: Registry) -> str:
    return registry._engine.url.render_as_string(hide_password=False)


def test_it_says_all_that_was_recorded(registry: Registry) -> None:
    registered(registry)
    registry.set_alias("toy", "champion", 1)
    text = to_text(card("toy@champion", storage=url_of(registry)))
    for line in (
        "# toy/1",
        "* aliases: champion",
        "* licence: MIT",
        "* numbers that it learns: 1,234",
        "* tags: team=vision",
        "* rate: 0.30000000000000004",
        "* drop: None",
        "* val\\_accuracy: 0.7500",
        "* test\\_accuracy: 0.7100",
        "* classes: cat, dog",
        "* hash: d1",
        "| 2 (best) | 1,215,370 | 0.75 | NaN |",
        "* parameters: 1,215,370",
        "* ended by: max\\_epochs",
        "* study: s",
        "* seed: 11",
        "* code: abc-dirty",
        "* keras: 3.15.1",
        "* processor: AMD EPYC",
        "* source: mine.py",
        "* patience: 3",
    ):
        assert line in text.splitlines(), line
    assert "registry reproduce toy/1 --storage" in text
    assert "registry load toy/1 --out toy-1.keras" in text


def test_parameters_are_counted(sqlite_registry: Registry) -> None:
    registered(sqlite_registry, curves={"val_accuracy": [0.5, 0.75], "parameters": [1234.0, 1234.0]})
    assert "* parameters: 1,234" in to_text(card("toy/1", storage=url_of(sqlite_registry))).splitlines()


def test_what_was_not_recorded_is_left_out(sqlite_registry: Registry) -> None:
    sqlite_registry.register("toy", weights=None, metric="val_loss", direction="min", score=math.nan, epoch=1)
    text = to_text(card("toy/1", storage=url_of(sqlite_registry)))
    assert set(re.findall(r"^## (.*)$", text, re.MULTILINE)) == {"The model", "Results"}
    for word in ("licence", "seed", "study", "reproduce", "weights", "processor", "registry load", "Params"):
        assert word not in text, word
    assert "val\\_loss no score at epoch 1" in text


def test_seeds_and_their_spread_are_told(sqlite_registry: Registry) -> None:
    for trial, score in enumerate((0.7, 0.75, 0.8)):
        source = Source("s-confirm", trial, 100 + trial)
        curves = {"val_accuracy": [0.5, score]}
        registered(
            sqlite_registry,
            score=score,
            source=source,
            curves=curves,
            tags={CONFIRM_TAG: "s", "teacher": "m/7#0f3a5c7d9e1b"},
        )
    text = to_text(card("toy/1", storage=url_of(sqlite_registry)))
    assert "Mean 0.7500, standard deviation 0.05000." in text.replace("\\", "")
    assert "| toy/3 | 102 | 0.8000 |" in text
    assert "* confirms the study: s" in text
    assert "* learnt from the predictions of: m/7\\#0f3a5c7d9e1b\n" in text


def test_texts_of_users_are_only_text(sqlite_registry: Registry) -> None:
    registered(sqlite_registry)
    sqlite_registry.describe("toy/1", NASTY)
    page = card("toy/1", storage=url_of(sqlite_registry))
    html, text = to_html(page), to_text(page)
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
    assert "<script>" not in text
    assert "Content-Security-Policy" in html
    assert html.count("<svg") >= 2


def test_the_command_prints_it_or_writes_it(sqlite_registry: Registry, tmp_path: Path, capsys) -> None:
    registered(sqlite_registry)
    url = url_of(sqlite_registry)
    assert run(app, "registry", ["card", "toy", "--storage", url]) == 0
    printed = capsys.readouterr().out
    assert printed == to_text(card("toy", storage=url))
    assert run(app, "registry", ["card", "toy", "--storage", url, "--out", str(tmp_path / "card.md")]) == 0
    assert (tmp_path / "card.md").read_text() == printed
    assert run(app, "registry", ["card", "toy", "--storage", url, "--out", str(tmp_path / "card.html")]) == 0
    assert (tmp_path / "card.html").read_text().startswith("<!doctype html>")
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["card", "toy/9"], 1, "has no version 9"),
        (["card", "toy", "--out", "card.pdf"], 2, "cannot write a card to 'card.pdf'; expected a name that ends"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(sqlite_registry: Registry, capsys, words, code, said) -> None:
    registered(sqlite_registry)
    assert run(app, "registry", [*words, "--storage", url_of(sqlite_registry)]) == code
    assert said in capsys.readouterr().err
