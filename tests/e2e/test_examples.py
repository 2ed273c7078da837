"""The examples that are programs do what they say."""

from __future__ import annotations

import numpy as np

from registry import Registry


def test_models_that_no_study_trained(tmp_path, capsys):
    from examples import by_hand
    from examples.digits import load_data

    storage = f"sqlite:///{tmp_path}/by_hand.db"
    by_hand.main(storage, epochs=2)
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed] == [f"digits-by-hand/{number}" for number in (1, 2, 3)]
    images, labels = load_data().validation
    with Registry(storage) as registry:
        for version in registry.list("digits-by-hand"):
            predicted = np.argmax(version.load().predict(images, verbose=0), axis=1)
            # What was registered is what the stored weights score.
            assert np.isclose(np.mean(predicted == labels), version.score, atol=1e-6), version.ref
        assert set(registry.get("digits-by-hand/2").params) >= {"hidden_layers", "activation", "optimizer"}
