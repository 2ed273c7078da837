"""Updates by kernels: what Keras' own compute, in the user's own optimizer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from search.training.kernels.updates import FUSED, fused_updates, has_kernel

optimizers = keras.optimizers
WITH_KERNEL = {
    "sgd": lambda: optimizers.SGD(0.05),
    "sgd, momentum": lambda: optimizers.SGD(0.05, momentum=0.9),
    "sgd, nesterov": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "sgd, a schedule and decay": lambda: optimizers.SGD(
        optimizers.schedules.ExponentialDecay(0.05, 50, 0.5), momentum=0.5, weight_decay=1e-2
    ),
    "sgd, clipped by norm": lambda: optimizers.SGD(0.05, momentum=0.9, global_clipnorm=0.1),
    "sgd, averaged": lambda: optimizers.SGD(0.05, momentum=0.9, use_ema=True, ema_momentum=0.9),
    "adam": lambda: optimizers.Adam(0.01),
    "adam, other betas": lambda: optimizers.Adam(0.01, beta_1=0.5, beta_2=0.9, epsilon=1e-3, clipvalue=0.1),
    "adam, averaged": lambda: optimizers.Adam(0.01, use_ema=True, ema_overwrite_frequency=30),
    "adam, gradients of three steps": lambda: optimizers.Adam(0.01, gradient_accumulation_steps=3),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "rmsprop": lambda: optimizers.RMSprop(0.003),
    "rmsprop, momentum": lambda: optimizers.RMSprop(0.003, momentum=0.5, epsilon=1e-3),
    "rmsprop, centered": lambda: optimizers.RMSprop(0.003, centered=True),
    "adagrad": lambda: optimizers.Adagrad(0.05),
}
WITHOUT = {
    "adam, amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "adagrad, from nothing": lambda: optimizers.Adagrad(0.05, initial_accumulator_value=0.0),
    "another": lambda: optimizers.Nadam(0.01),
    "derived": lambda: Doubled(0.01),
    "scaled": lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.05)),
}


class Doubled(optimizers.SGD):
    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient, variable, 2 * learning_rate)


class Regression:
    """A logistic regression of dense, bounded and sparsely used variables, with an optimizer and its compiled step."""

    def __init__(self, optimizer, *, kernels):
        rng = np.random.default_rng(0)
        x = tf.constant(rng.normal(size=(32, 6)), tf.float32)
        y = tf.constant(rng.integers(0, 2, (32, 3)), tf.float32)
        weights = keras.Variable(rng.normal(size=(6, 3)).astype(np.float32))
        table = keras.Variable(rng.normal(size=(4, 3)).astype(np.float32))
        bias = keras.Variable(np.zeros(3, np.float32), constraint=keras.constraints.MaxNorm(0.1, axis=0))
        rows = tf.constant(rng.integers(0, 4, 32))
        variables = [weights, table, bias]
        optimizer.build(variables)
        self.variables = [*variables, *optimizer.variables]

        def step():
            with tf.GradientTape() as tape:
                logits = x @ weights.value + tf.gather(table.value, rows) + bias.value
                loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, logits))
            gradients = tape.gradient(loss, [variable.value for variable in variables])
            if optimizer.gradient_accumulation_steps or getattr(optimizer, "centered", False):  # else Keras fails
                gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
            optimizer.apply_gradients(zip(gradients, variables, strict=True))

        with fused_updates([optimizer] if kernels else []):
            self._step = tf.function(step).get_concrete_function()

    def after(self, steps):
        """Take some more steps; return the values of all variables."""
        for _ in range(steps):
            self._step()
        return [np.array(variable) for variable in self.variables]

    def kernels(self):
        """Return how many updates are done by kernels, also within branches."""
        graph = self._step.graph.as_graph_def()
        nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
        return sum(node.op.startswith("ResourceApply") for node in nodes)


@pytest.mark.parametrize("name", WITH_KERNEL)
def test_a_kernel_computes_what_keras_computes_for_200_steps(name):
    ours, theirs = (Regression(WITH_KERNEL[name](), kernels=kernels) for kernels in (True, False))
    assert (ours.kernels() > 0, theirs.kernels()) == (True, 0)
    for mine, other in zip(ours.after(200), theirs.after(200), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["sgd, nesterov", "sgd, averaged", "adamw", "rmsprop", "adagrad"])
def test_a_kernel_goes_on_bit_for_bit_from_the_variables_alone(name):
    first, second = (Regression(WITH_KERNEL[name](), kernels=True) for _ in range(2))
    for variable, value in zip(second.variables, first.after(20), strict=True):
        variable.assign(value)
    for whole, continued in zip(first.after(20), second.after(20), strict=True):
        np.testing.assert_array_equal(continued, whole)


@pytest.mark.parametrize("name", WITHOUT)
def test_an_optimizer_without_a_kernel_is_left_to_keras(name):
    assert not has_kernel(WITHOUT[name]())
    ours, theirs = (Regression(WITHOUT[name](), kernels=kernels) for kernels in (True, False))
    assert ours.kernels() == 0
    for mine, other in zip(ours.after(3), theirs.after(3), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_the_optimizer_is_the_users_own_afterwards():
    optimizer = optimizers.Adam(0.01)
    before = dict(vars(optimizer))
    with fused_updates([optimizer]):
        assert vars(optimizer).keys() - before.keys() == set(FUSED)
    assert vars(optimizer) == before


def test_a_block_within_a_block_ends_alone():
    optimizer = optimizers.Adam(0.01)
    with fused_updates([optimizer]):
        with fused_updates([optimizer]):
            pass
        assert "_backend_update_step" in vars(optimizer)
    assert "_backend_update_step" not in vars(optimizer)
