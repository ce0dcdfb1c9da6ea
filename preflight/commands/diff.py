"""`preflight diff`: compare two snapshots, pairs of snapshots, or reports, and say what that did to the verdict."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from preflight.answers import SavedHost
from preflight.collect.endpoints import open_hosts
from preflight.collect.session import SavedVisit
from preflight.collect.sources import make_host
from preflight.connection import snapshot
from preflight.errors import UserError
from preflight.fleet.difference import Change, Difference, Kind, Side
from preflight.fleet.hosts import changes_of
from preflight.fleet.results import Causes, changed, guests_of, verdict_of
from preflight.host import Host
from preflight.judge.check import Checked, check
from preflight.judge.report import HostSummary, Report
from preflight.judge.site import rules_of
from preflight.output import formats
from preflight.request.check_request import Asked
from preflight.request.migration import Role

#: The options of a check without options.
AS_BY_DEFAULT = Asked("")
#: Hosts in a directory of snapshots.
_MOST = 2


class State(Struct, frozen=True):
    """One of the two states: hosts with their answers, or a report."""

    path: Path
    hosts: tuple[SavedHost, ...] = ()
    report: Report | None = None


class Wanted(Struct, frozen=True, kw_only=True):
    """What becomes of the difference."""

    output_format: str = "text"
    colour: bool = False
    #: Further files, each with its format.
    files: tuple[tuple[str, Path], ...] = ()


def diff(old: Path, new: Path, asked: Asked, wanted: Wanted) -> int:
    """Print what differs, write the files, and return the exit code; raises `UserError`."""
    found = difference(read(old), read(new), asked)
    formats.publish("difference", wanted.output_format, found, wanted.files, colour=wanted.colour)
    return found.exit_code


def read(path: Path) -> State:
    """Read a snapshot, a directory with the snapshots of one or two hosts, or a report; raises `UserError`."""
    if path.is_dir():
        files = sorted(path.glob("*.json"))
        if not files:
            raise UserError(
                f"{path}: contains no snapshot (*.json): take one with `preflight check --save` or `preflight snapshot`"
            )
        hosts = [host for file in files[: _MOST + 1] for host in snapshot.read(file)]
        if len(hosts) > _MOST:
            raise UserError(f"{path}: contains snapshots of more than two hosts: name one file, or a directory of two")
        return State(path, tuple(hosts))
    try:
        return State(path, tuple(snapshot.read(path)))
    except snapshot.SnapshotError as why:
        if (report := _report(path)) is not None:
            return State(path, report=report)
        raise UserError(f"{why}; nor is it a report of `preflight check --format json`") from None


def _report(path: Path) -> Report | None:
    """Return the report in a file, or None if there is none; raises `UserError` for a damaged one."""
    from preflight.commands.show import read_saved
    from preflight.judge.saved import content_of
    from preflight.schema.document import format_of

    if format_of(content_of(path), "format") is None:
        return None
    subject, value = read_saved(path)
    if not isinstance(value, Report):
        raise UserError(
            f"{path}: a saved {subject}, not a report of `preflight check`: save one with `preflight check --format"
            " json`"
        )
    return value


def difference(old: State, new: State, asked: Asked = AS_BY_DEFAULT) -> Difference:
    """Return what differs between two states of the same kind; raises `UserError` for others.

    Pairs of snapshots are checked as `asked`, whose hosts do not count.
    """
    if old.report is not None and new.report is not None:
        if replace(asked, site=AS_BY_DEFAULT.site) != AS_BY_DEFAULT:
            raise UserError("two reports have the options of their checks: give options only with snapshots")
        return _of_reports(old, new, old.report, new.report)
    if old.report is not None or new.report is not None:
        one, other = (state.path for state in ((old, new) if old.report is not None else (new, old)))
        raise UserError(f"{one} is a report and {other} is not: compare two reports, or two snapshots")
    return _of_snapshots(old, new, asked)


def _of_snapshots(old: State, new: State, asked: Asked) -> Difference:
    pairs = _matched(old.hosts, new.hosts)
    changes: list[Change] = []
    for was, now in pairs:
        if was is not None and now is not None:
            changes += changes_of(_host(was), _host(now))
        elif was is not None:
            changes.append(Change(was.name, Kind.GONE, f"host {was.name} gone"))
        elif now is not None:
            changes.append(Change(now.name, Kind.ADDED, f"host {now.name} added"))
    older, newer = _side(old), _side(new)
    if len(old.hosts) != 2 or len(new.hosts) != 2 or any(was is None or now is None for was, now in pairs):
        return Difference(older, newer, "snapshots", tuple(changes))
    before = _checked(asked, *old.hosts)
    in_order = {was.name: now for was, now in pairs if was is not None and now is not None}
    after = _checked(asked, *(in_order[host.name] for host in old.hosts))
    causes = Causes(changes, rules_of(asked.site), {Role.SOURCE: after.source, Role.DESTINATION: after.destination})
    return Difference(
        older,
        newer,
        "snapshots",
        tuple(changes),
        verdict_of(before.report, after.report),
        guests_of(before.report, after.report),
        tuple(changed(before.report, after.report, causes)),
    )


def _matched(old: Sequence[SavedHost], new: Sequence[SavedHost]) -> list[tuple[SavedHost | None, SavedHost | None]]:
    """Return the hosts of both sides that belong together: by name, or the only one of each side."""
    if len(old) == len(new) == 1:
        return [(old[0], new[0])]
    before, after = ({host.name: host for host in hosts} for hosts in (old, new))
    return [(before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after])]


def _host(saved: SavedHost) -> Host:
    return make_host(Role.SOURCE, saved.name, SavedVisit(saved, "ssh").first())


def _checked(asked: Asked, source: SavedHost, destination: SavedHost) -> Checked:
    with open_hosts(replace(asked, source=source, destination=destination)) as opened:
        return check(opened)


def _side(state: State) -> Side:
    from preflight.judge.check import taken_of

    times = [taken_of(_host(host)) for host in state.hosts]
    known = [time for time in times if time is not None]
    by = state.hosts[0].made
    said = "" if by is None else f"{by.user} on {by.machine}, preflight {by.version}"
    return Side(str(state.path), tuple(host.name for host in state.hosts), max(known, default=None), said)


def _of_reports(old: State, new: State, before: Report, after: Report) -> Difference:
    changes = [change for role in Role for change in _summaries(before.host(role), after.host(role))]
    changes += _capacity(before, after)
    return Difference(
        _of_report(old, before),
        _of_report(new, after),
        "reports",
        tuple(changes),
        verdict_of(before, after),
        guests_of(before, after),
        tuple(changed(before, after, Causes(()))),
    )


def _of_report(state: State, report: Report) -> Side:
    taken = None if report.made is None else report.made.at
    by = "" if report.made is None else f"{report.made.user} on {report.made.machine}, preflight {report.made.version}"
    return Side(str(state.path), (report.source.name, report.destination.name), taken, by)


def _summaries(old: HostSummary, new: HostSummary) -> Iterator[Change]:
    """Yield the changes of a host that two reports show: its releases, and its files by their digests."""
    for label in ("hostname", "release", "libvirt", "qemu", "openssh"):
        was, now = getattr(old, label), getattr(new, label)
        if was != now and was is not None and now is not None:
            name = {"qemu": "QEMU", "openssh": "OpenSSH", "hostname": "host name"}.get(label, label)
            yield Change(new.name, Kind.CHANGED, f"{name} {was} -> {now}")
    before, after = ({one.path: one.sha256 for one in host.files} for host in (old, new))
    if not (before and after):
        return
    for path in sorted({*before, *after}):
        if path not in after:
            yield Change(new.name, Kind.GONE, f"file {path} gone", path=path)
        elif path not in before:
            yield Change(new.name, Kind.ADDED, f"file {path} added", path=path)
        elif before[path] != after[path]:
            yield Change(new.name, Kind.CHANGED, f"file {path} changed", path=path)


def _capacity(before: Report, after: Report) -> Iterator[Change]:
    limits: list[Mapping[tuple[str, Role], int | None]] = [
        {(one.name, one.host): one.configured for one in report.capacity.limits} for report in (before, after)
    ]
    for key in limits[0].keys() & limits[1].keys():
        was, now = (known[key] for known in limits)
        if was != now:
            name, role = key
            yield Change(after.host(role).name, Kind.CHANGED, f"{name}: {was} -> {now}")
