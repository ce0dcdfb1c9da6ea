"""Writes the parts of the documents that follow from the code, or with --check says which are out of date."""

import sys
from pathlib import Path

from preflight.output.rules import listing
from preflight.ruleset import load

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- rules: written by `python -m tools.documentation` -->\n", "<!-- end of rules -->\n"


def rules_table(readme: str) -> str:
    """The README with the table of rules as they are now."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{listing(load(), 'markdown')}\n{END}{after}"


def main() -> int:
    """Write or check; 1 when something is out of date."""
    readme = ROOT / "README.md"
    now = readme.read_text(encoding="utf-8")
    wanted = rules_table(now)
    if now == wanted:
        return 0
    if "--check" in sys.argv[1:]:
        print("README.md: the table of rules is out of date: run `python -m tools.documentation`", file=sys.stderr)
        return 1
    readme.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
