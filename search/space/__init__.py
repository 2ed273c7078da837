"""KerasTuner's hyperparameters as Optuna's dimensions."""
