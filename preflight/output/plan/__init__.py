"""A plan for the person who decides whether to run it."""
