"""Interleavings of a fault and what befalls a guest before `--resume`, really made on the hosts of the lab."""
