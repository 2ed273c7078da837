"""The commands of the ``search`` program, one module a topic; `search.cli` puts them together."""
