"""The user's request: the migration and its options, as values. Nothing here contacts a host."""
