"""Where a study's workers run: this machine, or a Ray cluster."""
