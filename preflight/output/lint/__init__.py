"""The report on single hosts, or on files that are no host yet, a module for each format."""
