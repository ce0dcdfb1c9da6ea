"""The record of the last whole run of `make gates`."""

from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: The record.
FILE = Path(__file__).with_name("recorded.json")


def files() -> list[Path]:
    """Return every file that the gates are made of."""
    found = [path for path in (ROOT / "examples" / "gates").rglob("*") if path.is_file()]
    return sorted([*found, ROOT / ".pre-commit-hooks.yaml"])


def digest() -> str:
    """Return a digest of all these files and their paths."""
    whole = sha256()
    for path in files():
        whole.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()
