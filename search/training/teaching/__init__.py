"""Train a model on what a stored one predicts, instead of on the labels."""
