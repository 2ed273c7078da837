"""Train a winner, or an ensemble's members, once more, on training and validation data together."""
