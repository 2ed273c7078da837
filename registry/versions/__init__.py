"""One version's way in and out: checked input, insertion, reading, finding, comparing."""
