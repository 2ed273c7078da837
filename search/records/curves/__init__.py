"""What a study's trials have measured epoch by epoch."""
