"""What people look at of a study: its trials as a table, and the curves of those that run."""
