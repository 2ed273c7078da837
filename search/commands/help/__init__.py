"""What the help and the shell say beside the texts of commands and options."""
