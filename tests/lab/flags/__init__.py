"""Every flag and transport of `preflight migrate`, on real guests, and how each was seen to have its effect."""
