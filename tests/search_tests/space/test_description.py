"""A HyperModel is told from another by its model, how that is compiled, and its source; not by chance."""

import importlib
import sys
import textwrap

import keras
import keras_tuner
import pytest

from search.space.description import describe_model, describe_source, steady


def dense(*, units=3, momentum=0.0, loss="mse", dropout=0.1):
    inputs = keras.Input((4,))
    outputs = keras.layers.Dense(1)(keras.layers.Dropout(dropout)(keras.layers.Dense(units)(inputs)))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.SGD(0.1, momentum=momentum), loss, metrics=["mae"])
    return model


class Own(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.units = units
        self.inner = keras.layers.Dense(units)

    def call(self, x):
        return self.inner(x)


def own(units):
    model = Own(units)
    model.compile("adam", "mse")
    return model


def changed(one, other):
    first, second = describe_model(one), describe_model(other)
    return {part for part in first if first[part] != second[part]}


@pytest.mark.parametrize("build", [dense, lambda: own(3), lambda: keras.Sequential([keras.layers.Dense(2)])])
def test_the_same_model_is_the_same_whenever_it_is_built(build):
    first, second = describe_model(build()), describe_model(build())
    assert first == second == steady(first, second)


def test_each_part_is_its_own():
    assert changed(dense(), dense(units=4)) == {"model", "layers"}
    assert changed(dense(), dense(dropout=0.2)) == {"model", "layers"}
    assert changed(dense(), dense(momentum=0.9)) == {"optimizer"}
    assert changed(dense(), dense(loss="mae")) == {"loss"}
    assert "layers" in changed(own(3), own(4))


def test_mixed_precision_is_the_worker_s_and_not_the_model_s():
    plain = describe_model(dense())
    keras.config.set_dtype_policy("mixed_float16")
    try:
        assert describe_model(dense()) == plain
    finally:
        keras.config.set_dtype_policy("float32")


def test_what_changes_from_build_to_build_is_left_out():
    assert steady({"model": 1, "loss": "mse"}, {"model": 2, "loss": "mse"}) == {"loss": "mse"}


SOURCE = '''
"""A module."""
import keras_tuner

SIZE = 3

class Network(keras_tuner.HyperModel):
    """Doc."""
    def build(self, hp):
        return SIZE  # a comment

def load_data():
    return 1

if __name__ == "__main__":
    print("a script")
'''


@pytest.fixture
def parts_of(tmp_path, monkeypatch):
    """Give a function that returns the parts of a module's source."""
    monkeypatch.syspath_prepend(tmp_path)
    numbers = iter(range(10))

    def parts(text):
        name = f"described_{next(numbers)}"
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        importlib.invalidate_caches()
        module = importlib.import_module(name)
        described = describe_source(module.Network())["source"]
        assert described["module"] == name
        return described["parts"]

    yield parts
    for name in [name for name in sys.modules if name.startswith("described_")]:
        del sys.modules[name]


def test_the_source_is_known_by_what_it_defines(parts_of):
    first = parts_of(SOURCE)
    assert list(first) == ["its imports and other lines", "SIZE", "Network", "load_data"]
    said = SOURCE.replace("# a comment", "").replace('"""Doc."""', '"""Other."""').replace("a script", "another")
    assert parts_of(said) == first
    second = parts_of(SOURCE.replace("return SIZE", "return SIZE + 1"))
    assert [name for name in first if first[name] != second[name]] == ["Network"]


def test_a_function_is_described_by_its_module():
    from keras_tuner.src.engine.hypermodel import get_hypermodel

    assert "dense" in describe_source(get_hypermodel(lambda hp: dense()))["source"]["parts"]
    assert describe_source(keras_tuner.applications.HyperResNet(input_shape=(8, 8, 3), classes=2)) == {}
