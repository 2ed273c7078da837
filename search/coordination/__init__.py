"""Every compare-and-set: slots, leases, checkpoints, ends, control, changes."""
