"""`preflight fix` on real hosts: what it changes, and that a host is left whole whatever breaks on the way."""

import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from preflight.fix.apply import Service, script
from preflight.shell_text import shell

from . import Client, LabHost
from .conftest import Pair

pytestmark = pytest.mark.lab

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
SOURCE, DESTINATION = "host1.example.com", "host2.example.com"
#: The processes of the guests; driver.pid is the daemon's own.
PIDS = "cat $(ls /run/libvirt/qemu/*.pid | grep -v /driver.pid)"
CONF = "/etc/libvirt/libvirtd.conf"
FEW = "max_clients = 20   # the old default\nmax_workers = 6\n"


def fix(client: Client, *options: str) -> CompletedProcess[str]:
    done = client.run([PREFLIGHT, "fix", SOURCE, DESTINATION, "--concurrency", "24", *options], timeout=150)
    assert "Traceback" not in done.stderr
    assert "a bug in preflight" not in done.stderr
    return done


def restricted(host: LabHost) -> str:
    """Limit the daemon; gives its file's text."""
    host.append(CONF, FEW)
    host.run("systemctl", "restart", "libvirtd")
    return host.read(CONF)


def in_force(host: LabHost) -> tuple[str, str]:
    """max_clients and max_workers of the running daemon."""
    told = host.run("virt-admin", "-c", "libvirtd:///system", "srv-clients-info libvirtd; srv-threadpool-info libvirtd")
    values = dict(line.replace(" ", "").split(":") for line in told.stdout.splitlines() if ":" in line)
    return values["nclients_max"], values["maxWorkers"]


def left_over(host: LabHost) -> list[str]:
    return host.run(
        "sh", "-c", "ls /etc/libvirt/*.preflight-new /etc/*.preflight-new 2>/dev/null || true"
    ).stdout.split()


def test_without_apply_nothing_changes(client: Client, pair: Pair) -> None:
    host1, host2 = pair
    restricted(host1)
    before = [host.tree_digest("/etc") for host in pair]
    done = fix(client)
    assert done.returncode == 0
    assert "\n-max_clients = 20   # the old default\n" in done.stdout
    assert "\n+max_clients = 24   # the old default\n+max_workers = 26\n" in done.stdout
    assert "run:  systemctl restart libvirtd" in done.stdout
    assert "Nothing was changed" in done.stdout
    assert [host.tree_digest("/etc") for host in (host1, host2)] == before


def test_it_cures_what_the_check_found_and_guests_run_on(client: Client, pair: Pair) -> None:
    host1, host2 = pair
    for name in ("a", "b"):
        host1.guest(name)
    text = restricted(host1)
    host1.run("sh", "-c", "chmod 640 /etc/libvirt/libvirtd.conf && sed -i /host2/d /etc/hosts")
    pids = host1.run("sh", "-c", PIDS).stdout
    done = fix(client, "--apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    again = fix(client, "--apply", "--yes")
    assert again.returncode == 0, again.stdout + again.stderr
    assert host1.read("/etc/hosts").endswith("192.0.2.12 host2.example.com\n")
    assert in_force(host1) == ("24", "26")
    assert host1.read(CONF) == text.replace("= 20 ", "= 24 ").replace("max_workers = 6", "max_workers = 26")
    assert host1.run("stat", "-c", "%a %U", CONF).stdout == "640 root\n"
    assert host1.run("sh", "-c", PIDS).stdout == pids
    kept = host1.run("sh", "-c", f"ls {CONF}.preflight-2*").stdout.split()
    assert [host1.read(path) for path in kept] == [text]
    for host in (host1, host2):
        assert "of 24-100 startups" in host.run("sh", "-c", "ps -eo args | grep '^sshd:.*listener'").stdout
    assert fix(client).stdout == "nothing to change\n"


def test_only_the_rules_that_are_named(client: Client, host1: LabHost) -> None:
    restricted(host1)
    done = fix(client, "workers-limit")
    assert "max_workers = 26" in done.stdout
    assert "+max_clients" not in done.stdout
    assert "MaxStartups" not in done.stdout


WRONG_LINES = {
    "hosts-entry-address-wrong": (
        "192.0.2.99\thost2.example.com # rack 4\n",
        "192.0.2.12\thost2.example.com # rack 4\n",
    ),
    "announced-name-is-loopback-or-self": (
        "127.0.1.1 host2.example.com host2\n",
        "127.0.1.1 host2\n192.0.2.12 host2.example.com\n",
    ),
    "announced-name-unresolvable": (
        "#192.0.2.12 host2.example.com\n",
        "#192.0.2.12 host2.example.com\n192.0.2.12 host2.example.com\n",
    ),
}


@pytest.mark.parametrize("rule", WRONG_LINES)
def test_a_wrong_line_of_etc_hosts_is_corrected(client: Client, host1: LabHost, rule: str) -> None:
    """Regression test: fix said "nothing to change", exit 0, even if the rule was named."""
    wrong, right = WRONG_LINES[rule]
    host1.run("sed", "-i", "/host2/d", "/etc/hosts")
    others = host1.read("/etc/hosts")
    host1.append("/etc/hosts", wrong)
    shown = fix(client, rule)
    assert (shown.returncode, "Nothing was changed" in shown.stdout) == (0, True), shown.stdout
    done = fix(client, rule, "--apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert host1.read("/etc/hosts") == others + right
    assert "192.0.2.12" in host1.run("getent", "ahosts", "host2.example.com").stdout.split()
    assert fix(client, rule).stdout == "nothing to change\n"


def test_a_destination_that_announces_localhost_gets_an_address_to_announce(client: Client, pair: Pair) -> None:
    host2 = pair[1]
    host2.run("sh", "-c", "hostname localhost; systemctl restart libvirtd")
    done = fix(client, "destination-hostname-localhost", "--apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert '\nmigration_host = "192.0.2.12"\n' in host2.read("/etc/libvirt/qemu.conf")
    assert fix(client, "destination-hostname-localhost").stdout == "nothing to change\n"


def test_a_destination_does_not_take_the_name_of_another_machine(client: Client, pair: Pair) -> None:
    """The announced name would lead the source's other programs to the destination."""
    host1, host2 = pair
    host1.append("/etc/hosts", "192.0.2.77 vault.example.com\n")
    before = host1.read("/etc/hosts")
    host2.append("/etc/libvirt/qemu.conf", 'migration_host = "vault.example.com"\n')
    host2.run("systemctl", "restart", "libvirtd")
    done = fix(client, "hosts-entry-address-wrong", "--apply", "--yes")
    assert done.returncode == 4
    found = "on the source, vault.example.com resolves to 192.0.2.77"
    assert f"not fixed: hosts-entry-address-wrong: {found}" in done.stdout
    assert "  why:  only the other host reports that it is vault.example.com" in done.stdout
    assert "  do:   in /etc/hosts on the source: 192.0.2.12 vault.example.com" in done.stdout
    assert host1.read("/etc/hosts") == before


def test_an_error_that_it_does_not_mend_is_listed_with_what_to_do(client: Client, host1: LabHost) -> None:
    host1.guest("web", disk="local")
    done = fix(client)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "not fixed: disk-not-shared" in done.stdout
    assert "\n  why:  " in done.stdout
    assert "\n  do:   " in done.stdout
    assert fix(client, "disk-not-shared").returncode == 3
    named = fix(client, "clients-limit")
    assert (named.returncode, named.stdout) == (0, "nothing to change\n")


#: Into a pipe that is never read: they last until they are looked at. What they write must not fit into the pipe and
#: libvirt's buffer of 1 MiB, or libvirt answers nothing about the guest until it has written all: the zero pages of
#: 1 GiB make 2.4 MB.
ENOUGH_MIB = 1024
PIPE = "mkfifo -m 666 /run/pipe; (sleep 100 </run/pipe >/dev/null 2>&1 & echo $! >/run/reader); ("
BACKUP = "<domainbackup mode='pull'><server transport='unix' socket='/var/lib/libvirt/qemu/b'/></domainbackup>"
JOBS = {
    "migration out": "virsh migrate-setspeed web 1; (virsh migrate --live --unsafe web qemu+ssh://host2.example.com/system",
    "block job": "(virsh blockcopy web vda /var/lib/libvirt/images/copy.img --transient-job",
    "dump": f"{PIPE}virsh dump --memory-only web /run/pipe",
    "save": f"{PIPE}virsh save web /run/pipe",
    "backup": f'echo "{BACKUP}" >/run/backup.xml; (virsh backup-begin web /run/backup.xml',
}


@pytest.mark.parametrize("job", JOBS)
def test_a_daemon_is_not_restarted_while_a_guest_of_its_own_has_a_job(client: Client, pair: Pair, job: str) -> None:
    host1, host2 = pair
    if job == "migration out":
        host2.run("sh", "-c", "truncate -s 1M /var/lib/libvirt/images/web.img")
    host1.guest("idle")
    # only a migration ends if the guest writes nothing
    lasting: dict[str, Any] = (
        {"memory_mib": 128, "dirty_mib_per_s": 5} if job == "migration out" else {"memory_mib": ENOUGH_MIB}
    )
    host1.guest("web", disk="local", **lasting)
    text = restricted(host1)
    host1.run("sh", "-c", f"{JOBS[job]} >/run/job 2>&1 &); sleep 2; cat /run/job")
    done = fix(client, "workers-limit", "--apply", "--yes")
    assert done.returncode == 4, done.stdout + done.stderr
    refusal = (
        f"{SOURCE}: unchanged: {CONF}: restarting libvirtd would interrupt jobs of its guests: web has a job: {job}"
    )
    assert done.stdout.endswith(f"{refusal}\n")
    assert (host1.read(CONF), in_force(host1)) == (text, ("20", "6"))
    assert left_over(host1) == []
    assert host1.run("sh", "-c", f"ls {CONF}.preflight-* || true").stdout == ""


def test_a_daemon_is_not_restarted_while_a_guest_arrives(client: Client, pair: Pair) -> None:
    host1, host2 = pair
    host1.guest("web", memory_mib=128, dirty_mib_per_s=5)
    text = restricted(host2)
    host1.run("sh", "-c", f"{JOBS['migration out']} >/dev/null 2>&1 &); sleep 2")
    done = fix(client, "clients-limit", "--apply", "--yes")
    assert done.returncode == 4, done.stdout + done.stderr
    assert f"{DESTINATION}: unchanged: {CONF}: " in done.stdout
    assert "web has a job: migration in" in done.stdout
    assert host2.read(CONF) == text


def test_a_job_of_a_guest_that_has_ended_holds_nothing_up(client: Client, host1: LabHost) -> None:
    """libvirt's status file of it stays where its daemon was not there to see the end."""
    host1.guest("web", memory_mib=ENOUGH_MIB, disk="local")
    restricted(host1)
    host1.run(
        "sh", "-c", f"{JOBS['save']} >/dev/null 2>&1 &); sleep 2; cp /run/libvirt/qemu/web.* /run/; virsh destroy web"
    )
    # without a reader the daemon no longer waits for what it still has to write
    host1.run("sh", "-c", "kill $(cat /run/reader); sleep 1; cp /run/web.* /run/libvirt/qemu/")
    done = fix(client, "workers-limit", "--apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("way", ["a directory that anybody may write", "a directory of another user's"])
def test_a_file_that_others_could_exchange_is_left_alone(client: Client, host1: LabHost, way: str) -> None:
    """Root would write beside it, under a name that they know."""
    text = restricted(host1)
    mode = "chmod 777 /srv/x" if "anybody" in way else "chown nobody /srv/x"
    host1.run("sh", "-c", f"mkdir /srv/x; mv {CONF} /srv/x/; ln -s /srv/x/libvirtd.conf {CONF}; {mode}")
    done = fix(client, "workers-limit", "--apply", "--yes")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "unchanged: users other than root can write to a directory above /srv/x/libvirtd.conf" in done.stdout
    assert (host1.read("/srv/x/libvirtd.conf"), in_force(host1)[1]) == (text, "6")


def test_where_the_daemon_cannot_be_asked_nothing_looks_well(client: Client, host1: LabHost) -> None:
    restricted(host1)
    host1.run("sh", "-c", "rm $(command -v virt-admin)")
    done = fix(client, "workers-limit")
    assert (done.returncode, done.stdout) == (3, "nothing to change, as far as preflight can tell\n")
    assert "preflight: unknown: the number of busy workers of libvirtd is unknown" in done.stderr
    assert "\n  left open: workers-limit\n" in done.stderr
    mixed = fix(client, "workers-limit", "ssh-maxstartups-burst")
    assert mixed.returncode == 3
    assert "+MaxStartups 24:30:100" in mixed.stdout


def test_a_file_that_ends_with_match_all_is_changed_above_it(client: Client, host1: LabHost) -> None:
    host1.append("/etc/ssh/sshd_config", "Match all\n\tX11Forwarding no\n")
    host1.run("systemctl", "reload", "ssh")
    done = fix(client, "ssh-maxstartups-burst", "--apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert host1.read("/etc/ssh/sshd_config").endswith("Match all\n\tX11Forwarding no\n")
    assert "\nmaxstartups 24:30:100\n" in host1.run("sshd", "-T").stdout


def test_a_login_that_may_use_sudo_changes_what_root_owns(client: Client, pair: Pair) -> None:
    for host in pair:
        host.run("sh", "-c", "useradd -m -s /bin/sh ops && cp -r /root/.ssh /home/ops/ && chown -R ops /home/ops/.ssh")
        host.write("/etc/sudoers.d/ops", "ops ALL=(ALL) NOPASSWD: ALL\n")
        host.run("sh", "-c", "chmod 440 /etc/sudoers.d/ops; usermod -aG libvirt ops")
    host1 = pair[0]
    text = restricted(host1)
    host1.run("sh", "-c", f"chmod 600 {CONF}; chown root:root {CONF}")
    ends = [f"ops@{SOURCE}", f"ops@{DESTINATION}"]
    done = client.run(
        [PREFLIGHT, "fix", *ends, "--concurrency", "24", "workers-limit", "--apply", "--yes"], timeout=150
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"in effect: {CONF}" in done.stdout
    assert host1.read(CONF) == text.replace("max_workers = 6", "max_workers = 26")
    assert in_force(host1)[1] == "26"
    assert host1.run("stat", "-c", "%a %U", CONF).stdout == "600 root\n"
    assert left_over(host1) == []


CLOUD = "# what a cloud image brings\nusers:\n  - default\nmanage_etc_hosts: {}\npreserve_hostname: false\n"


@pytest.mark.parametrize(("manages", "warned"), [("true", True), ("localhost", True), ("false", False)])
def test_where_cloud_init_writes_the_hosts_file_it_is_said(
    client: Client, host1: LabHost, manages: str, warned: bool
) -> None:
    host1.run("mkdir", "-p", "/etc/cloud/templates", "/etc/cloud/cloud.cfg.d")
    host1.write("/etc/cloud/cloud.cfg", CLOUD.format(manages))
    host1.write("/etc/cloud/templates/hosts.debian.tmpl", "## template:jinja\n127.0.1.1 {{fqdn}} {{hostname}}\n")
    host1.run("sed", "-i", "/host2/d", "/etc/hosts")
    done = fix(client, "announced-name-unresolvable")
    assert done.returncode == 0
    assert "\n+192.0.2.12 host2.example.com\n" in done.stdout
    risk = "risk: cloud-init rewrites /etc/hosts at each boot, by /etc/cloud/cloud.cfg; change its template too"
    assert (risk in done.stdout) is warned


def drop_in(setting: str) -> str:
    """Return the command that gives libvirtd's unit one more setting."""
    directory = "/etc/systemd/system/libvirtd.service.d"
    return f"mkdir -p {directory} && printf '[Service]\\n{setting}\\n' >{directory}/x.conf && systemctl daemon-reload"


FULL = (
    "mkdir /full && mount -t tmpfs -o size=1m none /full && cp -a /etc/libvirt/. /full/"
    " && mount --bind /full /etc/libvirt && { dd if=/dev/zero of=/full/filler bs=1k 2>/dev/null; true; }"
)
TAKES_NINE = "ExecStartPost=/usr/bin/virt-admin srv-threadpool-set libvirtd --max-workers 9"
FAULTS = {
    "a file that cannot be replaced": (f"mount --bind {CONF} {CONF} && mount -o remount,ro,bind {CONF}", "unchanged: "),
    "no room on the disk": (FULL, "unchanged: "),
    "a daemon that does not start with it": (drop_in(f'ExecStartPre=/bin/sh -c "! grep -q 26 {CONF}"'), "put back: "),
    "a daemon that takes another value": (drop_in(TAKES_NINE), "put back: "),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_fails_leaves_the_old_configuration_in_force(client: Client, host1: LabHost, fault: str) -> None:
    text = restricted(host1)
    breaking, said = FAULTS[fault]
    host1.run("sh", "-c", breaking)
    done = fix(client, "workers-limit", "--apply", "--yes")
    assert done.returncode == 4, done.stdout + done.stderr
    assert f"{SOURCE}: {said}" in done.stdout
    assert host1.read(CONF) == text
    assert in_force(host1)[0] == "20"
    assert left_over(host1) == []


LIBVIRTD = Service(
    "libvirtd",
    shell(":"),
    shell("systemctl restart libvirtd.service"),
    shell("virt-admin -c libvirtd:///system srv-list"),
    shell("virt-admin -c libvirtd:///system 'srv-clients-info libvirtd; srv-threadpool-info libvirtd' | tr -d ' '"),
    ("maxWorkers:26",),
)


def cuts(text: str) -> list[int]:
    """Return the lines before which the power can fail: where a statement of the script itself begins."""
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("told="))
    begins = ("told=", "trap ", "there=", "rm ", "if ", "printf ", "why=", "had=", "mv ", "sync ", "activate ")
    return [number for number, line in enumerate(lines) if number >= first and line.startswith(begins)]


def test_a_power_cut_between_any_two_steps_leaves_one_whole_configuration(host1: LabHost) -> None:
    old = restricted(host1)
    new = old.replace("max_workers = 6", "max_workers = 26")
    for fails in (False, True):
        service = LIBVIRTD if not fails else Service("libvirtd", *LIBVIRTD_WRONG)
        text = script(CONF, old, new, service, "test")
        for number in cuts(text):
            lines = text.splitlines()
            lines.insert(number, "kill -9 $$")
            host1.run("sh", "-s", input="\n".join(lines), check=False, timeout=150)
            now = host1.read(CONF)
            assert now in (old, new), f"cut before line {number}: neither the old nor the new text"
            workers = in_force(host1)[1]
            assert workers in ("6", "26"), f"cut before line {number}"
            # a reboot takes what the file says: it starts with either
            host1.run("systemctl", "reset-failed", "libvirtd")
            host1.run("systemctl", "restart", "libvirtd")
            assert in_force(host1)[1] == ("6" if now == old else "26")
            host1.write(CONF, old)
            host1.run("rm", "-f", f"{CONF}.preflight-new", f"{CONF}.preflight-test")
            host1.run("systemctl", "restart", "libvirtd")


LIBVIRTD_WRONG = (LIBVIRTD.judge, LIBVIRTD.activate, LIBVIRTD.answers, LIBVIRTD.in_force, ("maxWorkers:99",))


def test_a_file_that_changed_meanwhile_is_left_alone(host1: LabHost) -> None:
    old = restricted(host1)
    host1.append(CONF, "# somebody else was here\n")
    done = host1.run("sh", "-s", input=script(CONF, old, old + "max_clients = 99\n", LIBVIRTD, "test"), check=False)
    assert (done.returncode, done.stdout) == (1, f"unchanged: {CONF} has changed since it was read\n")
    assert host1.read(CONF) == old + "# somebody else was here\n"


def test_preflight_killed_meanwhile_leaves_the_host_to_finish(client: Client, host1: LabHost) -> None:
    old = restricted(host1)
    host1.run("sh", "-c", drop_in("ExecStartPre=/bin/sleep 3"))
    words = [PREFLIGHT, "fix", SOURCE, DESTINATION, "--concurrency", "24", "workers-limit", "--apply", "--yes"]
    client.run(["sh", "-c", f"{' '.join(words)} >/dev/null 2>&1 & p=$!; sleep 2.5; kill -9 $p; wait $p"])
    host1.run("sh", "-c", "for i in $(seq 20); do virt-admin srv-list >/dev/null 2>&1 && break; sleep 1; done; sleep 1")
    now = host1.read(CONF)
    assert now in (old, old.replace("max_workers = 6", "max_workers = 26"))
    assert in_force(host1)[1] == ("6" if now == old else "26")
    assert left_over(host1) == []
