"""The programs that read the files of `preflight fix`: the commands that apply a changed file, and that verify it."""

from pathlib import Path

from preflight.facts.daemon.daemons import Daemons
from preflight.facts.fact import Unreadable
from preflight.facts.network.addresses import plain
from preflight.fix.apply import Service
from preflight.host import Host
from preflight.rule import AnyChange, Change, HostsLine
from preflight.shell_text import of_file, shell

#: virt-admin's names for settings of a daemon's file.
_TOLD = {"max_clients": "nclients_max", "max_workers": "maxWorkers", "min_workers": "minWorkers"}
_TOLD["max_anonymous_clients"] = "nclients_unauth_max"
#: The process title of sshd's listener, which shows its limits and changes once it has read its files again.
_LISTENER = shell(r"grep -sah '^sshd:.*listener' /proc/[0-9]*/cmdline | tr -d '\000'")
_NOTHING = shell(":")
_LEADS = of_file(Path(__file__).with_name("leads.sh"))
_JOBS = of_file(Path(__file__).with_name("guest_jobs.sh"))


def service(host: Host, path: str, changes: tuple[AnyChange, ...]) -> Service:
    """Return the program that reads a file, and the proof that these changes are in effect; raises `Unreadable`."""
    lines = [change for change in changes if isinstance(change, HostsLine)]
    settings = [change for change in changes if isinstance(change, Change)]
    if lines:
        return _resolver(lines)
    if path.startswith("/etc/ssh/"):
        return _sshd(settings)
    daemon = host.fact(Daemons).intended
    if daemon is None:
        raise Unreadable("no libvirt daemon that reads it is running")
    asked = f"srv-clients-info {daemon}; srv-threadpool-info {daemon}"
    ask = shell("virt-admin -c @uri@ @asked@", uri=f"{daemon}:///system", asked=asked)
    told = tuple(f"{_TOLD[change.key]}:{change.value}" for change in settings if change.key in _TOLD)
    # a unit that has failed several times within seconds is not started again until its failures are forgotten
    restart = shell("systemctl reset-failed @unit@ 2>/dev/null; systemctl restart @unit@", unit=f"{daemon}.service")
    answers = shell("virsh -q -c qemu:///system version && @ask@", ask=ask)
    return Service(daemon, _NOTHING, restart, answers, shell("@ask@ | tr -d ' '", ask=ask), told, _JOBS)


def _resolver(lines: list[HostsLine]) -> Service:
    """Return glibc, which reads /etc/hosts at each lookup. A name counts as fixed once the wrong address is gone."""
    shown, expected = _LEADS, []
    for line in lines:
        wrong = () if line.replaces is None else (plain(line.replaces),)
        shown = shell(
            "@shown@\nleads @name@ @right@ @wrong@", shown=shown, name=line.name, right=line.address, wrong=wrong
        )
        expected += [
            f"{line.name} resolves to {line.address}",
            *(f"{line.name} no longer resolves to {one}" for one in wrong),
        ]
    return Service("the resolver", _NOTHING, _NOTHING, _NOTHING, shown, tuple(expected))


def _sshd(changes: list[Change]) -> Service:
    parts = [str(change.value).split(":") for change in changes if change.key.lower() == "maxstartups"]
    reload = shell(
        "for u in ssh.service sshd.service; do systemctl is-active -q $u && { systemctl reload $u; return; }; done;"
        " echo 'no unit of sshd is active'; return 1"
    )
    shown = shell(r"@listener@ | sed -n 's/.* of \([0-9]*-[0-9]*\) startups.*/\1/p'", listener=_LISTENER)
    expected = tuple(f"{start}-{full}" for start, _, full in parts)
    answers = shell("@listener@ | grep -q .", listener=_LISTENER)
    return Service("sshd", shell('sshd -t -f "$1"'), reload, answers, shown, expected)
