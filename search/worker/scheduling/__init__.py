"""A study's schedule carried out: what a worker claims next, and what becomes of paused trials."""
