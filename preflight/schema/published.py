"""The JSON schemas of all documents, as `python -m tools.documentation` writes them to docs/."""

from typing import Any, NamedTuple

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from preflight.schema import capacity, events, journal, plan, report, snapshot, status

#: For whoever reads a contract.
_OPEN = (
    "A field may be added within one format, so a reader passes over what it does not know; what is here is neither"
    " removed nor changed in its meaning."
)
#: For whoever reads what preflight alone writes.
_CLOSED = "preflight alone writes it, and refuses a field that it does not know."


class Published(NamedTuple):
    """One document: its name, the version of its format, what it is, and what reads it."""

    name: str
    version: int
    title: str
    description: str
    form: TypeAdapter[Any]

    def schema(self) -> dict[str, Any]:
        """Its JSON schema (draft 2020-12)."""
        found = self.form.json_schema(schema_generator=_Schema)
        parts = found.pop("$defs", {})
        said = {"title": self.title, "description": self.description}
        name = f"urn:kvm-preflight:{self.name}:{self.version}"
        return {"$schema": GenerateJsonSchema.schema_dialect, "$id": name, **(found | said), "$defs": parts}


class _Schema(GenerateJsonSchema):
    """pydantic's, without a title for every field, which would say its name once more."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


PUBLISHED = (
    Published(
        "report",
        report.FORMAT,
        "A report of `preflight check --format json`",
        f"Whether guests can be migrated from one KVM host to another, and why not. {_OPEN}",
        report.REPORT,
    ),
    Published(
        "capacity",
        capacity.FORMAT,
        "What `preflight capacity --format json` says",
        "How many migrations two KVM hosts take at a time, what stops the next one, and how long these guests take."
        f" {_OPEN}",
        capacity.CAPACITY,
    ),
    Published(
        "status",
        status.FORMAT,
        "What `preflight status JOURNAL --format json` says",
        f"What the journal of one run says of each guest. No host was asked. {_OPEN}",
        status.STATUS,
    ),
    Published(
        "runs",
        status.FORMAT,
        "What `preflight status --format json` says",
        f"The runs whose journals lie in a directory, the newest first. {_OPEN}",
        status.RUNS,
    ),
    Published(
        "events",
        events.FORMAT,
        "A line of the file of `preflight migrate --events`",
        f"What happens during a run, a line each, told apart by its kind. {_OPEN} A later release may add kinds too.",
        events.EVENT,
    ),
    Published(
        "snapshot",
        snapshot.FORMAT,
        "A file of `preflight snapshot`, or of `preflight check --save`",
        f"What hosts answered, so that a check can run again without a network and give the same report. {_OPEN}",
        snapshot.SNAPSHOT,
    ),
    Published(
        "plan",
        plan.FORMAT,
        "A file of `preflight plan`",
        f"A whole run: which guests, in which order, how many at a time, and how. {_CLOSED}",
        plan.PLAN,
    ),
    Published(
        "journal",
        journal.FORMAT,
        "A line of a run's journal",
        f"The first line is the run's plan, every other a step, told apart by its `step`. {_CLOSED}",
        TypeAdapter(journal.Head | journal.Entry),
    ),
)
