"""What became of each guest of a run."""
