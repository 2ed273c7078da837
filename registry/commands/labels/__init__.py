"""Commands for what names and describes versions."""
