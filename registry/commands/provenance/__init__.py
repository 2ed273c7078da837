"""Commands that tell how a version came to be, and whether it comes out again: card, reproduce."""
