"""What made a version: the problem's source, the settings, the libraries and the machine."""
