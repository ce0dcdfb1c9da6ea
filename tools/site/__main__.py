"""`python -m tools.site [DIRECTORY]`: build the site, by default in build/site, and check its links."""

import shutil
import sys
import tempfile
from pathlib import Path

from sphinx.cmd.build import main as sphinx_build

from tools.site.links import faults
from tools.site.tree import ROOT, Tree, tree

HERE = Path(__file__).parent


def main() -> int:
    """Build the site; return 1 if Sphinx warns or a link is dead."""
    site = (Path(sys.argv[1]) if sys.argv[1:] else ROOT / "build" / "site").resolve()
    shutil.rmtree(site, ignore_errors=True)
    with tempfile.TemporaryDirectory() as directory:
        source, made = Path(directory, "source"), tree()
        write(made, source)
        options = ["--quiet", "--fail-on-warning", "--jobs", "auto", "--conf-dir", str(HERE), "--doctree-dir"]
        if code := int(sphinx_build([*options, str(Path(directory, "doctrees")), str(source), str(site)])):
            return code
    for place, path in made.files.items():
        shutil.copyfile(path, site / place)
    found = faults(site)
    for fault in found:
        print(fault, file=sys.stderr)
    if not found:
        print(f"{site / 'index.html'}")
    return int(bool(found))


def write(made: Tree, source: Path) -> None:
    """Write the site's source."""
    for place, text in made.pages.items():
        path = source / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
