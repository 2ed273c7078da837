"""A study goes on with other settings: a version of its own, which later trials belong to."""
