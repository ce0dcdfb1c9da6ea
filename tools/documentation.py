"""Writes the parts of the documents that follow from the code, or says with --check which are out of date."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from preflight.judge.ruleset import load
from preflight.output.formats import render
from preflight.schema.published import PUBLISHED, Published
from tools.options import markdown as options

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BEGIN, END = "<!-- rules: written by `python -m tools.documentation` -->\n", "<!-- end of rules -->\n"


def rules_table(readme: str) -> str:
    """The README with the table of rules as they are now."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{render('rules', 'markdown', load())}\n{END}{after}"


def schema(document: Published) -> str:
    """A document's JSON schema, as it is published."""
    return json.dumps(document.schema(), indent=2, ensure_ascii=False) + "\n"


def wanted() -> Mapping[Path, str]:
    """Each document that is generated, wholly or in part, as it should be now."""
    readme = ROOT / "README.md"
    return {
        readme: rules_table(readme.read_text(encoding="utf-8")),
        DOCS / "options.md": options(),
        **{ROOT / "docs" / f"{one.name}.schema.json": schema(one) for one in PUBLISHED},
    }


def publish(documents: Mapping[Path, str], module: str) -> int:
    """Write the documents, or check them; 1 when something is out of date. `module` is what writes them."""
    check = "--check" in sys.argv[1:]
    stale = [path for path, text in documents.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is out of date: run `python -m {module}`", file=sys.stderr)
        else:
            path.write_text(documents[path], encoding="utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(publish(wanted(), "tools.documentation"))
