"""The values that cross borders: versions, references, stop reasons, encodings."""
