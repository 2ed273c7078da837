"""Values that all rooms share: versions, references, stop reasons, encodings."""
