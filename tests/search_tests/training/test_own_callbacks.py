"""What a problem's function for callbacks may return."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest

from search.errors import ProblemError
from search.training.fitting.own_callbacks import as_callbacks, without_ours

ONE = keras.callbacks.ReduceLROnPlateau()


@pytest.mark.parametrize(("given", "taken"), [(None, []), (ONE, [ONE]), ((ONE, ONE), [ONE, ONE]), (iter([ONE]), [ONE])])
def test_one_several_or_no_callbacks_are_taken(given: Any, taken: list[Any]) -> None:
    assert as_callbacks(given) == taken


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ([keras.callbacks.ReduceLROnPlateau], "the class ReduceLROnPlateau"),
        (keras.callbacks.ReduceLROnPlateau, "the class ReduceLROnPlateau"),
        ([ONE, "early"], "a str"),
        (3, "a int"),
    ],
)
def test_what_is_no_callback_is_told(given: Any, kind: str) -> None:
    with pytest.raises(ProblemError, match=f"callbacks\\(\\) returned {kind}; expected Keras callbacks"):
        as_callbacks(given)


def test_what_the_training_does_itself_is_left_out(tmp_path: Path) -> None:
    swap, backup = keras.callbacks.SwapEMAWeights(swap_on_epoch=True), keras.callbacks.BackupAndRestore(tmp_path)
    assert without_ours([swap, ONE, backup]) == [ONE]
