"""The explanations of error messages, a module for each format."""
