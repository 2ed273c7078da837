"""The versions of a study: what changed, when, by whom."""
