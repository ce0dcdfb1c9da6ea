"""The verdict beside reality: hosts that are broken in one way, or look broken and are sound, and what became of it.

A row is a file of `rows`; what the lab last saw of it lies in `recorded`, with both hosts' answers.
"""
