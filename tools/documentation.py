"""Generate the documents that follow from the code, or report with --check which are out of date."""

import json
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from preflight.judge.ruleset import load
from preflight.schema.published import PUBLISHED, Published
from tools.manpage import manual
from tools.options import markdown as options
from tools.qemu_conf import markdown as qemu_conf
from tools.remedies import remedies
from tools.rule_pages import pages

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
RULES = DOCS / "rules"
#: The reference pages that are written here, and what makes the text of each.
REFERENCES: Mapping[Path, Callable[[], str]] = {
    REFERENCE / "options.md": options,
    REFERENCE / "qemu-conf.md": qemu_conf,
}


def schema(document: Published) -> str:
    """Return a document's JSON schema as published."""
    return json.dumps(document.schema(), indent=2, ensure_ascii=False) + "\n"


def wanted() -> Mapping[Path, str]:
    """Return each generated document with its current text."""
    return {
        **{page: text() for page, text in REFERENCES.items()},
        DOCS / "preflight.1": manual(),
        ROOT / "preflight" / "output" / "remedies.json": remedies(),
        **{DOCS / f"{one.name}.schema.json": schema(one) for one in PUBLISHED},
        **{RULES / name: text for name, text in pages(load()).items()},
    }


def publish(documents: Mapping[Path, str], module: str, folders: Collection[Path] = ()) -> int:
    """Write the documents, or check them and return 1 if any is out of date. `module` is the module that writes them.

    `folders` contain only such documents: any other Markdown file in them is stale, and is removed.
    """
    check = "--check" in sys.argv[1:]
    outdated = [path for path, text in documents.items() if _text(path) != text]
    stale = [path for folder in folders for path in sorted(folder.glob("*.md")) if path not in documents]
    if check:
        for path in outdated:
            print(f"{path} is out of date: run `python -m {module}`", file=sys.stderr)
        for path in stale:
            print(f"{path} is stale (nothing generates it any more): run `python -m {module}`", file=sys.stderr)
        return int(bool(outdated or stale))
    for path in outdated:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(documents[path], encoding="utf-8")
    for path in stale:
        path.unlink()
    return 0


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(publish(wanted(), "tools.documentation", (RULES,)))
