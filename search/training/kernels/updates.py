"""Optimizers' updates by one kernel a variable, in the variables that the optimizer has; what is computed stays.

The formulas are those of ``update_step`` in ``keras/src/optimizers``; the kernels' are in
``tensorflow/core/kernels/training_ops.cc``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

Update = Callable[[Any, Any, int], None]  # of a gradient, a variable, and the variable's place in the optimizer
ANONYMOUS = "cd2c89b7-88b7-44c8-ad83-06c2a9158347"  # TensorFlow's name for what lives as long as its handle
SMALL_EPSILON = 2e-6  # of Adagrad's first accumulator: beneath it, where the epsilon stands is lost in the rounding


@contextmanager
def fused_updates(optimizers: Iterable[Any]) -> Iterator[None]:
    """Let optimizers update by kernels what is traced in this block; afterwards they are as they were.

    Clipping, weight decay, accumulated gradients and schedules remain Keras' own. So does all of an
    optimizer whose class or options have no kernel, of sparse gradients, of variables that are not float32, and under a
    ``tf.distribute.Strategy``.

    Args:
        optimizers: those that the step may use.
    """
    fused = [] if tf.distribute.has_strategy() else [each for each in optimizers if has_kernel(each)]
    for optimizer in fused:
        vars(optimizer).update({name: functools.partial(kernel, optimizer) for name, kernel in FUSED.items()})
    try:
        yield
    finally:
        for optimizer in fused:
            for name in FUSED:
                del vars(optimizer)[name]


def has_kernel(optimizer: Any) -> bool:
    """Tell whether an optimizer is exactly of a class, and has options, that a kernel computes."""
    own = vars(optimizer).keys() & {"update_step", *FUSED}  # also ours, of a block around this one
    if type(optimizer) not in KERNELS or own or getattr(optimizer, "amsgrad", False):
        return False
    if type(optimizer) is keras.optimizers.Adagrad:
        return bool(optimizer.epsilon <= SMALL_EPSILON * optimizer.initial_accumulator_value)
    return True


def _update(optimizer: Any, gradients: Any, variables: Any, learning_rate: Any) -> None:
    """Update variables as ``Optimizer._backend_update_step`` does."""
    update = KERNELS[type(optimizer)](optimizer, tf.cast(learning_rate, tf.float32))
    for gradient, variable in zip(gradients, variables, strict=True):
        variable = getattr(variable, "value", variable)  # of Keras' variable
        if isinstance(gradient, tf.IndexedSlices) or not gradient.dtype == variable.dtype == tf.float32:
            optimizer.update_step(gradient, variable, learning_rate)
        else:
            update(gradient, variable.handle, optimizer._get_variable_index(variable))


def _average(optimizer: Any, variables: Any) -> None:
    """Move averages towards the variables as ``Optimizer._update_model_variables_moving_average`` does.

    average = momentum * average + (1 - momentum) * variable is a step down the gradient average - variable, at the rate
    1 - momentum; the first step sets the average, which is 0, to the variable.
    """
    steps = tf.convert_to_tensor(optimizer.iterations)  # no variable, where gradients are accumulated over steps
    rate = tf.where(steps > 0, 1.0 - optimizer.ema_momentum, 1.0)
    for variable, average in zip(variables, optimizer._model_variables_moving_average, strict=True):
        if average is None:  # of a variable that is set, not trained, such as the scale of 8-bit numbers
            continue
        apart = average.value - variable.value
        alpha = tf.cast(rate, apart.dtype)
        tf.raw_ops.ResourceApplyGradientDescent(var=_handle(average), alpha=alpha, delta=apart)


def _sgd(optimizer: Any, rate: Any) -> Update:
    def plain(gradient: Any, handle: Any, _place: int) -> None:
        tf.raw_ops.ResourceApplyGradientDescent(var=handle, alpha=rate, delta=gradient)

    def with_momentum(gradient: Any, handle: Any, place: int) -> None:
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=handle,
            accum=_handle(optimizer.momentums[place]),
            lr=rate,
            grad=gradient,
            momentum=optimizer.momentum,
            use_nesterov=optimizer.nesterov,
        )

    return with_momentum if optimizer.momentum else plain


def _adam(optimizer: Any, rate: Any) -> Update:
    steps = tf.cast(optimizer.iterations + 1, tf.float32)
    powers = [tf.pow(tf.constant(beta, tf.float32), steps) for beta in (optimizer.beta_1, optimizer.beta_2)]

    def update(gradient: Any, handle: Any, place: int) -> None:
        tf.raw_ops.ResourceApplyAdam(
            var=handle,
            m=_handle(optimizer._momentums[place]),
            v=_handle(optimizer._velocities[place]),
            beta1_power=powers[0],
            beta2_power=powers[1],
            lr=rate,
            beta1=optimizer.beta_1,
            beta2=optimizer.beta_2,
            epsilon=optimizer.epsilon,
            grad=gradient,
        )

    return update


def _rmsprop(optimizer: Any, rate: Any) -> Update:
    def update(gradient: Any, handle: Any, place: int) -> None:
        momentum = _handle(optimizer._momentums[place]) if optimizer.momentum > 0 else _scratch(gradient.shape)
        same = {
            "var": handle,
            "ms": _handle(optimizer._velocities[place]),
            "mom": momentum,
            "lr": rate,
            "rho": optimizer.rho,
            "momentum": optimizer.momentum,
            "epsilon": optimizer.epsilon,
            "grad": gradient,
        }
        if optimizer.centered:
            tf.raw_ops.ResourceApplyCenteredRMSProp(mg=_handle(optimizer._average_gradients[place]), **same)
        else:
            tf.raw_ops.ResourceApplyRMSProp(**same)

    return update


def _adagrad(optimizer: Any, rate: Any) -> Update:
    # Keras divides by sqrt(a + e), the kernel by sqrt(a) + e'. With this e' they differ by less than e / 8a, for every
    # accumulator a from the first one on.
    epsilon = optimizer.epsilon / (2 * math.sqrt(optimizer.initial_accumulator_value)) if optimizer.epsilon else 0.0

    def update(gradient: Any, handle: Any, place: int) -> None:
        accumulator = _handle(optimizer._accumulators[place])
        tf.raw_ops.ResourceApplyAdagradV2(var=handle, accum=accumulator, lr=rate, epsilon=epsilon, grad=gradient)

    return update


def _handle(variable: Any) -> Any:
    return variable.value.handle


def _scratch(shape: Any) -> Any:
    """Return room for a momentum that is 0: the kernel writes it, and nothing reads it."""
    with tf.init_scope():  # not a tf.Variable, which cannot be made where a function is traced again
        handle = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=shape, shared_name=ANONYMOUS)
        tf.raw_ops.AssignVariableOp(resource=handle, value=tf.zeros(shape))
    return handle  # the graph that takes it keeps it


KERNELS: Mapping[type, Callable[[Any, Any], Update]] = {
    keras.optimizers.SGD: _sgd,
    keras.optimizers.Adam: _adam,
    keras.optimizers.AdamW: _adam,
    keras.optimizers.RMSprop: _rmsprop,
    keras.optimizers.Adagrad: _adagrad,
}

# By the method of Keras' optimizers whose place it takes.
FUSED: Mapping[str, Callable[..., None]] = {
    "_backend_update_step": _update,
    "_update_model_variables_moving_average": _average,
}
