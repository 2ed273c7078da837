"""One training on several devices of a machine: each computes a share of every batch."""
