"""The rules as a list, a module a format."""
