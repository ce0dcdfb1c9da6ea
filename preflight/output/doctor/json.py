"""What preflight has and lacks, as JSON."""

from collections.abc import Iterable

from preflight import __version__
from preflight.doctor.diagnosis import Diagnosis, Item
from preflight.schema import doctor, document


def render(diagnosis: Diagnosis, _colour: bool) -> str:
    """Return the result as JSON: a public contract, described by docs/doctor.schema.json."""
    return document.text(
        doctor.Doctor(
            kind="doctor",
            format=doctor.FORMAT,
            version=__version__,
            exit_code=diagnosis.exit_code,
            machine=_items(diagnosis.machine),
            hosts=tuple(
                doctor.Host(name=host.name, target=host.target, items=_items(host.items)) for host in diagnosis.hosts
            ),
        )
    )


def _items(items: Iterable[Item]) -> tuple[doctor.Item, ...]:
    return tuple(
        doctor.Item(name=one.name, state=one.state.value, message=one.message, mend=one.mend or None) for one in items
    )
