"""A pool of workers on one machine: their processes as seen from outside, replaced, ended and guarded."""
