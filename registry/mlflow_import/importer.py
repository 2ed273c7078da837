"""Register MLflow's runs; a run that was registered before is left as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from tempfile import TemporaryDirectory
from typing import Any, Literal

from registry.api.registry import Registry
from registry.core.errors import ConflictError, LoadError, NotFoundError, UsageError
from registry.core.objective import Direction
from registry.mlflow_import import client as asked
from registry.mlflow_import import convert
from registry.registration.training_input import Epoch, direction_of
from registry.values.version import ModelVersion, Source

_FINISHED = "FINISHED"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a run.

    Args:
        run: MLflow's id of it.
        name: the run's name.
        ref: the version that it is here; None where it was left out.
        status: ``registered``, ``known`` (an earlier import registered it) or ``skipped``.
        reason: why it was skipped, or why it came without weights; None where there is nothing to say.
    """

    run: str
    name: str
    ref: str | None
    status: Literal["registered", "known", "skipped"]
    reason: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON types."""
        return asdict(self)


def import_mlflow(
    registry: Registry,
    uri: str,
    *,
    metric: str,
    direction: Direction | None = None,
    experiments: Sequence[str] = (),
    model: str | None = None,
    epoch: Epoch = None,
) -> list[Imported]:
    """Register the finished runs of an MLflow store that have a metric, with their curves, params, tags and weights.

    A run becomes a version of the models that MLflow's registry names for it, else of one named as its experiment. Its
    origin is ``mlflow:RUN``, so importing again registers only what is new. MLflow's aliases are set where the name
    is free. Keras models come along where Keras' safe mode reads them.

    Args:
        registry: where the runs are registered.
        uri: MLflow's tracking URI: a database, a folder or a server.
        metric: what the versions are judged by.
        direction: ``max`` or ``min``; needed where Keras' names do not tell.
        experiments: only these; all where none is named.
        model: the registered model for all of them.
        epoch: which epoch's weights the runs logged: ``last`` (the default), or ``best`` of the metric.

    Returns:
        What became of each run, in their order.

    Raises:
        UserError: MLflow is not installed, or answers with an error.
        NotFoundError: no such experiment, or no run has that metric.
        UsageError: nobody knows which way is better.
    """
    way = direction_of(metric, direction)
    imported = []
    with asked.connected(uri) as client:
        named = asked.model_versions(client)
        for experiment in asked.experiments(client, experiments):
            for run in asked.runs(client, experiment):
                candidate = _Run(client, run, experiment.name, metric, way, epoch)
                imported += _import_run(registry, candidate, named.get(run.info.run_id, []), model)
    if all(result.reason == _missing(metric) for result in imported):
        raise NotFoundError(f"none of the {len(imported)} runs has a metric {metric!r}; name one that MLflow shows")
    return imported


@dataclass(frozen=True)
class _Run:
    client: Any
    logged: Any
    experiment: str
    metric: str
    direction: Direction
    epoch: Epoch

    def result(self, ref: str | None, status: Any, reason: str | None) -> Imported:
        return Imported(self.logged.info.run_id, self.logged.info.run_name or "", ref, status, reason)


def _missing(metric: str) -> str:
    return f"it has no metric {metric!r}"


def _import_run(
    registry: Registry, run: _Run, versions: list[tuple[Any, list[str]]], model: str | None
) -> list[Imported]:
    if run.metric not in run.logged.data.metrics:
        return [run.result(None, "skipped", _missing(run.metric))]
    status = run.logged.info.status
    if status != _FINISHED:
        return [run.result(None, "skipped", f"it is {status.lower()}, not finished")]
    targets = {version.name: (version, aliases) for version, aliases in versions} if model is None else {}
    if not targets:
        return [_register(registry, run, model or run.experiment, None, [])]
    return [_register(registry, run, name, version, aliases) for name, (version, aliases) in targets.items()]


def _register(registry: Registry, run: _Run, model: str, version: Any, aliases: list[str]) -> Imported:
    name, origin = convert.plain_name(model), f"mlflow:{run.logged.info.run_id}"
    number = registry.origins(name).get(origin)
    if number is not None:
        return run.result(f"{name}/{number}", "known", None)
    with TemporaryDirectory(prefix="registry-") as folder:
        weights, libraries, reason = _weights(run, folder)
        try:
            registered = registry.register(name, weights=weights, **_fields(run, origin, libraries, version))
        except UsageError as error:
            return run.result(None, "skipped", str(error))
    assert registered is not None  # noqa: S101 - only top_k keeps one out
    _label(registry, registered, run, version, aliases)
    return run.result(registered.ref, "registered", reason)


def _weights(run: _Run, folder: str) -> tuple[Any, dict[str, str], str | None]:
    """Return the Keras model that the run logged, the Keras that saved it, and why there is none."""
    path = asked.download_weights(run.client, run.logged, folder)
    if path is None:
        return None, {}, "without weights: it logged no Keras model"
    from registry.keras_models.keras_file import load_model, saved_by

    try:
        return load_model(path), {"keras": saved_by(path)}, None
    except LoadError as error:
        return None, {}, f"without weights: {error}"


def _fields(run: _Run, origin: str, libraries: dict[str, str], version: Any) -> dict[str, Any]:
    logged = run.logged
    history = {
        name: [
            (point.step, point.timestamp, point.value)
            for point in run.client.get_metric_history(logged.info.run_id, name)
        ]
        for name in logged.data.metrics
        if not name.startswith("system/")
    }
    curves, score, epoch = convert.curves(history, run.metric, run.direction, run.epoch)
    datasets = getattr(logged.inputs, "dataset_inputs", None) or []
    number = {} if version is None else {"mlflow.version": str(version.version)}
    ended = logged.info.end_time
    return {
        "metric": run.metric,
        "direction": run.direction,
        "score": score,
        "epoch": epoch,
        "curves": curves,
        "params": {name: convert.param(text) for name, text in logged.data.params.items()},
        "seconds": max(0, ended - logged.info.start_time) / 1000 if ended else None,
        "tags": convert.tags({**logged.data.tags, **(version.tags if version is not None else {})}) | number,
        "source": Source(
            study=run.experiment,
            data_fingerprint=datasets[0].dataset.digest if datasets else None,
            code_revision=logged.data.tags.get("mlflow.source.git.commit"),
            libraries=libraries,
            origin=origin,
        ),
    }


def _label(registry: Registry, ours: ModelVersion, run: _Run, version: Any, aliases: list[str]) -> None:
    about = (version.description if version is not None else None) or run.logged.data.tags.get("mlflow.note.content")
    if about:
        registry.describe(ours.ref, about)
    for alias in aliases:
        try:
            registry.set_alias(ours.model, convert.plain_name(alias), ours.version, if_currently="none", force=True)
        except ConflictError:
            continue  # somebody has set it here
