"""The book chapter's experiments: baselines, table, pictures."""
