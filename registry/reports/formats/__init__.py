"""How a report is written: HTML, Markdown, PDF, data files."""
