"""The changes of `fix` for programs that make them in its place."""
