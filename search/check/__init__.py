"""A problem tried out: a few models of its space, a few batches each."""
