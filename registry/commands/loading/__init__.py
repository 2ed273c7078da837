"""Commands that load a version: to check it, export it, predict with it, serve it."""
