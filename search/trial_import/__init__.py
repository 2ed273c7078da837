"""Trials that ended elsewhere, in Optuna or KerasTuner, become trials of a study here."""
