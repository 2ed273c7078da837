"""Whatever a model's own code raises while it is made ready for the registry, its trial keeps its score."""

from __future__ import annotations

from typing import Any

import pytest

from registry.values.known_tags import NO_WEIGHTS_TAG
from search.worker.recording.winner import attempted, winner_of


class Raises:
    """A model whose own code raises as soon as it is looked at."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def _flatten_layers(self) -> Any:
        raise self._error


@pytest.mark.parametrize("error", [ValueError("no config"), SystemExit("no config"), BaseException("no config")])
def test_a_model_that_cannot_be_written_becomes_a_version_that_says_why(error: BaseException) -> None:
    winner = winner_of(Raises(error), None)
    assert winner.weights is None
    assert f"{type(error).__name__}: no config" in winner.tags[NO_WEIGHTS_TAG]


def test_what_the_models_code_fails_in_is_left_out() -> None:
    assert attempted(Raises(GeneratorExit())._flatten_layers) is None
    assert attempted(lambda: 3) == 3
