"""The origin of what was made of other versions names them, and is read again as it was written."""

import re
from datetime import UTC, datetime

import pytest

from registry import ModelVersion, Source
from registry.values.version import Weights
from search.worker.recording.origins import Origin, origin_of, parse_origin


def registered(number, weights=None, score=0.5, model="m"):
    fields = {
        "params": {},
        "metrics": {},
        "curves": {},
        "source": Source(),
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return ModelVersion(model, number, score, "loss", "min", 1, weights=weights, **fields)


def test_the_record_names_the_members():
    made = [registered(number, Weights(str(number), 1)) for number in (10, 7)]
    origin = origin_of("ensemble", [(made[0], 3), (made[1], 1)])
    assert re.fullmatch(r"ensemble:m/7\+m/10\*3#[0-9a-f]{8}", origin)
    assert origin_of("ensemble", [(made[1], 1), (made[0], 3)]) == origin


def test_the_record_stays_where_a_member_loses_its_weights():
    assert origin_of("refit", [(registered(1), 1)]) == origin_of("refit", [(registered(1, Weights("a", 1)), 1)])


def test_references_of_another_registry_are_other_members():
    here, there = registered(1), registered(1, score=0.25)
    assert origin_of("refit", [(here, 1)], 5) != origin_of("refit", [(there, 1)], 5) != origin_of("refit", [(there, 1)])


@pytest.mark.parametrize("model", ["m", "7", "mine.v2-b", "größe"])
def test_what_was_written_is_read_again(model):
    versions = [registered(number, model=model) for number in (3, 12)]
    members = ((f"{model}/3", 2), (f"{model}/12", 1))
    assert parse_origin(origin_of("ensemble", [(versions[0], 2), (versions[1], 1)])) == Origin("ensemble", members)
    assert parse_origin(origin_of("refit", [(versions[0], 1)], 5)) == Origin("refit", ((f"{model}/3", 1),))


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "mlflow:0f3a",
        "average:m/1#5f0c2a91",
        "ensemble:m/1+m/2",
        "ensemble:#5f0c2a91",
        "ensemble:m/1+#5f0c2a91",
        "ensemble:m#5f0c2a91",
        "ensemble:m@champion#5f0c2a91",
        "ensemble:m/1*0#5f0c2a91",
        "ensemble:m/1*#5f0c2a91",
        "ensemble:m/1*2*3#5f0c2a91",
        "ensemble:m/1#5f0c2a91 ",
    ],
)
def test_what_nobody_here_has_written_is_no_origin(text):
    assert parse_origin(text) is None
