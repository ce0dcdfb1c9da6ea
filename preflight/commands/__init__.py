"""One module for each command: it calls what does the work, prints the result and returns an exit code."""
