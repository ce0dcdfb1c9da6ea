"""The outcome of a rehearsal, a module for each format."""
