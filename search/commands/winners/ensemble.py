"""The command that averages a study's stored models in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry.core.console import Json, Storage, print_json, print_table, say
from search.commands import options, session

if TYPE_CHECKING:
    from search.ensemble.make import Ensemble


def ensemble_command(
    study: options.StudyName,
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="N", help="How many models are chosen; one may be again (5)."),
    ] = None,
    candidates: Annotated[
        int | None, typer.Option("--candidates", metavar="N", help="How many of the best stored are looked at (50).")
    ] = None,
    test: Annotated[bool, typer.Option("--test", help="Measure it on the problem's test data, once.")] = False,
    accept_changes: options.Accept = False,
    as_json: Json = False,
    storage: Storage = None,
) -> None:
    """Average a study's stored models, chosen by the score of their average, in one registered model."""
    session.prepare_process()
    opened = session.open_to_write(study, storage, stderr=as_json)
    session.say_first_counts(opened, stderr=as_json)
    ensemble = opened.ensemble(size=size, candidates=candidates, test=test, accept_changes=accept_changes)
    print_json(ensemble.as_dict()) if as_json else _print(ensemble)


def _print(ensemble: Ensemble) -> None:
    metric = ensemble.objective.metric
    print_table(
        ["member", "weight", metric],
        [(member.version, f"{member.times}/{ensemble.size}", member.score) for member in ensemble.members],
    )
    looked_at = f"{ensemble.candidates} stored models of {ensemble.study}"
    if ensemble.without_weights:
        looked_at += f" ({ensemble.without_weights} without weights were left out)"
    again = "" if ensemble.is_new else ", which was there already"
    say(f"{ensemble.version}: the average of {len(ensemble.members)} of {looked_at}{again}")
    say(f"{metric} {ensemble.score:.6g}; {ensemble.best.version}, the best alone, has {ensemble.best.score:.6g}")
    for name, value in ensemble.test.items():
        say(f"on the test data: {name} {value:.6g}")
    more = len(ensemble.scores) - ensemble.size
    if more:
        say(f"it ends with {ensemble.size} of {len(ensemble.scores)} choices: the last {more} gained nothing")
    say("chosen and measured on the same validation data, so what it gains is a little less on new ones")
