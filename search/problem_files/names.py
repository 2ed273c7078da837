"""What the file of a problem may be called, so that Python imports it and nothing else by that name."""

from __future__ import annotations

from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path


def is_module_name(name: str) -> bool:
    """Tell whether Python can import a module of this name."""
    return name.isidentifier() and not iskeyword(name)


def is_taken(path: Path) -> bool:
    """Tell whether a module that lies elsewhere has a file's name: one would take the other's place."""
    try:
        present = find_spec(path.stem)
    except ValueError:  # loaded, and without a place, such as __main__
        return True
    if present is None or (present.origin is None and present.submodule_search_locations is not None):
        return False  # a mere folder gives way to a file
    return Path(present.origin or "").resolve() != path.resolve()
