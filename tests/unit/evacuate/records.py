"""A record of an evacuation of two guests from kvm1 to kvm2 and kvm3, and rows of its runs."""

from preflight import __version__
from preflight.migrate.ledger import Row
from preflight.migrate.observation import Place
from preflight.migrate.outcome import Result
from preflight.request.method import Method
from preflight.schema.evacuation import Evacuation, Host, Leaving, Leg
from preflight.schema.plan import Identity

WEB, DB = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
NAMES = {WEB: "web", DB: "db"}


def leg(destination: str, *guests: str, source: str = "kvm1") -> Leg:
    return Leg(source=source, destination=destination, guests=guests, width=1)


def host(number: int) -> Host:
    identity = Identity(uuid=f"33333333-3333-4333-8333-33333333333{number}", machine_id=f"{number}" * 32)
    return Host(name=f"kvm{number}", identity=identity)


RECORD = Evacuation(
    preflight_version=__version__,
    made=1_800_000_000.0,
    source=host(1),
    destinations=(host(2), host(3)),
    transport=None,
    method=Method(),
    guests=tuple(Leaving(name=name, uuid=uuid) for uuid, name in NAMES.items()),
    planned=(leg("kvm2", WEB), leg("kvm3", DB)),
)


def row(uuid: str, result: Result | None, *, began: bool = True, error: str | None = None, why: str = "") -> Row:
    source, destination = {
        Result.ARRIVED: (Place.ABSENT, Place.RUNNING),
        Result.STAYED: (Place.RUNNING, Place.ABSENT),
        Result.UNKNOWN: (Place.UNKNOWN, Place.UNKNOWN),
    }.get(result or Result.STAYED, (Place.RUNNING, Place.ABSENT))
    return Row(
        name=NAMES[uuid],
        uuid=uuid,
        result=result,
        source=source,
        destination=destination,
        began=began,
        error=error,
        why=why,
    )
