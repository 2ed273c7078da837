"""Commands that bring what ran elsewhere: import optuna, import keras-tuner."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from registry.core.console import Json, Storage, name_database, print_json, say
from search.commands import options

if TYPE_CHECKING:
    from search.api.study import Study
    from search.trial_import.write import Imported

import_app = typer.Typer(help="Bring trials that ended elsewhere, from Optuna or KerasTuner.", no_args_is_help=True)
As = Annotated[str | None, typer.Option("--as", metavar="NAME", help="The study's name here; else as it was there.")]


@import_app.command("optuna")
def import_optuna_command(
    url: Annotated[str, typer.Argument(metavar="URL", help="Optuna's database, or the file of its journal.")],
    study: Annotated[str, typer.Argument(metavar="STUDY", help="The study's name there.")],
    name: As = None,
    as_json: Json = False,
    storage: Storage = None,
) -> None:
    """Import the trials of a study of Optuna's; they count for the sampler and in reports, not in the budget."""
    from search.api.study import Study

    _show(*Study.import_optuna(url, study, name=name, storage=storage), as_json)


@import_app.command("keras-tuner")
def import_keras_tuner_command(
    directory: Annotated[str, typer.Argument(metavar="DIRECTORY", help="The folder of a project of KerasTuner.")],
    name: As = None,
    objective: Annotated[
        str | None, typer.Option("--objective", metavar="METRIC", help="What was optimized; else told by the scores.")
    ] = None,
    as_json: Json = False,
    storage: Storage = None,
) -> None:
    """Import the trials of a project of KerasTuner; they count for the sampler and in reports, not in the budget."""
    from search.api.study import Study

    _show(*Study.import_keras_tuner(directory, name=name, objective=objective, storage=storage), as_json)


def _show(study: Study, imported: Imported, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        print_json(asdict(imported))
        return
    name_database(study.url)
    left_out = f"; {imported.left_out} that had not ended are left out" if imported.left_out else ""
    trials = "1 trial" if imported.trials == 1 else f"{imported.trials} trials"
    say(f"{imported.study}: {trials} imported{left_out}")
    option = options.storage_option(study)
    if imported.has_problem:
        say("they count for its sampler from the next trial on")
    else:
        say(f"to go on from them: search run PROBLEM --study {shlex.quote(imported.study)}{option}")
