"""Writes what the reports look like now: look at what has changed before you keep it."""

import os
import tempfile
from pathlib import Path

from preflight.output.formats import FORMATS as OUTPUT_FORMATS
from preflight.output.formats import render
from tests.golden import audits, differences
from tests.golden.linting import linted
from tests.golden.rehearsals import NAME, rehearsal
from tests.golden.reports import FORMATS, KEPT_ONCE, REPORTS, report

CASES = Path(__file__).parent / "cases"


def main() -> None:
    """Write every report in every format, and as text for a terminal of 80 columns, a rehearsal, and audits."""
    CASES.mkdir(exist_ok=True)
    for name in REPORTS:
        made = report(name)
        os.environ.pop("COLUMNS", None)
        for form in FORMATS:
            (CASES / f"{name}.{form}").write_bytes(render("report", form, made).encode())
        os.environ["COLUMNS"] = "80"
        (CASES / f"{name}.columns-80").write_bytes(render("report", "text", made).encode())
    rehearsed = rehearsal()
    os.environ.pop("COLUMNS", None)
    for form in OUTPUT_FORMATS["rehearsal"]:
        (CASES / f"{NAME}.{form}").write_bytes(render("rehearsal", form, rehearsed).encode())
    for form in OUTPUT_FORMATS["lint"]:
        (CASES.parent / "lint" / form).write_bytes(render("lint", form, linted()).encode())
    for form in OUTPUT_FORMATS["audit"]:
        for name in audits.kept(form):
            (CASES / f"{name}.{form}").write_bytes(render("audit", form, audits.audit(name)).encode())
    for form, name in KEPT_ONCE.items():
        (CASES / f"{name}.{form}").write_bytes(render("report", form, report(name)).encode())
    _write_differences()


def _write_differences() -> None:
    """Write each difference as text, and one in the other formats."""
    differences.CASES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        for name in differences.DIFFERENCES:
            one = differences.found(name, Path(directory))
            for form in OUTPUT_FORMATS["difference"] if name == differences.IN_EACH_FORMAT else ("text",):
                (differences.CASES / f"{name}.{form}").write_bytes(render("difference", form, one).encode())


if __name__ == "__main__":
    main()
