"""Train a winner once more, on training and validation data together."""
