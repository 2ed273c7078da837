"""What users bring as data, as arrays or batches that a training takes."""
