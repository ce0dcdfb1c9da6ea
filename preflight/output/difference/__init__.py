"""The difference between two snapshots, pairs or reports, a module for each format."""
