"""Where facts come from: versions of a registry, commands that load them."""
