"""Trials as runs of TensorBoard: a folder each, with its scalars and its HParams."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from search.tracking import hparams
from search.tracking.contract import TrackedStudy, TrackedTrial, due

BUFFER = 2**18  # bytes that are read at once
SCALAR = 1  # TensorBoard's DATA_CLASS_SCALAR


class TensorBoard:
    """Write ``DIR/STUDY/trial-0007``: a scalar for each metric and epoch, and what the HParams page shows.

    What a run has is read back from its files, so another process goes on where one was killed.

    Args:
        folder: the log folder.
        study: the study.
    """

    def __init__(self, folder: Path, study: TrackedStudy) -> None:
        self._folder = folder / re.sub(r"[^\w.-]+", "-", study.name)
        self._study = study
        self._logged: dict[int, dict[str, int]] = {}
        self._writers: dict[int, Any] = {}

    def log(self, trial: TrackedTrial) -> None:
        """Bring a trial's run up to what the trial has come to; see `Tracker`."""
        place = self._folder / f"trial-{trial.number:04d}"
        logged = self._logged.setdefault(trial.number, {}) or self._read_back(trial.number, place)
        ended = trial.stop_reason is not None
        messages = {}
        if (ended or not self._study.asks_late) and hparams.START not in logged:
            began = trial.started_at or time.time()
            messages[hparams.START] = hparams.session_start(
                trial.params, str(place.relative_to(self._folder.parent)), began
            )
        if ended and hparams.END not in logged:
            messages[hparams.END] = hparams.session_end(failed=trial.failed, ended=trial.finished_at or time.time())
        scalars = list(due(trial, logged))
        if scalars or messages:
            self._write(trial.number, place, scalars, messages)
            logged |= {metric: epoch for metric, epoch, _ in scalars} | dict.fromkeys(messages, 0)
        if ended and trial.number in self._writers:
            self._writers.pop(trial.number).close()

    def keep_model(self, trial: int, write: Callable[[Path], Path]) -> None:
        """Keep nothing: TensorBoard shows no models."""

    def close(self) -> None:
        """Close all files."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _write(
        self, number: int, place: Path, scalars: list[tuple[str, int, float]], messages: dict[str, bytes]
    ) -> None:
        import tensorflow as tf

        if number not in self._writers:
            self._writers[number] = tf.summary.create_file_writer(str(place))
        summaries = {0: tf.compat.v1.Summary()} if messages else {}
        for tag, content in messages.items():
            value = summaries[0].value.add(tag=tag, tensor=tf.make_tensor_proto([], tf.float32))
            value.metadata.plugin_data.plugin_name, value.metadata.plugin_data.content = hparams.PLUGIN, content
        for metric, epoch, scalar in scalars:  # as tf.summary.scalar does, which needs the package tensorboard
            summary = summaries.setdefault(epoch, tf.compat.v1.Summary())
            value = summary.value.add(tag=metric, tensor=tf.make_tensor_proto(scalar, tf.float32))
            value.metadata.plugin_data.plugin_name, value.metadata.data_class = "scalars", SCALAR
        with self._writers[number].as_default():
            for epoch, summary in summaries.items():
                tf.summary.experimental.write_raw_pb(summary.SerializeToString(), step=epoch)
        self._writers[number].flush()

    def _read_back(self, number: int, place: Path) -> dict[str, int]:
        """Return tag to the last step that a run's files have; one that was cut off in the middle is read so far."""
        import tensorflow as tf

        logged = self._logged[number]
        for file in sorted(place.glob("events.out.tfevents.*")):
            records = iter(tf.data.TFRecordDataset(str(file), buffer_size=BUFFER))
            while True:
                try:
                    record = next(records)
                except (StopIteration, tf.errors.DataLossError):
                    break
                event = tf.compat.v1.Event.FromString(record.numpy())
                for value in event.summary.value:
                    logged[value.tag] = max(event.step, logged.get(value.tag, 0))
        return logged
