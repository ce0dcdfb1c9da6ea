"""The runs that have a journal, a module for each format."""
