import pytest

from preflight.facts.fact import MISSING, Record, Unreadable
from preflight.facts.system.identity import AnnouncedName, HostIdentity
from tests.fact_of import fact_of

CAPABILITIES = "<capabilities><host><uuid>4C4C4544-0051-3010-8051-C7C04F344432</uuid></host></capabilities>"
MACHINE_ID = "0123456789abcdef0123456789abcdef\n"
CLOCK = "clock 1700001000.0 1000.0 100\n"
DAEMONS = CLOCK + "process virtlogd 80 200\nprocess libvirtd 93 4711\nconf libvirtd 1.5\nsocket libvirt-sock\n"
NO_FILE = Record("", MISSING)


def identity(
    capabilities: str = CAPABILITIES,
    hostname: str = "host1\n",
    machine_id: Record | None = None,
    daemons: str = DAEMONS,
) -> HostIdentity:
    known = Record(MACHINE_ID) if machine_id is None else machine_id
    return HostIdentity.parse(Record(capabilities), Record(hostname), known, Record(daemons))


def test_identity() -> None:
    known = identity()
    assert known.uuid == "4c4c4544-0051-3010-8051-c7c04f344432"
    assert known.hostname == "host1"
    assert known.machine_id == MACHINE_ID.strip()
    assert known.daemon_start == ("libvirtd", 93, "4711")


@pytest.mark.parametrize("machine_id", [NO_FILE, Record("uninitialized\n"), Record("")])
def test_a_host_without_a_machine_id(machine_id: Record) -> None:
    assert identity(machine_id=machine_id).machine_id is None


def test_no_daemon_runs() -> None:
    assert identity(daemons=CLOCK).daemon_start is None


def test_of_several_the_first_one_to_start_counts() -> None:
    daemons = CLOCK + "process libvirtd 900 9000\nprocess libvirtd 93 471\n"
    assert identity(daemons=daemons).daemon_start == ("libvirtd", 93, "471")


def test_virtqemud_owns_the_guests_where_it_runs() -> None:
    daemons = CLOCK + "process libvirtd 93 471\nprocess virtqemud 95 480\n"
    assert identity(daemons=daemons).daemon_start == ("virtqemud", 95, "480")


def test_the_same_daemon_is_known_again() -> None:
    assert identity().is_same_daemon(identity())
    assert not identity().is_same_daemon(identity(daemons=DAEMONS.replace("4711", "4712")))
    assert not identity().is_same_daemon(identity(hostname="host2"))
    assert not identity(daemons=CLOCK).is_same_daemon(identity(daemons=CLOCK))


@pytest.mark.parametrize("capabilities", ["<capabilities/>", "<capabilities><host><uuid/></host></capabilities>", "x"])
def test_capabilities_without_a_uuid_are_unknown(capabilities: str) -> None:
    with pytest.raises(Unreadable):
        identity(capabilities)


def announced(qemu_conf: Record, hostname: Record | None = None, daemons: str = DAEMONS) -> AnnouncedName:
    answers = {"libvirt.hostname": hostname or "host2.example.com\n", "qemu.conf": qemu_conf, "daemons": daemons}
    return fact_of(AnnouncedName, answers)


@pytest.mark.parametrize("qemu_conf", [NO_FILE, Record(""), Record('#migration_host = "x"\nuser = "root"\n')])
def test_a_host_announces_its_host_name(qemu_conf: Record) -> None:
    known = announced(qemu_conf)
    assert (known.name.value, known.name.at) == ("host2.example.com", None)


def test_a_host_announces_what_it_is_told_to() -> None:
    known = announced(Record('# x\nmigration_host = "kvm2.example.com"\n'), Record("", 1, "no libvirt"))
    assert known.name.value == "kvm2.example.com"
    assert known.name.at is not None
    assert (known.name.at.path, known.name.at.line) == ("/etc/libvirt/qemu.conf", 2)


def test_an_address_in_brackets_is_announced_without_them() -> None:
    assert announced(Record('migration_host = "[2001:db8::1]"\n')).name.value == "2001:db8::1"


def test_a_file_that_was_changed_since_the_start_tells_nothing() -> None:
    with pytest.raises(Unreadable, match="changed after libvirtd started"):
        announced(Record('migration_host = "x"\n'), daemons=DAEMONS + "conf qemu 1700000999.0\n")


def test_no_host_name_is_unknown() -> None:
    with pytest.raises(Unreadable, match="empty host name"):
        announced(NO_FILE, Record("\n"))
    with pytest.raises(Unreadable, match="libvirt was not reached"):
        announced(NO_FILE, Record("", 1, "libvirt was not reached"))
