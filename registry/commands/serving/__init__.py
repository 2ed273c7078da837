"""The command that serves over HTTP."""
