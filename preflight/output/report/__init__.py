"""A report of `check`, a module a format."""
