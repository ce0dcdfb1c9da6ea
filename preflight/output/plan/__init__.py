"""A plan for the person who is asked whether it is to be run."""
