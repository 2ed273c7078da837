"""A document as parts: paragraphs, tables, pictures; no format."""
