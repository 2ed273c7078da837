"""Where every random number of a study comes from."""

from __future__ import annotations

import numpy as np


def derive_seed(study_seed: int, trial_number: int) -> int:
    """Return a trial's seed: the same for the same study seed and trial number, in [0, 2**31).

    By numpy's ``SeedSequence``, so that neighbouring numbers give unrelated seeds.
    """
    return int(np.random.SeedSequence((study_seed, trial_number)).generate_state(1)[0] >> 1)
