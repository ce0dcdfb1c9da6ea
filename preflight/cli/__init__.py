"""The command line: Typer parses, one command is called, the process exits."""
