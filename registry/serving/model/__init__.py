"""What predicts: a loaded version, the batches that it is given, and the alias that it follows; no HTTP."""
