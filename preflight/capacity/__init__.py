"""The number of simultaneous migrations: limits read from facts, those in the path, and the pre-copy model."""
