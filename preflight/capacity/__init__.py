"""How many migrations run at once: each limit read from facts, those that lie in the path, and the pre-copy model."""
