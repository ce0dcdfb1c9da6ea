"""A report of `check`, a module for each format."""
