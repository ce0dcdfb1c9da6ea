"""Changes that a test should notice: made in the modules that decide, one at a time, and tried.

The mutants are our own, since no library that was tried gives a sample of a size and seed in a bounded time. mutmut
(3.8) needs a copy of the tree, changes functions alone and not the tables beside them, and draws nothing. cosmic-ray
(8.7) writes into the files that are tested, so that two cannot be tried side by side, and takes `X | None` in an
annotation for arithmetic: most of its mutants of a typed module fail when they are imported, and count as noticed.
"""
