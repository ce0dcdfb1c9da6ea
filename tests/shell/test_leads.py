"""The addresses of a name after a change to /etc/hosts."""

import pytest

from preflight.shell_text import of_file
from tests.shell.host import Host
from tests.shell.test_every_function import FILES

LEADS = of_file(next(path for path in FILES if path.name == "leads.sh"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["host2", "192.0.2.2"], "host2 resolves to 192.0.2.2\n"),
        (["host2", "192.0.2.9"], ""),
        (["host2", "92.0.2.2"], ""),
        (["host2", "192.0.2.2", "127.0.1.1"], "host2 resolves to 192.0.2.2\nhost2 no longer resolves to 127.0.1.1\n"),
        (["host2", "192.0.2.2", "192.0.2.3"], "host2 resolves to 192.0.2.2\n"),
        (["host2", "192.0.2.2", "192.0.2.4"], "host2 resolves to 192.0.2.2\n"),
    ],
)
def test_leads_says_where_a_name_leads(host: Host, asked: list[str], said: str) -> None:
    host.has_program(
        "getent", '[ "$*" = "ahosts -- host2" ] && printf "%s STREAM x\\n" 192.0.2.2 192.0.2.3 ::ffff:192.0.2.4'
    )
    done = host.run("leads @asked@", functions=LEADS, asked=asked)
    assert (done.stdout, done.stderr) == (said, "")
