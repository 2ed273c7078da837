"""Which devices train one trial together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def visible_gpus() -> list[str]:
    """Return the GPUs that this process sees, as TensorFlow names them; it starts TensorFlow's runtime."""
    return [device.name for device in tf.config.list_logical_devices("GPU")]


def strategy_of(devices: Sequence[str]) -> Any:
    """Return the ``tf.distribute.MirroredStrategy`` of devices; None for fewer than two, which need none."""
    return tf.distribute.MirroredStrategy(list(devices)) if len(devices) > 1 else None
