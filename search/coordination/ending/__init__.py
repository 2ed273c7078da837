"""Studies and trials that end early: studies by their own wishes or for failures, trials that end their workers."""
