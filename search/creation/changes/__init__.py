"""A study that is there goes on with other settings, another problem, or more trials."""
