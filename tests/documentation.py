"""Writes the documents that follow from what the lab and the hostile runs recorded, or checks them with --check."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.domains.record import markdown as domains
from tests.evacuations.record import markdown as evacuations
from tests.hostile.record import markdown as hostile
from tests.lab.chaos.record import markdown as chaos
from tests.lab.evacuations.record import markdown as evacuation_chaos
from tests.lab.flags.__main__ import markdown as flags
from tests.lab.refusals import markdown as refusals
from tests.lab.rehearse_faults.record import markdown as rehearse
from tests.lab.rehearse_truth.page import markdown as rehearse_truth
from tests.lab.truth.__main__ import markdown as truth
from tests.mutation.page import markdown as mutation
from tools.documentation import REFERENCE, publish

#: The pages, and what makes the text of each.
REFERENCES: Mapping[Path, Callable[[], str]] = {
    REFERENCE / "chaos.md": chaos,
    REFERENCE / "domains.md": domains,
    REFERENCE / "evacuation-chaos.md": evacuation_chaos,
    REFERENCE / "evacuations.md": evacuations,
    REFERENCE / "hostile.md": hostile,
    REFERENCE / "rehearse.md": rehearse,
    REFERENCE / "rehearsal-truth.md": rehearse_truth,
    REFERENCE / "truth.md": truth,
    REFERENCE / "refusals.md": refusals,
    REFERENCE / "flags.md": flags,
    REFERENCE / "mutation.md": mutation,
}


if __name__ == "__main__":
    sys.exit(publish({page: text() for page, text in REFERENCES.items()}, "tests.documentation"))
