"""An answer of `capacity`, a module a format."""
