"""What the help says beside the texts of commands and options."""
