"""Studies that end before their budget is used up: by their own wishes, or because their trials fail."""
