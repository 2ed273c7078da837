"""The command that trains a study's winner, or its ensemble, once more, on all data but the test data."""

from __future__ import annotations

import shlex
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Annotated

import typer

from registry.core.console import Json, Storage, print_json, print_table, say
from search.commands import options, session

if TYPE_CHECKING:
    from search.refit.results import Refit, Refitted, RefittedEnsemble


def refit_command(
    study: options.StudyName,
    version: Annotated[
        str | None,
        typer.Option(
            "--version",
            metavar="REF",
            help="Train this one's params, or an ensemble's members, again; else the winner's.",
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="N", help="Trainings of the winner, or of each member, a version each.")
    ] = 1,
    device: options.Device = "auto",
    accept_changes: options.Accept = False,
    as_json: Json = False,
    storage: Storage = None,
) -> None:
    """Train the winner once more, on training and validation data together, and measure it on the test data, once."""
    session.prepare_process()
    opened = session.open_to_write(study, storage, stderr=as_json)
    if version is None:
        session.say_first_counts(opened, stderr=as_json)
    try:
        done = opened.refit(
            version=version,
            seeds=seeds,
            device=device,
            accept_changes=accept_changes,
            on_trained=lambda trained: say(_line(trained), err=as_json),
        )
    except KeyboardInterrupt:
        words = ["search", "refit", study, "--seeds", str(seeds), *([] if version is None else ["--version", version])]
        again = shlex.join(words) + options.storage_option(opened)
        say(f"stopped; the trainings that have ended are registered. To continue: {again}", err=as_json)
        return
    if as_json:
        print_json(done.as_dict())
        return
    from search.refit.results import Refit

    _print(done) if isinstance(done, Refit) else _print_ensemble(done)


def _line(trained: Refitted) -> str:
    measured = ", ".join(f"{name} {value:.4f}" for name, value in trained.test.items())
    took = f"trained in {trained.seconds or 0:.1f} s" if trained.is_new else "was there already"
    return f"{trained.version}: seed {trained.seed}, {took}{', ' if measured else ''}{measured}"


def _print(done: Refit) -> None:
    epochs = "1 epoch" if done.epochs == 1 else f"{done.epochs} epochs"
    say(f"trained as {done.winner}, {epochs}, on training and validation data: nothing is left for a score")
    for name, values in done.test.items():
        spread = f" ± {stdev(values):.2g} over {len(values)} seeds" if len(values) > 1 else ""
        say(f"on the test data, measured once: {name} {fmean(values):.4f}{spread}")
    if not done.test:
        say("the problem has no test data")


def _print_ensemble(done: RefittedEnsemble) -> None:
    print_table(
        ["member", "weight", "epochs", "trained again as"],
        [
            (
                member.refit.winner,
                f"{member.times}/{done.size}",
                member.refit.epochs,
                ", ".join(training.version for training in member.refit.trainings),
            )
            for member in done.members
        ],
    )
    again = "" if done.is_new else ", which was there already"
    say(f"{done.version}: the average of {len(done.trainings)} models, trained as the members of {done.winner}{again}")
    say("trained on training and validation data: nothing is left for a score")
    for name, value in done.figures.items():
        say(f"on the test data, measured once: {name} {value:.4f}")
    if not done.figures:
        say("the problem has no test data")
