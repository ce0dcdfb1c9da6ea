"""The settings in use, a module for each format."""
