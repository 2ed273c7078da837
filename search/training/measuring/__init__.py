"""What the fast path measures after an epoch, and in which batches."""
