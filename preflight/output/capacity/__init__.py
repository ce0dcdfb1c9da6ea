"""The answer of `capacity`, a module for each format."""
