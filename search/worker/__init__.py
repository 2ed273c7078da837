"""A worker: claims slots, trains their trials, registers the winners."""
