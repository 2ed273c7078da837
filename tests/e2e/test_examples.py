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


def test_a_convolutional_network_trains_on_moved_pictures_and_predicts_them_as_they_are():
    import keras_tuner

    from examples.clothes import ConvolutionalNetwork

    hp = keras_tuner.HyperParameters()
    model = ConvolutionalNetwork().build(hp)
    images = np.arange(64 * 28 * 28, dtype="uint32").reshape(64, 28, 28).astype("uint8")
    assert not np.allclose(model(images, training=True), model(images, training=True))
    assert np.array_equal(model(images, training=False), model(images, training=False))
    before = [np.array(weight) for weight in model.trainable_weights]
    model.fit(images, np.arange(64) % 10, batch_size=hp.get("batch_size"), verbose=0)
    assert all(not np.array_equal(old, new) for old, new in zip(before, model.trainable_weights, strict=True))
