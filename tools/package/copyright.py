"""Write debian/copyright: preflight's own part, and one for each library in the package.

It runs in the root of the release that the package is built for, with nothing but Python.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path


def main(template: Path, site_packages: Path) -> None:
    """Print the file; the texts of the licences are where the libraries have them."""
    print(template.read_text(encoding="utf-8").rstrip("\n"))
    known = sorted(distributions(path=[str(site_packages)]), key=lambda one: one.name.lower())
    for one in known:
        if one.name != "kvm-preflight":
            print("\n".join(("", *_paragraph(one, site_packages))))


def _paragraph(one: Distribution, site_packages: Path) -> Iterator[str]:
    inside = site_packages.relative_to(site_packages.parents[5])
    tops = sorted({path.parts[0] for path in one.files or () if path.parts[0] not in ("..", "__pycache__")})
    yield "Files: " + "\n ".join(f"{inside}/{top}{'/*' if (site_packages / top).is_dir() else ''}" for top in tops)
    yield f"Copyright: {_authors(one)}"
    yield f"License: {one.name}-{one.version}"
    yield f" {_licence(one)}"
    for path in one.files or ():
        if ".dist-info" in path.parts[0] and path.stem.upper().startswith(("LICEN", "COPYING", "NOTICE", "AUTHORS")):
            yield f" /{inside}/{path}"


def _authors(one: Distribution) -> str:
    names = ("Author", "Author-email", "Maintainer", "Maintainer-email")
    return next(filter(None, (" ".join(_field(one, name).split()) for name in names)), f"the authors of {one.name}")


def _licence(one: Distribution) -> str:
    """Return the licence as the library's own metadata name it, in one line."""
    classified = [text for text in one.metadata.get_all("Classifier") or () if text.startswith("License :: ")]
    named = ", ".join(text.rpartition(" :: ")[2] for text in classified)
    written = _field(one, "License") or "see the library's own files"
    return _field(one, "License-Expression") or named or written.splitlines()[0]


def _field(one: Distribution, name: str) -> str:
    """Return the first value of a field of the metadata; empty without one."""
    return next(iter(one.metadata.get_all(name) or ()), "")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
