"""A study of an objective of Optuna's has no models of a problem to train again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.core.errors import UsageError
from search.confirm.start import begin
from search.ensemble.make import make_ensemble
from search.records.studies import DEFINE_BY_RUN, NO_PROBLEM
from search.refit.refit import refit


@pytest.mark.parametrize("again", [begin, refit, make_ensemble])
def test_what_needs_a_problems_models_is_refused_in_one_line(again, engine, make_study):
    study = replace(make_study(engine), space={DEFINE_BY_RUN: True})
    with pytest.raises(UsageError, match="searches an objective of Optuna's, .* is for the models of a search.Problem"):
        again(engine, study)
    with pytest.raises(UsageError, match="holds imported trials and no problem yet; give it one: search run PROBLEM"):
        again(engine, replace(study, problem=NO_PROBLEM))
