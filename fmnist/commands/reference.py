"""The command that makes the reference study."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Annotated

import typer

from registry.core.console import say, show
from registry.core.numbers import size_text


def reference_command(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The SQLite file to make or go on with.")],
    trials: Annotated[int, typer.Option(metavar="N", min=1, help="Trials of the plain space.")] = 100,
    wide_trials: Annotated[int, typer.Option(metavar="N", min=1, help="Trials of the wide space.")] = 24,
) -> None:
    """Make the reference study: both searches, the baselines, a confirmed champion, an ensemble and the refits of both.

    It takes about an hour and a half on two cores. Run again, it continues.
    """
    from fmnist.reference import Plan, make_reference
    from search.confirm.held_out import test_figures

    result = make_reference(out, Plan(trials=trials, wide_trials=wide_trials), report=lambda line: say(line, err=True))
    for status in (result.plain, result.wide):
        best = "none" if status.best is None else f"{show(status.best.score)} (trial {status.best.trial})"
        say(f"{status.study}: {sum(status.trials.values())} trials, best {best}")
    for confirmed in filter(None, (result.confirmed, result.taught)):
        say(f"{confirmed.study}: {confirmed.winner} won with a mean of {show(confirmed.ranked[0].mean)}")
        for name, values in confirmed.test.items():
            say(f"on the test data, the mean of its {len(values)} seeds: {name} {show(fmean(values))}")
    for name, figures in result.refit.test.items():
        say(f"trained on all other images, {len(figures)} seeds: {name} {show(fmean(figures))}")
    if result.ensemble is not None:
        test = ", ".join(f"{name} {show(value)}" for name, value in sorted(test_figures(result.ensemble).items()))
        say(f"{result.ensemble.ref}, the ensemble: {result.ensemble.metric} {show(result.ensemble.score)}, {test}")
    if result.ensemble_refit is not None:
        for name, figures in result.ensemble_refit.test.items():
            say(f"the ensemble, trained on all other images: {name} {show(fmean(figures))}")
    say(f"{result.path}: {size_text(result.bytes)}")
