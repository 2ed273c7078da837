"""The command that confirms a study's best configurations on new seeds."""

from __future__ import annotations

import shlex
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Annotated

import typer

from registry.core.console import Json, Storage, print_json, print_table, say
from search.commands import options, session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from search.confirm.ranking import Confirmed
    from search.records.confirm_plan import Confirmation


def confirm_command(
    study: options.StudyName,
    top: Annotated[
        int | None, typer.Option("--top", metavar="N", help="How many of the best configurations (5).")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", metavar="N", help="Trainings of each, on the same new seeds (5).")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NAME",
            help="Its name; else STUDY-confirm or STUDY-taught, with -N-epochs after --max-epochs.",
        ),
    ] = None,
    teacher: options.Teacher = None,
    max_epochs: Annotated[
        int | None, typer.Option("--max-epochs", metavar="N", help="Epochs of each at most; else as in the study.")
    ] = None,
    on: options.On = "local",
    workers: options.Workers = "auto",
    timeout: options.Timeout = None,
    device: options.Device = "auto",
    per_gpu: options.PerGpu = 1,
    gpus_per_trial: options.GpusPerTrial = 1,
    memory_limit: options.MemoryLimit = None,
    accept_changes: options.Accept = False,
    as_json: Json = False,
    storage: Storage = None,
) -> None:
    """Train a study's best again on new seeds, choose by the mean, measure the winner on the test data, once."""
    run_options = session.run_options(
        on=on,
        workers=workers,
        timeout=timeout,
        memory_limit=memory_limit,
        device=device,
        per_gpu=per_gpu,
        gpus_per_trial=gpus_per_trial,
    )
    session.prepare_process()
    parent = session.open_to_write(study, storage, stderr=as_json)
    session.say_first_counts(parent, stderr=as_json)
    confirmation = parent.begin_confirmation(
        top=top, seeds=seeds, name=name, teacher=teacher, max_epochs=max_epochs, accept_changes=accept_changes
    )
    again = session.continue_command(confirmation, on)
    try:
        if confirmation.unfinished():
            with session.progress(confirmation, run_options["timeout"], stderr=as_json) as shown:
                confirmation.run(on_status=shown.show, **run_options)
    except KeyboardInterrupt:
        say(f"stopped in order; nothing is lost. To continue: {again}", err=as_json)
        return
    confirmed = confirmation.conclude()
    print_json(confirmed.as_dict()) if as_json else _print(confirmed, again, confirmation.record.settings.confirms)


def _print(confirmed: Confirmed, again: str, plan: Confirmation | None) -> None:
    metric = confirmed.objective.metric
    print_table(
        ["rank", "was", "trial", "then", f"mean {metric}", "spread", "seeds", "parameters", "seconds"],
        [
            (
                rank,
                configuration.rank_before,
                configuration.trial,
                configuration.score_before,
                configuration.mean,
                configuration.spread,
                sum(score is not None for score in configuration.scores),
                configuration.parameters,
                configuration.seconds,
            )
            for rank, configuration in enumerate(confirmed.ranked, 1)
        ],
    )
    if plan is not None and plan.max_epochs is not None:
        from search.report.facts import other_epochs

        say(f"trained with {other_epochs(plan)}; then is what {plan.study} reached")
    if confirmed.held:
        say(f"no winner yet: {confirmed.held}; then {again}")
        return
    if confirmed.winner is None:
        say(f"{confirmed.finished} of {confirmed.budget} trainings done. To continue: {again}")
        return
    say(f"winner: trial {confirmed.ranked[0].trial} of {confirmed.of}, by its best seed {confirmed.winner}")
    for line in compare(confirmed):
        say(line)
    for name, values in confirmed.test.items():
        say(f"on the test data, measured once: {name} {_mean_of(values)}")
    if not confirmed.test:
        say("the problem has no test data")
    say(confirmed.champion)
    if confirmed.newer:
        newer = ", ".join(map(str, confirmed.newer))
        of = shlex.quote(confirmed.of)
        say(f"not among these, but among the best of {of} by now: trial {newer}; search confirm {of} {confirmed.again}")


def compare(confirmed: Confirmed) -> list[str]:
    """Return, in words, by how much the winner is ahead of the second, seed by seed."""
    if len(confirmed.ranked) < 2 or not confirmed.ranked[1].whole:
        return []
    first, second = confirmed.ranked[:2]
    pairs = [a - b for a, b in zip(first.scores, second.scores, strict=True) if a is not None and b is not None]
    better = sum(confirmed.objective.is_better(difference, than=0.0) for difference in pairs)
    return [
        f"ahead of trial {second.trial} by {abs(fmean(pairs)):.2g} in the mean, on {better} of {len(pairs)} seeds",
    ]


def _mean_of(values: Sequence[float]) -> str:
    spread = f" ± {stdev(values):.2g} over {len(values)} seeds" if len(values) > 1 else ""
    return f"{fmean(values):.4f}{spread}"
