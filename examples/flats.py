"""Which network tells let_within of flats.csv from the other columns best.

Written by `search init`: change what you like. To try it out, to search, and for what comes after:

    search check examples/flats.py
    search run examples/flats.py --trials 40
    registry predict flats NEW.csv --out predictions.csv
"""

from functools import cache
from pathlib import Path

import keras
import pandas as pd
from sklearn.model_selection import train_test_split

from search import Data, Objective, Problem

CSV = Path(__file__).parent / "flats.csv"
TARGET = "let_within"
NUMBERS = ["size", "rooms", "rent"]
CATEGORIES = ["district", "heating"]
TEXTS = ["advert"]
# Not used: number (counts the rows)
CLASSES = ["days", "months", "weeks"]


def split(table, share):
    """Split rows, the same each time, with equal shares of each class."""
    return train_test_split(table, test_size=share, random_state=0, stratify=table[TARGET])


@cache
def parts():
    """Return the rows to train on (60 of 100), to choose by (20) and to test on (20)."""
    table = pd.read_csv(CSV, sep=",").rename(columns=lambda name: name.replace("/", "_"))
    table = table.replace([float("inf"), float("-inf")], float("nan")).dropna(subset=[TARGET])
    train, rest = split(table, 0.4)
    return train, *split(rest, 0.5)


def inputs_of(table):
    """Return arrays by column, numbers (rows, 1) and texts (rows,); a missing number is NaN, a missing text empty."""
    numbers = {name: table[[name]].to_numpy("float32") for name in NUMBERS}
    texts = {name: table[name].astype(object).fillna("").astype(str).to_numpy() for name in CATEGORIES + TEXTS}
    return numbers | texts


def target_of(table):
    """Return the place of each row's class in `CLASSES`."""
    return table[TARGET].map({value: place for place, value in enumerate(CLASSES)}).to_numpy("int64")


def load_data():
    """Return what is trained on and what the search chooses by."""
    train, validation, _ = parts()
    return Data(train=(inputs_of(train), target_of(train)), validation=(inputs_of(validation), target_of(validation)))


def load_test():
    """Return what no search sees: `search confirm` measures its winner on it, once."""
    return inputs_of(parts()[2]), target_of(parts()[2])


@cache
def words_of(name):
    """Return the words that occur most in a column's training part."""
    layer = keras.layers.TextVectorization(max_tokens=2000)
    layer.adapt(inputs_of(parts()[0])[name])
    return layer.get_vocabulary(include_special_tokens=False)


def features_of(inputs):
    """Return the columns as numbers: the model itself prepares what it is given, by what the training part was like."""
    train, features = parts()[0], []
    if NUMBERS:
        numbers = keras.layers.Concatenate()([inputs[name] for name in NUMBERS])
        mean, variance = train[NUMBERS].mean().to_numpy("float32"), train[NUMBERS].var(ddof=0).to_numpy("float32")
        features.append(keras.ops.nan_to_num(keras.layers.Normalization(mean=mean, variance=variance)(numbers)))
        features.append(keras.ops.cast(keras.ops.isnan(numbers), "float32"))  # that a number is missing may tell, too
    for name in CATEGORIES:
        categories = sorted(set(inputs_of(train)[name]))
        features.append(keras.layers.StringLookup(vocabulary=categories, output_mode="one_hot")(inputs[name]))
    for name in TEXTS:
        layer = keras.layers.TextVectorization(vocabulary=words_of(name), output_mode="multi_hot")
        features.append(keras.ops.cast(layer(inputs[name]), "float32"))
    return keras.layers.Concatenate()(features)


def build(hp):
    """Return a compiled model; what `hp` is asked for is searched."""
    inputs = {name: keras.Input((1,), name=name) for name in NUMBERS}
    inputs |= {name: keras.Input((), name=name, dtype="string") for name in CATEGORIES + TEXTS}
    x = features_of(inputs)
    for _ in range(hp.Int("hidden_layers", 1, 3)):
        x = keras.layers.Dense(hp.Int("units", 16, 128, step=16), hp.Choice("activation", ["relu", "gelu", "tanh"]))(x)
        x = keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.1))(x)
    rate = hp.Float("learning_rate", 1e-4, 3e-2, sampling="log", default=3e-3)
    model = keras.Model(inputs, keras.layers.Dense(len(CLASSES), activation="softmax")(x))
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


problem = Problem(
    name="flats",
    objective=Objective("val_accuracy", "max"),
    hypermodel=build,
    load_data=load_data,
    load_test=load_test,
    class_names=CLASSES,
)
