"""A configuration that is trained several times in one trial: on other seeds, or on other folds of the data."""
