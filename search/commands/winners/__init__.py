"""Commands that make something of a study's best: confirm, average, train once more."""
