"""The command line: Typer parses, one command is called, the process exits."""

#: The options that print help, for which no host is asked.
HELP = frozenset(("-h", "--help"))
