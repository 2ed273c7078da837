"""Files that hold a problem to begin with: written once, and the user's from then on."""
