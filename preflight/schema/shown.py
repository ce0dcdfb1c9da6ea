"""The documents that `preflight show` reads: what the commands write in the format json."""

from typing import Annotated, Final, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.schema.audit import Audit
from preflight.schema.capacity import Capacity
from preflight.schema.difference import Difference
from preflight.schema.rehearsal import Rehearsal
from preflight.schema.report import Report
from preflight.schema.rules import Rules
from preflight.schema.status import Runs, Status

#: The version of all their contracts.
FORMAT: Final = 1

Shown: TypeAlias = Report | Rehearsal | Capacity | Status | Runs | Rules | Difference | Audit

#: Reads any of them, by its `kind`.
SHOWN: TypeAdapter[Shown] = TypeAdapter(Annotated[Shown, Field(discriminator="kind")])
