"""The commands of the ``registry`` program, one module a topic; `registry.cli` puts them together."""
