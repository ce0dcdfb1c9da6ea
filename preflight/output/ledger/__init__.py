"""The outcome of a run for each guest, a module for each format."""
