"""What a user can put right."""


class UserError(ValueError):
    """What was typed, or a file that was named, cannot be used. The text is one line for the user; exit code 2."""
