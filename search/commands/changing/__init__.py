"""Commands that change a study that is there: its settings, its trials, its name, its end."""
