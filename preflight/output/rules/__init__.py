"""The list of rules, a module for each format."""
