"""Two devices that share each batch compute what one computes; in a process that has two."""

import numpy as np
import pytest
from support.replicas import refused, trained_on_both

from search.system.forkserver import call_in_child

CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.mark.parametrize(
    ("samples", "interrupted"),
    [(80, False), (86, True), (83, False)],
    ids=["whole batches", "a last batch that is shared, continued", "a last batch that is not"],
)
def test_two_devices_train_what_one_trains(samples, interrupted):
    made = call_in_child(trained_on_both, samples, interrupted)
    one, two = made["one"], made["two"]
    for mine, theirs in zip(two["weights"], one["weights"], strict=True):
        np.testing.assert_allclose(mine, theirs, **CLOSE)
    exact = [name for name in one["curves"] if samples % 2 == 0 or name.startswith("val_")]
    assert {"val_loss", "val_accuracy"} <= set(exact)
    for name in exact:
        np.testing.assert_allclose(two["curves"][name], one["curves"][name], **CLOSE)
    np.testing.assert_allclose(two["predicted"], one["predicted"], **CLOSE)


def test_a_batch_that_cannot_be_shared_is_refused():
    assert call_in_child(refused, 15) == (
        "a batch of 15 samples cannot be shared by 2 GPUs; give a multiple of 2, or another --gpus-per-trial"
    )
