"""What differs between a problem as it is now and as a study began with it, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from search.errors import ChangedProblem
from search.records.studies import StudyRecord

Config = Mapping[str, Any]


class ProblemFacts(Protocol):
    """What is known of a problem: by a study, or by somebody who has just looked."""

    @property
    def space(self) -> Config:
        """The hyperparameters, and the description of model, source and data."""

    @property
    def space_fingerprint(self) -> str:
        """It changes with the space."""

    @property
    def data_fingerprint(self) -> str:
        """It changes with the data."""

    @property
    def folds(self) -> int:
        """Into how many the data are split; 1 for none."""


def check_unchanged(study: StudyRecord, now: ProblemFacts) -> None:
    """Check that a problem is, here and now, the one that a study began with.

    Raises:
        ChangedProblem: its space, its data, their folds, its model or its source differ.
    """
    changed = differences(study, now)
    if changed:
        raise ChangedProblem(
            f"the problem {study.problem!r} is not the one that the study {study.name!r} began with: "
            f"{'; '.join(changed)}. Name another study, or go on all the same with --accept-changes "
            "(accept_changes=True in Python)"
        )


def differences(before: ProblemFacts, now: ProblemFacts) -> list[str]:
    """Return in words how a problem has changed; nothing where it has not.

    A study of an older program has no description; its space and data are compared alone.
    """
    then, today = before.space.get("description", {}), now.space.get("description", {})
    texts: list[str] = []
    if before.space_fingerprint != now.space_fingerprint:
        texts += list(_of_space(before.space["hyperparameters"], now.space["hyperparameters"])) or ["the space changed"]
    if before.data_fingerprint != now.data_fingerprint:
        texts += list(_of_data(then.get("data", {}), today.get("data", {}))) or ["the data changed"]
    if before.folds != now.folds:
        texts.append(_became("folds", before.folds, now.folds))
    if then.get("keras") == today.get("keras"):  # another version may describe the same model otherwise
        texts += [*_of_model(then, today), *_of_optimizer(then.get("optimizer"), today.get("optimizer"))]
        texts += list(_of_compilation(then, today))
    if then.get("python") == today.get("python"):
        texts += list(_of_source(then.get("source"), today.get("source")))
    return texts


def _of_space(before: list[Config], now: list[Config]) -> Iterator[str]:
    were, are = ({_key(hp): hp for hp in space} for space in (before, now))
    for key, hp in were.items():
        name = hp["name"]
        if key in are:
            if are[key] != hp:
                yield _became(name, _range(hp), _range(are[key]))
        elif any(other["name"] == name for other in now):
            yield f"when {name} is asked for changed"
        else:
            yield f"{name} is gone"
    names = {hp["name"] for hp in before}
    yield from (f"{hp['name']} ({_range(hp)}) is new" for hp in now if hp["name"] not in names)


def _key(hp: Config) -> str:
    return json.dumps([hp["name"], hp.get("conditions")])


def _range(hp: Config) -> str:
    """Return what a hyperparameter may be, such as ``8..64 step 8, log``."""
    if "values" in hp:
        return ", ".join(map(str, hp["values"]))
    if "min_value" not in hp:
        return str(hp.get("value", "True or False"))
    step = f" step {hp['step']}" if hp.get("step") not in (None, 1) else ""
    sampling = f", {hp['sampling']}" if hp.get("sampling") not in (None, "linear") else ""
    return f"{hp['min_value']}..{hp['max_value']}{step}{sampling}"


def _became(name: str, was: Any, is_now: Any) -> str:
    return f"{name} changed" if was == is_now else f"{name}: {was} became {is_now}"


def _of_data(before: Config, now: Config) -> Iterator[str]:
    for part in before:
        if before[part] != now.get(part, before[part]):
            yield _became(f"the {part} data", ", ".join(before[part]), ", ".join(now[part]))
    if before and before == now:
        yield "the data's values changed, in the same shapes"


def _of_model(before: Config, now: Config) -> Iterator[str]:
    """Say how the model that is built with the defaults has changed."""
    were, are = before.get("layers"), now.get("layers")
    if were is None or are is None or (before.get("model") == now.get("model") and were == are):
        return
    if [kind for kind, _ in were] != [kind for kind, _ in are]:
        yield _became("the layers", _listed(were), _listed(are))
    elif were != are:
        changed = [f"{place + 1} ({kind})" for place, (kind, _) in enumerate(were) if were[place] != are[place]]
        yield f"layer {', '.join(changed)} changed"
    elif before.get("model") and now.get("model"):
        yield "how the model's layers are joined changed"


def _listed(layers: list[list[str]]) -> str:
    kinds = [kind for kind, _ in layers]
    return ", ".join(kinds) if len(kinds) <= 8 else f"{', '.join(kinds[:8])}, … ({len(kinds)})"


def _of_optimizer(before: Config | None, now: Config | None) -> Iterator[str]:
    if before is None or now is None or before == now:
        return
    if before["class"] != now["class"]:
        yield _became("the optimizer", before["class"], now["class"])
        return
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield _became(f"the optimizer's {name}", *_numbers_apart(before.get(name), now.get(name)))


def _numbers_apart(was: Any, is_now: Any) -> tuple[Any, Any]:
    """Return two values, numbers with the digits that float32 has where these tell them apart."""
    first, second = (float(f"{value:.7g}") if isinstance(value, float) else value for value in (was, is_now))
    return (was, is_now) if first == second else (first, second)


def _of_compilation(before: Config, now: Config) -> Iterator[str]:
    for part in ("loss", "loss_weights", "metrics", "weighted_metrics"):
        if part in before and part in now and before[part] != now[part]:
            was, is_now = _names_in(before[part]), _names_in(now[part])
            label = part.replace("_", " ")
            yield _became(f"the {label}", was, is_now) if was and is_now else f"the {label} changed"


def _names_in(value: Any) -> str:
    """Return the names of the losses or metrics that a model is compiled with; nothing where one has none."""
    values = value if isinstance(value, list) else [value]
    each_name = (each.get("class_name", " ") if isinstance(each, dict) else each for each in values)
    names = ["none" if name is None else str(name) for name in each_name]
    return "" if any(" " in name for name in names) else ", ".join(names)


def _of_source(before: Config | None, now: Config | None) -> Iterator[str]:
    if before is None or now is None:
        return
    if before["module"] != now["module"]:
        yield _became("the HyperModel's module", before["module"], now["module"])
        return
    were, are = before["parts"], now["parts"]
    changed = [name for name in {**were, **are} if were.get(name) != are.get(name)]
    if changed:
        yield f"the source of {now['module']} changed: {', '.join(changed[:6])}{', …' if len(changed) > 6 else ''}"
