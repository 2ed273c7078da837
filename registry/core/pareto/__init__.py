"""Several objectives: how they are written, which values dominate others, and how much a front covers."""
