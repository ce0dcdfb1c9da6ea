"""What became of each guest of a run, a module a format."""
