"""The facade `Registry` and its parts."""
