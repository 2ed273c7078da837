"""Bundles: versions in a file, with their weights, that another registry reads in. A bundle is untrusted input."""

from registry.bundles.add import Imported, import_bundle
from registry.bundles.read import read_bundle
from registry.bundles.write import write_bundle

__all__ = ["Imported", "import_bundle", "read_bundle", "write_bundle"]
