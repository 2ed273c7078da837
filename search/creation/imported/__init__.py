"""Studies of imported trials: their trials in a space, and the problem that they go on with."""
