"""The runs whose journals are there, a module a format."""
