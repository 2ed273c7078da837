"""What samplers and pruners see of a study."""
