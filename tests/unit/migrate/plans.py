"""A plan for tests that need one: three guests, of which one is off."""

from typing import Any, TypeVar

from pydantic import BaseModel

from preflight.request.method import Method
from preflight.request.migration import Transport
from preflight.schema.plan import Identity, MigrationPlan, PlannedGuest

WEB = "f1d015bd-14ec-4fe8-8cdc-f32b8929b5e0"


D = TypeVar("D", bound=BaseModel)


def altered(document: D, **fields: Any) -> D:
    """Return the same with other fields, also such as no document may have."""
    return document.model_copy(update=fields)


def guest(name: str, uuid: str, *, active: bool = True, mib: int = 64) -> PlannedGuest:
    """One guest; its UUID need be none."""
    return PlannedGuest.model_construct(
        name=name,
        uuid=uuid,
        active=active,
        paused=False,
        persistent=True,
        autostart=False,
        memory_kib=mib * 1024,
        touched_kib=mib * 1024,
    )


PLAN = MigrationPlan(
    made=1_800_000_000.0,
    lapses=1_800_086_400.0,
    source="host1.example.com",
    destination="host2.example.com",
    source_identity=Identity(uuid="11111111-1111-4111-8111-111111111111", machine_id="1" * 32),
    destination_identity=Identity(uuid="22222222-2222-4222-8222-222222222222", machine_id="2" * 32),
    transport=Transport.SSH,
    destination_uri="qemu+ssh://host2.example.com/system",
    method=Method(),
    guests=(
        guest("web", WEB),
        guest("db", "19522740-9b9c-476e-bb6d-379ee4f7650c", mib=1024),
        guest("old", "35e0e235-24b5-4ebb-b045-831ff42ed34e", active=False),
    ),
    width=2,
    because="all of them",
    spacing=0.05,
)
