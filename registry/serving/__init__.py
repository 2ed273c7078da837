"""HTTP services: predictions of what an alias points to, and the registry's answers, both for any language."""
