"""What the test of the documents knows of steps: which are made short, prepared, refused or left out, and why."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# By the beginning of a command: why nobody can run it here.
LEFT_OUT = {
    r"make |\. \.venv|pip install|docker |kubectl |sh examples/ray|STUDY=night sbatch": "sets a machine up",
    r".*postgresql://": "needs a server of the reader's",
    r".*s3://|registry artifacts /srv": "needs a store of the reader's",
    r"search run .*--on ray|.*--device gpu": "needs a cluster or GPUs",
    r"registry import-mlflow": "needs an MLflow server",
    r"registry hook add|registry hook (log|rm|deliver)": "tells a server of the reader's; tests/e2e/test_hooks.py does",
    r"registry serve": "answers until it is told to end; tests/e2e/test_serve.py asks it",
    r"search run mnist|search run mine:digits|search run mine\.py": "downloads MNIST",
    r"registry reproduce": "trains for minutes; tests/e2e/test_reproduce.py does it on a small problem",
    r"python -m benchmarks": "takes an hour each; make bench checks what it prints",
    r"search run PROBLEM|search (confirm|ensemble|refit) STUDY": "a pattern and no command",
    r"fmnist reference|search confirm fmnist|search run fmnist-wide|fmnist baselines$": "takes hours",
    r"fmnist pictures|fmnist baselines softmax": "trains for minutes, or draws what was trained for hours",
}
# What takes long in a command, and what is run instead.
SHORT = {
    r"--trials (8|20|40|60|200)\b": "--trials 1 --max-epochs 1",
    r"(?<=search run fmnist )(?=--patience|--workers 3|--device auto)": "--trials 1 --max-epochs 1 ",
}
_KERAS_MODEL = """
import keras
import numpy as np
x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
y = (x[:, 0] > 0).astype("int32")
validation = x, y

class Network(keras_tuner.HyperModel):
    def build(self, hp):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 2, 4)), keras.layers.Dense(2)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss, metrics=["accuracy"])
        return model

"""
_OPTUNA_STUDY = """
import optuna
study = optuna.create_study(study_name="theirs", storage="sqlite:///optuna.db", direction="maximize")
study.optimize(lambda trial: trial.suggest_int("units", 2, 16) / 16, n_trials=3)
"""
_TUNED_PROJECT = """
import keras_tuner
hp = keras_tuner.HyperParameters()
hp.Int("units", 2, 16)
oracle = keras_tuner.oracles.RandomSearchOracle(keras_tuner.Objective("val_loss", "min"), 1, hyperparameters=hp)
oracle._set_project_dir("tuned", "project")
trial = oracle.create_trial("tuner0")
oracle.update_trial(trial.trial_id, {"val_loss": 0.5})
trial.status = "COMPLETED"
oracle.end_trial(trial)
oracle.save()
"""
# By a part of a step: what its reader has by then.
BEFORE = {
    "registry describe fmnist --file about.md": "echo '# Clothes' > about.md; ",
    "optimizer = hp.Choice": "import keras_tuner\nhp = keras_tuner.HyperParameters()\n",
    "@keras.saving.register": "import keras\n",
    'metric="val_accuracy", curves=history)': "import keras_tuner"
    + _KERAS_MODEL
    + "model = Network().build(keras_tuner.HyperParameters())\n",
    "hp = tuner.get_best_hyperparameters": "import keras_tuner"
    + _KERAS_MODEL
    + """
from registry import Registry
registry = Registry()
tuner = keras_tuner.RandomSearch(Network(), "val_accuracy", max_trials=1, directory="tuned")
tuner.search(x, y, validation_data=validation, verbose=0)
""",
    "search import optuna": f"python -c '{_OPTUNA_STUDY}'\n",
    "search import keras-tuner": f"python -c '{_TUNED_PROJECT}'\n",
    "weights = model.get_weights()": """
import keras
from registry import Registry
model = Registry().get("fmnist@champion").load()
same_network = keras.models.clone_model(model)
""",
}
# By the beginning of a command that does not do what it asks: what it says, as its page tells.
REFUSED: dict[str, str] = {
    r"registry alias set fmnist@champion \d+ --actor ann": r"request \d+ waits for 1 approval",
    r"search delete [\w-]+$": "nobody is there to be asked",
}
# By page: what its reader has done before, elsewhere.
STARTS_WITH = {"docs/registry.md": "registry tag set fmnist/95 team vision"}


@dataclass(frozen=True)
class Files:
    """What a page finds in the folder where it is followed."""

    folder: Path
    environ: Mapping[str, str]

    def prepare(self, page: str) -> None:
        """Do what a reader of the page has done before."""
        commands = f"registry upgrade\n{STARTS_WITH.get(page, '')}"  # the first that writes begins my-studies.db
        subprocess.run(["sh", "-ec", commands], cwd=self.folder, env=self.environ, check=True, capture_output=True)
