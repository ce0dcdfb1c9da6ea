"""What explains error messages, a module a format."""
