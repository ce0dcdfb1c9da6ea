"""One rule, from its own documentation, a module a format."""
