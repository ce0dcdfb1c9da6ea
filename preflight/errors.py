"""Errors that a user can correct."""


class UserError(ValueError):
    """Input, or a file that was named, that cannot be used. The text is one line for the user; exit code 2."""
