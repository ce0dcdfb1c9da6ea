"""The JSON schemas of all documents, as `python -m tools.documentation` writes them to docs/."""

from typing import Any, NamedTuple

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from preflight.schema import (
    audit,
    capacity,
    config,
    difference,
    doctor,
    evacuated,
    evacuation,
    events,
    hosts,
    inventory,
    journal,
    lint,
    plan,
    rehearsal,
    report,
    report_lines,
    rules,
    saved,
    snapshot,
    status,
    steered,
)

#: For readers of a contract.
_OPEN = (
    "Fields may be added within one format, so readers must ignore fields that they do not know; no field is removed,"
    " and none changes its meaning."
)
#: For readers of a document that only preflight writes.
_CLOSED = "Only preflight writes it, and it refuses unknown fields."


class Published(NamedTuple):
    """One document: its name, the version of its format, its title and description, and its reader."""

    name: str
    version: int
    title: str
    description: str
    form: TypeAdapter[Any]
    #: What the schema describes: what preflight writes, or what it reads, which may lack fields that have a default.
    mode: JsonSchemaMode = "serialization"

    def schema(self) -> dict[str, Any]:
        """Return the document's JSON schema (draft 2020-12)."""
        found = self.form.json_schema(schema_generator=_Schema, mode=self.mode)
        parts = found.pop("$defs", {})
        said = {"title": self.title, "description": self.description}
        name = f"urn:kvm-preflight:{self.name}:{self.version}"
        return {"$schema": GenerateJsonSchema.schema_dialect, "$id": name, **(found | said), "$defs": parts}


class _Schema(GenerateJsonSchema):
    """pydantic's generator, without a title for every field, which would only repeat the field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


PUBLISHED = (
    Published(
        "report",
        report.FORMAT,
        "A report of `preflight check --format json`",
        f"The verdict on migrating guests from one KVM host to another, with the reasons. {_OPEN}",
        report.REPORT,
    ),
    Published(
        "report-lines",
        report_lines.FORMAT,
        "A line of `preflight check --format jsonl`",
        "The first line is about the report as a whole, then follow the findings and the unknowns, the worst first,"
        f" and the verdict; `kind` distinguishes them. {_OPEN} A later release may also add kinds.",
        report_lines.LINE,
    ),
    Published(
        "lint",
        lint.FORMAT,
        "A report of `preflight lint --format json`",
        f"What is wrong on single hosts, or in configuration files that are no host yet. {_OPEN}",
        lint.LINT,
    ),
    Published(
        "lint-lines",
        lint.FORMAT,
        "A line of `preflight lint --format jsonl`",
        "The first line is about the request, then follow the findings and the unknowns of each host, the worst first,"
        f" each host's verdict, and the verdict on all; `kind` distinguishes them. {_OPEN} A later release may also add"
        " kinds.",
        lint.LINE,
    ),
    Published(
        "capacity",
        capacity.FORMAT,
        "The output of `preflight capacity --format json`",
        "The number of migrations that two KVM hosts allow at a time, the limit that stops the next one, and the"
        f" duration of these guests' migrations. {_OPEN}",
        capacity.CAPACITY,
    ),
    Published(
        "rehearsal",
        rehearsal.FORMAT,
        "The output of `preflight rehearse --format json`",
        f"libvirt's answer to the migration of each guest, which was begun and taken back. {_OPEN}",
        rehearsal.REHEARSAL,
    ),
    Published(
        "status",
        status.FORMAT,
        "The output of `preflight status JOURNAL --format json`",
        f"The state of each guest according to the journal of one run. No host was asked. {_OPEN}",
        status.STATUS,
    ),
    Published(
        "evacuated",
        evacuated.FORMAT,
        "The output of `preflight status RECORD --format json`",
        f"The state of each guest according to the record of an evacuation. No host was asked. {_OPEN}",
        evacuated.EVACUATED,
    ),
    Published(
        "runs",
        status.FORMAT,
        "The output of `preflight status --format json`",
        f"The runs whose journals are in a directory, newest first. {_OPEN}",
        status.RUNS,
    ),
    Published(
        "rules",
        rules.FORMAT,
        "The output of `preflight rules --format json`",
        f"The rules of this version of preflight, with their documentation. {_OPEN}",
        rules.RULES,
    ),
    Published(
        "audit",
        audit.FORMAT,
        "The output of `preflight audit --format json`",
        f"All ways between many hosts, and each cause once. {_OPEN}",
        audit.AUDIT,
    ),
    Published(
        "audit-lines",
        audit.FORMAT,
        "A line of `preflight audit --format jsonl`",
        "The first line is about the audit as a whole, then follow the causes, the ways, and the verdict; `kind`"
        f" distinguishes them. {_OPEN} A later release may also add kinds.",
        audit.LINE,
    ),
    Published(
        "hosts",
        hosts.FORMAT,
        "The output of `--list-hosts --format json`",
        f"The hosts that a command is about, and how they are reached. {_OPEN}",
        hosts.HOSTS,
    ),
    Published(
        "doctor",
        doctor.FORMAT,
        "The output of `preflight doctor --format json`",
        f"What preflight has and lacks, on this machine and on hosts. {_OPEN}",
        doctor.DOCTOR,
    ),
    Published(
        "difference",
        difference.FORMAT,
        "The output of `preflight diff --format json`",
        f"What differs between two snapshots, pairs of snapshots or reports. {_OPEN}",
        difference.DIFFERENCE,
    ),
    Published(
        "events",
        events.FORMAT,
        "A line of the file written by `preflight migrate --events`",
        f"One event of a run per line, distinguished by its kind. {_OPEN} A later release may also add kinds.",
        events.EVENT,
    ),
    Published(
        "snapshot",
        saved.FORMAT,
        "A file written by `preflight snapshot` or `preflight check --save`",
        f"The answers of hosts, so that a check can be repeated without a network and give the same report. {_OPEN}",
        snapshot.SNAPSHOT,
    ),
    Published(
        "steered",
        steered.FORMAT,
        "A line of the file that `preflight steer` writes beside a journal",
        f"One change to one guest's migration: first that it is ordered, then what libvirt answered. {_CLOSED}",
        steered.LINE,
        "validation",
    ),
    Published(
        "plan",
        plan.FORMAT,
        "A file written by `preflight plan`",
        f"A whole run: the guests, their order, the number at a time, and the options. {_CLOSED}",
        plan.PLAN,
        "validation",
    ),
    Published(
        "evacuation",
        evacuation.FORMAT,
        "The record of an evacuation, and a file written by `preflight evacuate --plan`",
        f"The guests that are to leave a host, the runs that take them, and who stays and why. {_CLOSED}",
        evacuation.EVACUATION,
        "validation",
    ),
    Published(
        "journal",
        journal.FORMAT,
        "A line of a run's journal",
        f"The first line is the run's plan, every further line is a step, distinguished by its `step`. {_CLOSED}",
        TypeAdapter(journal.Head | journal.Entry),
        "validation",
    ),
    Published(
        "config",
        config.FORMAT,
        "A configuration file",
        "The contents of preflight.toml, or of the table [tool.preflight] in pyproject.toml. Unknown keys are refused.",
        config.CONFIGURATION,
        "validation",
    ),
    Published(
        "inventory",
        inventory.FORMAT,
        "An inventory",
        "The contents of an inventory in TOML: hosts, and groups of them. Unknown keys are refused.",
        inventory.INVENTORY,
        "validation",
    ),
)
