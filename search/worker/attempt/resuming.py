"""Where a trial goes on that was begun before: after its last checkpoint, or at its beginning."""

from __future__ import annotations

from search.worker.attempt.running import RunningTrial


def resume(running: RunningTrial) -> bytes | None:
    """Return the checkpoint to continue after, None to begin; the pruner's memory is put back to that epoch."""
    checkpoint = running.context.retry(running.checkpoints.load)
    if checkpoint is None:
        if running.lease.claim.epoch:
            running.note("began again: there is no checkpoint of it")
        begin_anew(running)
        return None
    steps = checkpoint.pruning.get("steps", range(checkpoint.epoch + 1))
    running.context.view.rewind_to(steps, checkpoint.pruning["system_attrs"])
    running.pruner.restore(checkpoint.pruning)
    running.after = checkpoint.epoch
    return checkpoint.data


def begin_anew(running: RunningTrial) -> None:
    """Put the pruner's memory back to the beginning, and the trial with it."""
    if running.lease.claim.until == 0:  # it was to be closed with what is lost now
        running.pause_after(1)
    running.context.view.rewind_to((), running.pruner.first_attrs())
    running.pruner.restore({})
    running.after = 0
