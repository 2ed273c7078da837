"""Files of strangers, looked through before anything of them is used."""
