"""Rules of one site; each is a file in the folder of its subject."""
