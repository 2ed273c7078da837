"""Optuna's side: samplers, pruners, tables and storage."""
