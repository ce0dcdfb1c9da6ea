"""Generated evacuations, planned by preflight and judged by a reading of the problem of its own: `make evacuations`."""
