"""A worker as a process: what is imported before it is forked, how it begins and stops, what it says."""
