"""/etc/hosts: what is written is read, and a name is led elsewhere without another being touched."""

from hypothesis import given
from hypothesis import strategies as st

from preflight.facts.fact import Record
from preflight.facts.names.hosts_file import HostsFile, same_name
from preflight.facts.network.addresses import plain
from preflight.fix.files import led
from preflight.rule import HostsLine
from tests.properties.texts import words_of

ADDRESSES = st.sampled_from(("127.0.0.1", "192.0.2.1", "192.0.2.2", "::1", "2001:db8::1", "::ffff:192.0.2.1"))
NAMES = st.sampled_from(("host1", "host2", "HOST2", "host2.example.com", "a", "localhost"))
BLANKS = st.text(alphabet=" \t", min_size=1, max_size=3)
ENTRIES = st.tuples(ADDRESSES, st.lists(NAMES, min_size=1, max_size=4))
LINES = st.lists(
    st.one_of(
        ENTRIES, st.sampled_from(("", "# 192.0.2.9 host2", "no.address host2", "192.0.2.7", "fe80::1%eth0 host2"))
    ),
    max_size=8,
)
VOCABULARY = ("192.0.2.1", "192.0.2.2", "::1", "host2", "HOST2", "host1", " ", "\t", "\n", "\r\n", "#", "%eth0", "\v")


@st.composite
def files(draw: st.DrawFn) -> tuple[str, list[tuple[str, list[str]]]]:
    """Return a file, and its entries."""
    lines = draw(LINES)
    text = ""
    for one in lines:
        if isinstance(one, tuple):
            blank, remark = draw(BLANKS), draw(st.sampled_from(("", " # host2", "#")))
            text += f"{blank.join((one[0], *one[1]))}{remark}\n"
        else:
            text += f"{one}\n"
    return text, [one for one in lines if isinstance(one, tuple)]


@given(files())
def test_each_entry_is_read_as_it_is_written(written: tuple[str, list[tuple[str, list[str]]]]) -> None:
    text, entries = written
    read = HostsFile.parse(Record(text)).entries
    assert [(one.address.value, [name.value for name in one.names]) for one in read] == entries
    for one in read:
        for word in (one.address, *one.names):
            assert word.at is not None
            assert word.at.text[word.at.column - 1 : word.at.end_column - 1] == word.value


@given(
    st.one_of(files().map(lambda one: one[0]), words_of(VOCABULARY)),
    NAMES,
    st.sampled_from(("192.0.2.1", "2001:db8::1")),
    st.one_of(st.none(), st.sampled_from(("127.0.0.1", "192.0.2.2", "::1"))),
)
def test_a_name_is_led_elsewhere_and_no_other_is_touched(text: str, name: str, to: str, wrong: str | None) -> None:
    change = HostsLine(name, to, wrong)
    after = led(text, [change])
    old, new = (HostsFile.parse(Record(one)) for one in (text, after))
    now = {plain(address) for address in new.addresses_of(name)}
    assert plain(to) in now
    assert wrong is None or plain(wrong) not in now
    assert now - {plain(to)} <= {plain(address) for address in old.addresses_of(name)}
    for entry in old.entries:
        for other in entry.names:
            if not same_name(other.value, name):
                assert old.addresses_of(other.value) == new.addresses_of(other.value)
    assert led(after, [change]) == after
