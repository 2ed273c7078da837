"""Which trial trains next, and for how long: pure functions of a study's curves, for workers and for a replay."""
