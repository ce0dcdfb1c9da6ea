"""Amounts in the words of an evacuation."""


def duration(seconds: float) -> str:
    """Return a duration in seconds, or in minutes from two of them on."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def mib(kib: int) -> str:
    """Return an amount of memory in MiB."""
    return f"{kib / 1024:.0f} MiB"
