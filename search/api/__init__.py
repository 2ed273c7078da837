"""The facade `Study` and its parts, whose methods are a call each; nobody below imports it."""
