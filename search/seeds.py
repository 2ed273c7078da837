"""Where every random number of a study comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from search.settings import Settings


def derive_seed(study_seed: int, trial_number: int) -> int:
    """Return a trial's seed: the same for the same study seed and trial number, in [0, 2**31).

    By numpy's ``SeedSequence``, so that neighbouring numbers give unrelated seeds.
    """
    return int(np.random.SeedSequence((study_seed, trial_number)).generate_state(1)[0] >> 1)


def trial_seed(settings: Settings, number: int) -> int:
    """Return the seed of a trial's weights, dropout and data order; in a study that confirms, that of its repeat."""
    return derive_seed(settings.seed, number if settings.confirms is None else settings.confirms.repeat(number))
