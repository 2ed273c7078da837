"""A problem: find, inspect, fingerprint, rebuild."""
