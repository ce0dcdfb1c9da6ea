"""Properties that hold for every text: hypothesis looks for one for which they do not."""
