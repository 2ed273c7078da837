"""Which problem a name means: told by its source alone, or imported."""
