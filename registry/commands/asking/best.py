"""The command that tells a model's best version, or those that no other dominates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry.api.registry import Registry
from registry.commands.arguments import DirectionOption, ModelArgument, WhereOption, parse_direction
from registry.commands.asking.show import print_version
from registry.core.console import Json, Storage, print_json, print_table, say
from registry.core.errors import UsageError
from registry.core.numbers import size_text
from registry.core.pareto.objectives import counted
from registry.labels.aliases import without_weights

if TYPE_CHECKING:
    from registry.values.front import Front


def best_command(
    model: ModelArgument,
    metric: Annotated[
        str | None,
        typer.Option(help="By this metric, not the model's objective; with --pareto several, METRIC:max,METRIC:min."),
    ] = None,
    pareto: Annotated[
        bool, typer.Option("--pareto", help="All versions that no other dominates in several objectives.")
    ] = False,
    where: WhereOption = None,
    direction: DirectionOption = None,
    loadable: Annotated[bool, typer.Option("--loadable", help="Only among versions whose weights are there.")] = False,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Show a model's best version."""
    if pareto and direction is not None:
        raise UsageError("--pareto takes directions with its metrics: --metric val_accuracy:max,parameters:min")
    with Registry(storage) as registry:
        if pareto:
            _print_front(registry.front(model, metric, where=where, loadable=loadable), as_json)
            return
        best = registry.best(model, metric, parse_direction(direction), where=where, loadable=loadable)
    print_version(best, as_json, metric)
    if best.weights is None and not as_json:
        reason = without_weights(best.ref, best.state)
        say(f"\n{reason}; --loadable looks only among those whose weights are there")


def _print_front(front: Front, as_json: bool) -> None:
    if as_json:
        print_json([version.as_dict() for version in front])
        return
    metrics = [objective.metric for objective in front.objectives]
    rows = []
    for version in front:
        stored = size_text(version.weights.bytes) if version.weights else version.state.replace("ready", "none")
        values = map(counted, metrics, front.values(version))
        rows.append((version.ref, *values, version.source.study, version.epoch, stored, version.aliases))
    print_table(["version", *metrics, "study", "epoch", "weights", "aliases"], rows, ("epoch", "study", "aliases"))
