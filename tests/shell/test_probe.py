"""The listener of `check --probe`: each program that can be one, and its end."""

import shutil
import socket
import time
from pathlib import Path

import pytest

import preflight.collect
from preflight.collect.questions import PRELUDE
from preflight.shell_text import of_file
from tests.shell.host import Host

FUNCTIONS = of_file(Path(preflight.collect.__file__).with_name("probe.sh"))
#: The program names of the listeners, and what `env` and `timeout` need.
PROGRAMS = {
    "systemd-socket-activate": "/usr/bin/systemd-socket-activate",
    "python3": "/usr/bin/python3",
    "perl": "/usr/bin/perl",
}
SAID = {"systemd-socket-activate": "Listening on "}


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if not Path(PROGRAMS[name]).exists():
        pytest.skip(f"{name} is not installed here")
    return name


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def says(host: Host, call: str, *programs: str, port: int = 0, lasts: float = 10) -> str:
    """Return what a call prints where only these programs can listen, for so many seconds instead of two."""
    for name in ("env", "true", "sleep"):
        where = shutil.which(name, path="/usr/bin:/bin")
        assert where is not None
        host.has_program(name, f'exec {where} "$@"')
    script = f'[ "$1 $2 $3" = "-s KILL 2" ] && shift 3 && exec /usr/bin/timeout -s KILL {lasts} "$@"'
    host.has_program("timeout", script)
    for name in programs:
        host.has_program(name, f'exec {PROGRAMS[name]} "$@"')
    # the shell's own directories are no longer searched
    done = host.run(f"PATH={host.root}/programs; {call}", functions=FUNCTIONS, port=port)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def is_open(port: int, address: str = "127.0.0.1") -> bool:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as client:
        return client.connect_ex((address, port)) == 0


def until_closed(port: int) -> float:
    began = time.monotonic()
    while entries(port):
        assert time.monotonic() - began < 10
        time.sleep(0.02)
    return time.monotonic() - began


def entries(port: int) -> list[str]:
    """Return the sockets of the port, in whatever state, TIME_WAIT too."""
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    lines = [line for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return [line for line in lines if line.split()[1].endswith(f":{port:04X}")]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_listen_waits_for_one_connection_and_leaves_no_socket(
    host: Host, program: str, port: int, address: str
) -> None:
    if address == "::1" and not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6 here")
    process, said = says(host, "listen @port@", program, port=port).splitlines()
    assert process.startswith("process ")
    assert said.startswith(SAID.get(program, "Listening"))
    assert is_open(port, address)
    until_closed(port)


def test_listen_ends_by_itself(host: Host, program: str, port: int) -> None:
    says(host, "listen @port@", program, port=port, lasts=1)
    assert 0.1 < until_closed(port) < 5


def test_listen_says_that_the_port_is_taken(host: Host, program: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        said = says(host, "listen @port@", program, port=server.getsockname()[1])
    assert said.endswith("Address already in use\n")


def test_listen_without_a_program_says_so(host: Host, port: int) -> None:
    assert says(host, "listen @port@", port=port).startswith("no program there can listen: ")


def test_reach_is_the_outcome_at_each_address_and_the_routes(host: Host, port: int) -> None:
    host.has_program("getent", "echo '127.0.0.1 STREAM host2'; echo '127.0.0.1 DGRAM'; echo '127.0.0.2 STREAM'")
    host.has_program("ip", '[ "$2" != route ] || echo "$4 dev lo"')
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        done = host.run("reach host2 @port@", functions=f"{PRELUDE}\n{FUNCTIONS}", port=taken)
    lines = done.stdout.splitlines()
    assert sorted(lines[:2]) == [f"port 0 host2 {taken} ", f"port 1 host2 {taken} Connection refused"]
    assert lines[2:] == [
        "route 127.0.0.1 127.0.0.1 dev lo", "neighbour 127.0.0.1 ",
        "route 127.0.0.2 127.0.0.2 dev lo", "neighbour 127.0.0.2 ",
    ]  # fmt: skip


@pytest.mark.parametrize(("after", "state"), [(1, "FAILED"), (3, "INCOMPLETE")])
def test_reach_waits_until_the_kernel_has_looked_for_the_neighbour(
    host: Host, port: int, after: int, state: str
) -> None:
    """The kernel sends three requests, one a second; `reach` has tried to connect for longer than one of them."""
    host.has_program("getent", "echo '127.0.0.1 STREAM host2'")
    host.has_program(
        "ip",
        f"""[ "$2" != route ] || {{ echo "$4 dev lo"; exit; }}
        echo >> {host.root}/looked; n=$(wc -l < {host.root}/looked)
        if [ "$n" -gt {after} ]; then echo "$5 dev lo FAILED"; else echo "$5 dev lo INCOMPLETE"; fi""",
    )
    host.has_program("sleep", "")
    done = host.run("reach host2 @port@", functions=f"{PRELUDE}\n{FUNCTIONS}", port=port)
    assert done.stdout.splitlines()[-1] == f"neighbour 127.0.0.1 127.0.0.1 dev lo {state}"


def test_unlisten_ends_a_listener_that_nobody_has_met(host: Host, program: str, port: int) -> None:
    assert says(host, 'unlisten "$(listen @port@)"', program, port=port) == "open\n"
    assert until_closed(port) < 5


def test_unlisten_says_that_the_listener_has_ended(host: Host, port: int) -> None:
    assert says(host, 'l=$(listen @port@); sleep 1.2; unlisten "$l"', "perl", port=port, lasts=1) == "ended\n"
