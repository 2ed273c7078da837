"""Where the winner of a study errs."""
