"""`python -m tools.site [DIRECTORY | --check]`: build the site, by default in build/site, and check its links."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sphinx.cmd.build import main as sphinx_build

from tools.site.links import faults
from tools.site.tree import ROOT, Tree, tree

HERE = Path(__file__).parent
#: The sidebar takes more than half of the time, and its entries are checked while the pages are read.
WITHOUT_SIDEBAR = ("--define", "sidebar=0")


def main() -> int:
    """Build the site; return 1 if Sphinx warns or a link is dead."""
    parser = argparse.ArgumentParser(prog="python -m tools.site", description=__doc__)
    parser.add_argument("directory", type=Path, nargs="?", default=ROOT / "build" / "site", help="where to build it")
    parser.add_argument("--check", action="store_true", help="keep nothing, and leave out the sidebar")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        if given.check:
            return build(Path(directory, "site"), Path(directory), WITHOUT_SIDEBAR)
        site = given.directory.resolve()
        shutil.rmtree(site, ignore_errors=True)
        code = build(site, Path(directory))
    if not code:
        print(f"{site / 'index.html'}")
    return code


def build(site: Path, directory: Path, options: Sequence[str] = ()) -> int:
    """Build the site, with files of its making in a directory; print each fault, and return 1 if there is one."""
    source, made = directory / "source", tree()
    write(made, source)
    words = ["--quiet", "--fail-on-warning", "--jobs", "auto", "--conf-dir", str(HERE), *options]
    if code := int(sphinx_build([*words, "--doctree-dir", str(directory / "doctrees"), str(source), str(site)])):
        return code
    for place, path in made.files.items():
        shutil.copyfile(path, site / place)
    found = faults(site)
    for fault in found:
        print(fault, file=sys.stderr)
    return int(bool(found))


def write(made: Tree, source: Path) -> None:
    """Write the site's source."""
    for place, text in made.pages.items():
        path = source / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
