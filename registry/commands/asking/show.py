"""Commands that tell what there is: models, show."""

from __future__ import annotations

import math

from registry.api.registry import Registry
from registry.commands.arguments import RefArgument
from registry.core.console import Json, Storage, print_json, print_table, say, show
from registry.core.numbers import size_text
from registry.core.pareto.objectives import counted
from registry.core.plain_text import single_line
from registry.labels.aliases import approvals_text
from registry.values.known_tags import CHANGES_TAG, NO_WEIGHTS_TAG
from registry.values.trainings import std_of
from registry.values.version import ModelVersion, RegisteredModel


def models_command(storage: Storage = None, as_json: Json = False) -> None:
    """Name the registered models."""
    with Registry(storage) as registry:
        models = registry.models()
    if as_json:
        print_json([model.as_dict() for model in models])
        return
    print_table(
        ["model", "versions", "best by", "aliases", "protected", "tags", "description"],
        [_model_row(model) for model in models],
    )


def _model_row(model: RegisteredModel) -> tuple[object, ...]:
    about = (model.description or "").strip().partition("\n")[0]
    best_by = f"{model.metric} ({model.direction})"
    protected = tuple(_protection(model, name) for name in model.protected)
    return (model.name, model.versions, best_by, dict(model.aliases), protected, dict(model.tags), about)


def _protection(model: RegisteredModel, alias: str) -> str:
    """Return a protected alias, and how many others must approve its change."""
    needed = model.approvals.get(alias)
    return alias if needed is None else f"{alias} ({approvals_text(needed)})"


def show_command(ref: RefArgument, storage: Storage = None, as_json: Json = False) -> None:
    """Show a version."""
    with Registry(storage) as registry:
        version = registry.get(ref)
        line = None if as_json else next(model for model in registry.models() if model.name == version.model)
    print_version(version, as_json)
    for alias in version.aliases:
        if line and alias in line.protected:
            say(f"\n{version.model}@{_protection(line, alias)} is protected")
    if line and line.description:
        say(f"\nThe model {version.model}:\n\n{line.description}")


def print_version(version: ModelVersion, as_json: bool, metric: str | None = None) -> None:
    """Print all that is known of a version; first, where it was asked for, the value of another metric."""
    if as_json:
        print_json(version.as_dict())
        return
    values = {} if metric is None else {metric: version.metrics[metric]}
    values |= {version.metric: version.score}
    said = ", ".join(f"{name} {show(value)}{_spread(version, name)}" for name, value in values.items())
    say(f"{version.ref}  {said} at epoch {version.epoch}")
    for name, value in _facts(version).items():
        say(f"  {name:<11}{single_line(show(value))}")
    if version.description:
        say(f"\n{version.description}")


def _spread(version: ModelVersion, metric: str) -> str:
    spread = version.metrics.get(std_of(metric))
    return "" if spread is None else f" ± {show(spread)}"


def _facts(version: ModelVersion) -> dict[str, object]:
    source, stored = version.source, version.weights
    return {
        "params": dict(version.params),
        "metrics": {name: counted(name, value) for name, value in version.metrics.items() if not math.isnan(value)},
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
