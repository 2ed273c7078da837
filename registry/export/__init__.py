"""Write a version's model in the formats that other programs run, and hold the written file to the model."""

from registry.export.checked import Exported, export_checked, export_version, format_of
from registry.export.formats import FORMATS

__all__ = ["FORMATS", "Exported", "export_checked", "export_version", "format_of"]
