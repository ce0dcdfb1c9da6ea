"""Writes the parts of the documents that follow from the code, or with --check says which are out of date."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from preflight.judge.ruleset import load
from preflight.output.rules import listing
from preflight.schema.published import PUBLISHED, Published
from tests.hostile.record import markdown as hostile
from tests.lab.chaos.record import markdown as chaos
from tests.lab.flags.__main__ import markdown as flags
from tests.lab.truth.__main__ import markdown as truth
from tools.options import markdown as options

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- rules: written by `python -m tools.documentation` -->\n", "<!-- end of rules -->\n"


def rules_table(readme: str) -> str:
    """The README with the table of rules as they are now."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{listing(load(), 'markdown')}\n{END}{after}"


def schema(document: Published) -> str:
    """A document's JSON schema, as it is published."""
    return json.dumps(document.schema(), indent=2, ensure_ascii=False) + "\n"


def wanted() -> Mapping[Path, str]:
    """Each document that is generated, wholly or in part, as it should be now."""
    readme = ROOT / "README.md"
    return {
        readme: rules_table(readme.read_text(encoding="utf-8")),
        ROOT / "docs" / "chaos.md": chaos(),
        ROOT / "docs" / "hostile.md": hostile(),
        ROOT / "docs" / "truth.md": truth(),
        ROOT / "docs" / "flags.md": flags(),
        **{ROOT / "docs" / f"{one.name}.schema.json": schema(one) for one in PUBLISHED},
        ROOT / "docs" / "options.md": options(),
        ROOT / "docs" / "chaos.md": chaos(),
    }


def main() -> int:
    """Write or check; 1 when something is out of date."""
    stale = [
        (path, text) for path, text in wanted().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        if "--check" in sys.argv[1:]:
            print(f"{path.relative_to(ROOT)} is out of date: run `python -m tools.documentation`", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
    return int(bool(stale) and "--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
