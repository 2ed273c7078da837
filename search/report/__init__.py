"""Facts of studies, collected for reports."""
