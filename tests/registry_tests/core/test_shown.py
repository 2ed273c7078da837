"""What people read: numbers that differ look different, and control characters are not obeyed."""

from __future__ import annotations

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import Registry
from registry.cli import app
from registry.core.console import json_text, run
from registry.core.database.url import parse_url, pasted_url
from registry.core.numbers import number_format, number_text, significant_format
from registry.core.plain_text import csv_value, plain_text, single_line

EVIL = "\x1b]0;x\x07"


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=10, unique=True))
def test_the_first_ten_never_look_equal(numbers):
    numbers = [number + 0.0 for number in numbers]
    for write in (number_format(numbers), significant_format(numbers)):
        assert len({write(number) for number in numbers}) == len(set(numbers))


def test_large_numbers_have_thousands_apart_and_no_powers_of_ten():
    write = number_format([31112.5, 32864.8, 1030941.2, 1054212.7, 4083570.0])
    assert [write(number) for number in (31112.5, 1752.3, 1030941.2)] == ["31,112", "1,752", "1,030,941"]
    accuracies = number_format([0.5, 0.6, 0.7])
    assert [accuracies(number) for number in (0.5, 1e9, 1e30)] == ["0.5000", "1,000,000,000", "1e+30"]
    close = number_format([1031094.1, 1031094.3])
    assert close(1031094.1) != close(1031094.3)


def test_a_number_that_is_not_zero_does_not_look_like_it():
    losses = [index * 1e-9 for index in range(1, 13)]
    write = number_format([*losses, *[0.5] * 20])
    assert len({write(loss) for loss in losses}) == 12
    assert [number_text(number) for number in (1e-9, 0.0, 0.89321, 1234567.0)] == [
        "1e-09",
        "0.0000",
        "0.8932",
        "1,234,567",
    ]


@given(st.text())
def test_nothing_printed_is_obeyed(text):
    assert all(letter.isprintable() or letter in "\n\t" or ord(letter) > 0x9F for letter in plain_text(text))
    assert "\n" not in single_line(text)
    assert json.loads(json_text(text)) == text


def test_formulas_are_texts():
    assert [csv_value(value) for value in ("=a", "+a", "@a", "a=", -1, None)] == ["'=a", "'+a", "'@a", "a=", -1, None]


@pytest.mark.parametrize("words", [["list", "toy"], ["show", "toy/1"], ["models"], ["history", "toy"], ["best", "toy"]])
def test_no_command_prints_what_a_terminal_obeys(words, tmp_path, register, capsys):
    url = f"sqlite:///{tmp_path}/s.db"
    with Registry(url, create=True) as registry:
        register(registry, 0.5, trial=1, study="=cmd()", tags={"t": EVIL})
        registry.set_tag("toy", "t", EVIL)
        registry.describe("toy", EVIL)
        registry.describe("toy/1", EVIL)
    assert run(app, "registry", [*words, "--storage", url]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"\x1b]0;x\x07" in out or words == ["history", "toy"]
    assert run(app, "registry", ["list", "toy", "--format", "csv", "--storage", url]) == 0
    assert "'=cmd()" in capsys.readouterr().out
    assert run(app, "registry", ["show", f"a{EVIL}", "--storage", url]) == 2
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///a folder/it's;touch x $(y) `z` & *?.db",
        "postgresql://ann@db/studies?host=/run/pg&sslmode=require",
    ],
)
def test_a_url_in_a_printed_command_is_one_word_for_a_shell(url):
    (word,) = shlex.split(pasted_url(url))
    assert parse_url(word) == parse_url(url)


def test_a_url_in_a_printed_command_holds_no_secret_nor_a_mark_in_its_place():
    assert pasted_url("postgresql://ann:x@db/studies?password=x") == "postgresql+psycopg://ann@db/studies"
