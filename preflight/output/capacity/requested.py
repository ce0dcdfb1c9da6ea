"""The limits that fall short of a requested number of migrations, in order, and the setting that raises each."""

from collections.abc import Iterator

from preflight.capacity.limit import Limit
from preflight.judge.report import Report
from preflight.output.terminal import one_line


def short(report: Report, migrations: int) -> Iterator[str]:
    """Yield a text for each limit that falls short of so many: what it allows, where it is raised, and to what."""
    found = report.capacity.short_of(migrations)
    for number, limit in enumerate(found, 1):
        said = f"{limit.name} on the {limit.host.value} {_allows(limit, migrations)}"
        yield f"{number}. {said}: {_to_raise(report, limit, migrations)}"


def can_be_raised(report: Report, migrations: int) -> bool:
    """Report whether a setting raises one of the limits that fall short, on hosts that can be changed."""
    found = report.capacity.short_of(migrations)
    is_live = not report.source.saved and not report.destination.saved
    return is_live and any(limit.setting is not None and limit.raised_for(migrations) is not None for limit in found)


def apart(limit: Limit) -> str:
    """Return the time between two starts of which none is lost at the limit, in words."""
    return "a second" if limit.seconds_apart in (None, 1.0) else f"{limit.seconds_apart:g} s"


def _allows(limit: Limit, migrations: int) -> str:
    if limit.burst:
        return f"allows {limit.allows} to start at the same instant"
    if limit.allows is not None and limit.allows >= migrations:
        return f"allows {limit.allows}, but {limit.reserve} workers should stay free for progress and abort"
    kept = f", less {limit.reserve} workers for progress and abort" if limit.reserve else ""
    return f"allows {limit.allows}{kept}"


def _to_raise(report: Report, limit: Limit, migrations: int) -> str:
    setting, value = limit.setting, limit.raised_for(migrations)
    spaced = f"start them {apart(limit)} apart, or " if limit.burst else ""
    if setting is None:
        return f"{spaced}request fewer"
    where = one_line(f"{report.host(limit.host).name}:{setting.path}")
    if value is None:
        return f"{spaced}{setting.key} in {where} is {setting.value} and cannot be raised that far: request fewer"
    return f"{spaced}raise {setting.key} in {where} from {setting.value} to {value}, and {setting.then}"
