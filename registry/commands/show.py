"""Commands that tell what there is: models, show, best."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.api.registry import Registry
from registry.commands.arguments import DirectionOption, ModelArgument, RefArgument, WhereOption, parse_direction
from registry.core.console import Json, Storage, print_json, print_table, say, show
from registry.core.numbers import size_text
from registry.labels.aliases import without_weights
from registry.values.known_tags import CHANGES_TAG, NO_WEIGHTS_TAG
from registry.values.trainings import std_of
from registry.values.version import ModelVersion, RegisteredModel


def models_command(storage: Storage = None, as_json: Json = False) -> None:
    """Name the registered models."""
    with Registry(storage) as registry:
        found = registry.models()
    if as_json:
        print_json([model.as_dict() for model in found])
        return
    print_table(
        ["model", "versions", "best by", "aliases", "protected", "tags", "description"],
        [_model_row(model) for model in found],
    )


def _model_row(model: RegisteredModel) -> tuple[object, ...]:
    about = (model.description or "").strip().partition("\n")[0]
    best_by = f"{model.metric} ({model.direction})"
    return (model.name, model.versions, best_by, dict(model.aliases), model.protected, dict(model.tags), about)


def show_command(ref: RefArgument, storage: Storage = None, as_json: Json = False) -> None:
    """Show a version."""
    with Registry(storage) as registry:
        version = registry.get(ref)
        about = None if as_json else next(m.description for m in registry.models() if m.name == version.model)
    _print_version(version, as_json)
    if about:
        say(f"\nThe model {version.model}:\n\n{about}")


def best_command(
    model: ModelArgument,
    metric: Annotated[str | None, typer.Option(help="By this metric, not the model's objective.")] = None,
    where: WhereOption = None,
    direction: DirectionOption = None,
    loadable: Annotated[bool, typer.Option("--loadable", help="Only among versions whose weights are there.")] = False,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Show a model's best version."""
    with Registry(storage) as registry:
        best = registry.best(model, metric, parse_direction(direction), where=where, loadable=loadable)
    _print_version(best, as_json)
    if best.weights is None and not as_json:
        said = without_weights(best.ref, best.state)
        say(f"\n{said}; --loadable looks only among those whose weights are there")


def _print_version(version: ModelVersion, as_json: bool) -> None:
    if as_json:
        print_json(version.as_dict())
        return
    spread = version.metrics.get(std_of(version.metric))
    among = "" if spread is None else f" ± {show(spread)}"
    say(f"{version.ref}  {version.metric} {show(version.score)}{among} at epoch {version.epoch}")
    for name, value in _facts(version).items():
        say(f"  {name:<11}{show(value)}")
    if version.description:
        say(f"\n{version.description}")


def _facts(version: ModelVersion) -> dict[str, object]:
    source, stored = version.source, version.weights
    return {
        "params": dict(version.params),
        "metrics": dict(version.metrics),
        "ended by": version.stop_reason,
        "epochs": max((len(curve.values) for curve in version.curves.values()), default=None),
        "seconds": version.seconds,
        "parameters": version.parameters,
        "study": source.study,
        "trial": source.trial,
        "origin": source.origin,
        "seed": source.seed,
        "problem": source.problem,
        "changed": version.tags.get(CHANGES_TAG),
        "data": source.data_fingerprint,
        "code": source.code_revision,
        "libraries": dict(source.libraries),
        "aliases": version.aliases,
        "tags": dict(version.tags),
        "weights": f"{size_text(stored.bytes)}, sha256 {stored.sha256}" if stored else _gone(version),
        "imported": version.imported,
        "created": version.created_at.isoformat(timespec="seconds"),
    }


def _gone(version: ModelVersion) -> str:
    if version.state == "displaced":
        return "gone: displaced by better ones of its study"
    reason = version.tags.get(NO_WEIGHTS_TAG)
    return "none" if reason is None else f"none: {reason}"
