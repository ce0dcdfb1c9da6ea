import time

import pytest

from preflight.facts.fact import MISSING, Record, Unreadable
from preflight.facts.names.hosts_file import HostsFile
from preflight.facts.text.located import Location

TEXT = """127.0.0.1 localhost
192.0.2.12\thost2.example.com  host2 # the other
#192.0.2.13 host3.example.com host3
10.0.0.2 HOST2
"""


def hosts(text: str) -> HostsFile:
    return HostsFile.parse(Record(text))


def test_every_line_that_names_a_host_counts() -> None:
    assert hosts(TEXT).addresses_of("host2") == ("192.0.2.12", "10.0.0.2")


def test_an_address_is_given_once() -> None:
    assert hosts("192.0.2.1 a\n192.0.2.1 b a\n").addresses_of("a") == ("192.0.2.1",)


def test_names_are_the_same_in_upper_and_lower_case() -> None:
    assert hosts(TEXT).addresses_of("Host2.EXAMPLE.com") == ("192.0.2.12",)


def test_only_ascii_letters_have_a_case() -> None:
    assert hosts("192.0.2.1 \u0130x\n").addresses_of("i\u0307x") == ()


def test_the_first_name_is_the_canonical_one() -> None:
    entry = hosts(TEXT).entries[1]
    assert [name.value for name in entry.names] == ["host2.example.com", "host2"]


def test_a_value_knows_its_place() -> None:
    ((entry, name),) = hosts(TEXT).lines_for("host2.example.com")
    line = "192.0.2.12\thost2.example.com  host2 # the other"
    assert name.at == Location("/etc/hosts", 2, 12, 29, line)
    assert entry.address.at == Location("/etc/hosts", 2, 1, 11, line)
    assert entry.names[1].at == Location("/etc/hosts", 2, 31, 36, line)


def test_columns_count_characters() -> None:
    ((_, name),) = hosts("192.0.2.1 gr\u00fc\u00df host\n").lines_for("host")
    assert name.at is not None
    assert (name.at.column, name.at.end_column) == (16, 20)


def test_what_follows_a_hash_is_no_name() -> None:
    assert hosts(TEXT).lines_for("the") == ()
    assert hosts("192.0.2.1 a#b c\n").addresses_of("a") == ("192.0.2.1",)
    assert hosts("192.0.2.1 a#b c\n").addresses_of("c") == ()


def test_a_line_that_is_commented_out_is_remembered() -> None:
    ((entry, name),) = hosts(TEXT).commented_for("HOST3")
    assert entry.address.value == "192.0.2.13"
    assert name.at is not None
    assert (name.at.line, name.at.column) == (3, 31)
    assert hosts(TEXT).lines_for("host3") == ()


def test_prose_in_a_comment_is_no_entry() -> None:
    assert hosts("# The following lines are for host2\n## 192.0.2.1\n#\n").commented == ()


def test_a_line_whose_address_makes_no_sense_is_passed_over() -> None:
    wrong = (
        "999.1.1.1 a",
        "10.1 a",
        "010.0.0.1 a",
        "fe80::1%eth0 a",
        "a 192.0.2.1",
        "192.0.2.1",
        "192.0.2.1 # a",
        "1.2.3.4/8 a",
    )
    assert hosts("\n".join(wrong)).addresses_of("a") == ()


def test_the_last_line_needs_no_end() -> None:
    assert hosts("192.0.2.1 a").addresses_of("a") == ("192.0.2.1",)


def test_no_file_is_no_entries() -> None:
    assert HostsFile.parse(Record("", MISSING)) == HostsFile(entries=(), commented=())


def test_a_long_block_list_is_read_in_linear_time() -> None:
    text = "".join(f"0.0.0.0 ads{number}.example.com\n" for number in range(30_000))
    assert hosts(text).addresses_of("ads29999.example.com") == ("0.0.0.0",)


def test_a_line_of_six_megabytes_is_not_read_and_said() -> None:
    """T7: one line of 6 MB made a check take 664 MiB."""
    text = "127.0.0.1 localhost\n192.0.2.1" + " x" * 3_000_000
    with pytest.raises(Unreadable, match=r"/etc/hosts:2: the line has 6000009 characters; the limit is 16384"):
        HostsFile.parse(Record(text))


def test_more_names_than_are_read_are_said() -> None:
    text = "192.0.2.1 a b c d e f g h i\n" * 20_001
    with pytest.raises(Unreadable, match=r"/etc/hosts:20001: the file has more than 200000 addresses and names"):
        HostsFile.parse(Record(text))


def test_names_are_found_in_time_with_their_number() -> None:
    """Each of many guests may look for a different name."""
    known = HostsFile.parse(
        Record("".join(f"192.0.2.1 host{number} HOST{number}.example\n" for number in range(20_000)))
    )
    began = time.process_time()
    assert all(len(known.lines_for(f"Host{number}.example")) == 1 for number in range(2000))
    assert time.process_time() - began < 2


def test_a_file_of_two_million_lines_is_refused_at_once() -> None:
    """8 MiB of lines that name nothing took eight seconds."""
    began = time.process_time()
    with pytest.raises(Unreadable, match="the file has more than 1000000 lines"):
        HostsFile.parse(Record("x y\n" * 2_000_000))
    assert time.process_time() - began < 1


def test_a_million_lines_that_name_nothing_are_passed_over_in_little_time() -> None:
    began = time.process_time()
    assert HostsFile.parse(Record("x y\n" * 900_000 + "192.0.2.1 host1\n")).addresses_of("host1") == ("192.0.2.1",)
    assert time.process_time() - began < 5
