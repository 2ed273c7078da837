"""Studies with several objectives: their trials' values, and which of them no other dominates."""
