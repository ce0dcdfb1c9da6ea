"""The changes of `fix`, a module for each format."""
