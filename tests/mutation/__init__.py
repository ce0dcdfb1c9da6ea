"""Changes that a test should notice: made in the modules that decide, one at a time, and tried.

The mutants are our own, since neither library that was looked at gives a sample of a size and seed in a bounded time:
mutmut (3.8) works on a copy of the tree and draws nothing, cosmic-ray (8.7) writes into the files that are tested, so
that two cannot be tried side by side.
"""
