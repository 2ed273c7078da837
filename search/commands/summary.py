"""What a search tells at its end: what was done, the best trial, its version, and how to go on."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from registry.core.console import say
from registry.core.plain_text import single_line
from search.commands import options, session

if TYPE_CHECKING:
    from search.api.study import Study
    from search.records.shown.status import BestTrial, StudyStatus


def say_how_far(study: Study) -> None:
    """Say how many trials are done or under way, and the best."""
    from search.launchers.watch import patiently
    from search.terminal.progress import describe_best, describe_under_way

    now = patiently(study.status)
    under_way = describe_under_way(now)
    best = "" if under_way and now.best is None else f"; {describe_best(now)}"
    say(f"{now.study}: {now.finished} of {now.budget} trials done{best}{under_way and f'; {under_way}'}")


def summarize(study: Study, before: StudyStatus, seconds: float, run_options: dict[str, Any]) -> None:
    """Say what a search came to: counts, the best trial and its version, and how to go on.

    Args:
        study: that was searched.
        before: how it stood when the search began.
        seconds: that the search took.
        run_options: of the search, as `Study.run` takes them.
    """
    from registry.core.durations import show_duration
    from search.launchers.watch import patiently
    from search.terminal.progress import describe_best

    now = patiently(study.status)
    counts = now.trials
    say(
        f"{now.study}: {now.finished} of {now.budget} trials done ({counts['complete']} complete, "
        f"{counts['pruned']} pruned, {counts['failed']} failed), "
        f"{now.finished - before.finished} of them now in {show_duration(seconds)}"
    )
    if counts["paused"]:
        trials = "1 trial is" if counts["paused"] == 1 else f"{counts['paused']} trials are"
        say(f"{trials} paused, to go on with the study if among the best")
    say(describe_best(now))
    if now.best is not None:
        for name, value in now.best.params.items():
            say(single_line(f"  {name} = {value:.6g}" if isinstance(value, float) else f"  {name} = {value}"))
        best = now.best
        if against := patiently(lambda: _against_champion(study, best)):
            say(against)
        say_what_is_kept(study, now)
    if now.ended is not None:
        say(f"the study has ended itself: {now.ended}")
    elif now.finished < now.budget:
        going_on = session.continue_command(study, run_options["on"], run_options["log"])
        trials_left = now.budget - now.finished
        say(f"{'1 trial is' if trials_left == 1 else f'{trials_left} trials are'} left. To continue: {going_on}")
    elif study.record.settings.confirms is not None:
        say(f"its winner is chosen, and measured on the test data, by: {session.continue_command(study)}")


def say_what_is_kept(study: Study, now: StudyStatus) -> None:
    """Name the version that the best trial became, and where the front is to be seen."""
    from search.launchers.watch import patiently

    best = now.best
    ref = None if best is None else patiently(lambda: _version_of(study, best))
    option = options.storage_option(study)
    if ref:
        say(f"registered as {ref}: registry show {shlex.quote(ref)}{option}")
    elif best is not None and not study.record.is_objective:  # which saves a model, or does not
        imported = any(trial.imported and trial.trial == best.trial for trial in patiently(study.trials))
        why = "was imported, without a model; to train its params here, enqueue them: search enqueue --help"
        say(f"trial {best.trial} {why if imported else 'has no version in the registry'}")
    if len(now.objectives) > 1:
        front = "1 trial is" if len(now.front) == 1 else f"{len(now.front)} trials are"
        shown = f"registry best {shlex.quote(study.record.model)}{option} --pareto"
        say(f"{front} on the front: {shown if ref else f'search status {shlex.quote(study.record.name)}{option}'}")


def say_if_all_failed(study: Study) -> None:
    """Refuse to call a study done of which no trial has a score.

    Raises:
        TrialsFailed: its budget is used up, and all have failed.
    """
    from search.errors import TrialsFailed
    from search.launchers.watch import patiently

    if why := patiently(lambda: session.describe_all_failed(study)):
        raise TrialsFailed(why)


def _against_champion(study: Study, best: BestTrial) -> str:
    from registry import Registry
    from search.confirm.champion import stand_against

    with Registry(study.url) as registry:
        return stand_against(registry, study.record, best)


def _version_of(study: Study, best: BestTrial) -> str | None:
    """Return the version that a study's best trial became; its model may have a better one of another study."""
    from registry import Registry
    from registry.core.errors import NotFoundError

    with Registry(study.url) as registry:
        try:
            page = registry.find(study.record.model, f"trial = {best.trial}", study=study.record.name, limit=1)
        except NotFoundError:  # the model has no versions at all
            return None
    return page.versions[0].ref if page.versions else None
