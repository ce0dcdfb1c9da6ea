import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.names.hosts_file import HostsFile
from preflight.facts.names.listen_address import listens_at

HOSTS = HostsFile.parse(Record("127.0.0.1 localhost\n::1 localhost\n192.0.2.12 host2.example.com host2\n"))


@pytest.mark.parametrize("text", ["", "0.0.0.0", "::"])
def test_some_mean_every_address(text: str) -> None:
    assert listens_at(text, HOSTS) == ()


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("192.0.2.99", ("192.0.2.99",)),
        ("2001:DB8:0::1", ("2001:db8::1",)),
        ("host2", ("192.0.2.12",)),
        ("localhost", ("127.0.0.1", "::1")),
    ],
)
def test_an_address_is_itself_and_a_name_is_looked_up(text: str, addresses: tuple[str, ...]) -> None:
    assert listens_at(text, HOSTS) == addresses


def test_a_name_that_the_file_does_not_know_is_not_known() -> None:
    with pytest.raises(Unreadable, match="host9 is not in this host's /etc/hosts"):
        listens_at("host9", HOSTS)
