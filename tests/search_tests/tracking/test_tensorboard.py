"""Runs of TensorBoard: what their files hold, also after a kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.values.stop_reason import StopReason
from search.tracking import hparams
from search.tracking.contract import TrackedStudy
from search.tracking.tensorboard import TensorBoard

tf = pytest.importorskip("tensorflow")
ENDED = {"stop_reason": StopReason.MAX_EPOCHS, "score": 0.25, "best_epoch": 2, "finished_at": 1060.0}


def events(folder: Path):
    """Return each tag, step and value of a run's files, in their order; of messages their bytes."""
    found = []
    for file in sorted(folder.glob("events.*")):
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                plugin = value.metadata.plugin_data
                content = plugin.content if plugin.plugin_name == "hparams" else float(tf.make_ndarray(value.tensor))
                found.append((value.tag, event.step, content))
    return found


def test_a_trial_is_a_run_with_scalars_by_epoch_and_hparams(tmp_path, tracked, tracked_study):
    board = TensorBoard(tmp_path, tracked_study)
    board.log(tracked(0.5))
    board.log(tracked(0.5, None, 0.25))
    board.log(tracked(0.5, None, 0.25, **ENDED))
    board.close()
    (folder,) = tmp_path.glob("*/*")
    assert folder.relative_to(tmp_path).parts == ("night-1", "trial-0003")
    start = hparams.session_start(tracked().params, "night-1/trial-0003", 1000.0)
    end = hparams.session_end(failed=False, ended=1060.0)
    scalars = [("val_loss", 1, 0.5), ("val_loss", 3, 0.25)]
    assert events(folder) == [(hparams.START, 0, start), *scalars, (hparams.END, 0, end), ("score", 2, 0.25)]


def test_after_a_kill_the_run_goes_on_without_an_epoch_twice(tmp_path, tracked, tracked_study):
    board = TensorBoard(tmp_path, tracked_study)
    board.log(tracked(0.5, 0.4))
    (file,) = tmp_path.glob("*/*/events.*")
    with file.open("ab") as cut_off:
        cut_off.write(b"\x18\x00\x00")  # the beginning of a record
    again = TensorBoard(tmp_path, tracked_study)
    again.log(tracked(0.5, 0.4, 0.3))
    again.log(tracked(0.5, 0.4, 0.3, **ENDED))
    TensorBoard(tmp_path, tracked_study).log(tracked(0.5, 0.4, 0.3, **ENDED))
    with file.open("r+b") as mended:
        mended.truncate(file.stat().st_size - 3)
    tags = [(tag, step) for tag, step, _ in events(file.parent)]
    assert tags == [(hparams.START, 0), *(("val_loss", epoch) for epoch in (1, 2, 3)), (hparams.END, 0), ("score", 2)]


def test_params_that_come_late_are_told_at_the_end(tmp_path, tracked):
    board = TensorBoard(tmp_path, TrackedStudy("s", "k", "mine:objective", asks_late=True))
    board.log(tracked(0.5, params={}))
    (folder,) = tmp_path.glob("*/*")
    assert [tag for tag, *_ in events(folder)] == ["val_loss"]
    board.log(tracked(0.5, params={"x": 1.5}, stop_reason=StopReason.ERROR, finished_at=1010.0))
    told = {tag: content for tag, _, content in events(folder)}
    assert told[hparams.START] == hparams.session_start({"x": 1.5}, "s/trial-0003", 1000.0)
    assert told[hparams.END] == hparams.session_end(failed=True, ended=1010.0)


def test_the_messages_are_those_of_the_plug_ins_protos():
    # Field 4 (session_end_info), two bytes: field 1 (status), SUCCESS.
    assert hparams.session_end(failed=False, ended=0.0) == b"\x22\x02\x08\x01"
    # Field 3 (session_start_info): field 1 (an entry of hparams: key, value), value's field 4 (bool), field 4 (group).
    entry = b"\x0a\x01n\x12\x02\x20\x01"
    body = b"\x0a" + bytes([len(entry)]) + entry + b"\x22\x01g"
    assert hparams.session_start({"n": True}, "g", 0.0) == b"\x1a" + bytes([len(body)]) + body
