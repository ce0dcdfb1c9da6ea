"""The changes of `fix`, a module a format."""
