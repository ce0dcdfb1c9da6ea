"""One module a command: call what does the work, say what came of it, return an exit code."""
