"""What a run that is gone on with would do."""
