"""Trials as runs of TensorBoard and MLflow, written by a process beside the workers that reads the database."""
