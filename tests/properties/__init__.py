"""What holds for every text: hypothesis looks for one for which it does not."""
