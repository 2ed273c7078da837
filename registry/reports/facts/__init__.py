"""Plain facts about studies and trials that reports are made of."""
