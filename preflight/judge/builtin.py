"""The place of the built-in rules, for those who load them and those who only list them."""

from pathlib import Path


def builtin_directory() -> Path:
    """Return the directory of the built-in rules: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "rules"
    return inside if inside.is_dir() else package.parent / "rules"
