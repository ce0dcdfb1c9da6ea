"""sshd's settings.

cases/sshd/answers.json holds configurations and what `sshd -T` of OpenSSH 8.4p1, 9.2p1 and 10.0p2 (Debian 11, 12, 13)
made of each: those lines of its answer that are read here, or the first line of its refusal. No release that takes the
first MaxStartups was at hand: that it does is from its source (683d0abe5).
"""

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.ssh.sshd import MaxStartups, SshdListener, SshdSettings, seconds
from tests.fact_of import fact_of
from tests.facts.noise import answers

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases/sshd/answers.json").read_text())
ASKED = [(case, release) for case in CASES for release in case["answers"]]
OLD, NEW = "OpenSSH_10.0p2 Debian-7+deb13u4, OpenSSL 3.5.7 9 Jun 2026", "OpenSSH_10.1p1, OpenSSL 3.5.7 9 Jun 2026"
NOT_ROOT = Record("", 1, "sudo: a password is required")
#: Single quotes mean nothing to sshd before 8.7 (a10f929d1), and are not used in practice.
QUOTES = ("single_quotes", "8.4")


def files(texts: dict[str, str]) -> Record:
    return Record("".join(f"\x1f{path}\n{text}" for path, text in texts.items()))


def settings(
    text: str, told: Record = NOT_ROOT, openssh: str = OLD, drop_ins: dict[str, str] | None = None
) -> SshdSettings:
    texts = {"/etc/ssh/sshd_config": text}
    texts |= {f"/etc/ssh/sshd_config.d/{name}.conf": drop_in for name, drop_in in (drop_ins or {}).items()}
    return read(told, files(texts), Record(openssh))


def read(told: Record, files: Record, openssh: Record) -> SshdSettings:
    return fact_of(SshdSettings, {"sshd.effective": told, "sshd_config": files, "openssh": openssh})


def ids(asked: list[tuple[dict[str, Any], str]]) -> list[str]:
    return [f"{case['name']}-{release.split()[0]}" for case, release in asked]


TAKEN = [(case, release) for case, release in ASKED if release not in case["refused"]]
REFUSED = [
    (case, release)
    for case, release in ASKED
    if release in case["refused"] and not (case["name"] == QUOTES[0] and QUOTES[1] in release)
]


@pytest.mark.parametrize(("case", "release"), TAKEN, ids=ids(TAKEN))
def test_files_are_read_as_sshd_reads_them(case: dict[str, Any], release: str) -> None:
    record, openssh = files(case["files"]), Record(release)
    own = read(NOT_ROOT, record, openssh)
    told = read(Record(case["answers"][release]), record, openssh)
    assert (own.effective, told.effective) == (False, True)
    assert own.max_startups == told.max_startups
    assert own.max_sessions == told.max_sessions
    assert own.per_source_max_startups == told.per_source_max_startups
    assert own.login_grace_time == told.login_grace_time
    assert own.permit_root_login == told.permit_root_login
    assert own.ports == told.ports
    assert (own.penalties.value is None) == (told.penalties.value is None)


@pytest.mark.parametrize(("case", "release"), REFUSED, ids=ids(REFUSED))
def test_a_file_that_sshd_refuses_tells_nothing(case: dict[str, Any], release: str) -> None:
    with pytest.raises(Unreadable):
        read(NOT_ROOT, files(case["files"]), Record(release))


def test_enough_was_compared() -> None:
    assert len(CASES) >= 60
    assert len(TAKEN) >= 150
    assert len(REFUSED) >= 30


def test_sshds_own_answer_beats_the_files_and_has_no_place_where_they_differ() -> None:
    told = Record("port 22\nmaxstartups 10:30:100\nmaxsessions 10\nlogingracetime 120\npermitrootlogin no\n")
    found = settings("MaxStartups 50:30:60\nPermitRootLogin no\n", told)
    assert (found.effective, found.max_startups.value, found.max_startups.at) == (True, MaxStartups(10, 30, 100), None)
    assert found.permit_root_login.at is not None
    assert found.permit_root_login.at.line == 2


def test_sshds_own_answer_is_enough() -> None:
    told = Record("port 22\nmaxstartups 10:30:100\nmaxsessions 10\nlogingracetime 120\npermitrootlogin no\n")
    found = read(told, Record("", 1, "Permission denied"), Record("", 127))
    assert str(found.max_startups) == "10:30:100"


def test_the_last_maxstartups_counts_until_10_0_and_the_first_from_10_1() -> None:
    text = "Include /etc/ssh/sshd_config.d/*.conf\nMaxStartups 10:30:60\n"
    drop_in = "MaxStartups 100:30:200\n"
    old = settings(text, drop_ins={"a": drop_in}).max_startups
    new = settings(text, openssh=NEW, drop_ins={"a": drop_in}).max_startups
    assert (old.value.start, new.value.start) == (10, 100)
    assert old.at is not None
    assert new.at is not None
    assert (old.at.path, old.at.line, old.at.column) == ("/etc/ssh/sshd_config", 2, 13)
    assert (new.at.path, new.at.line, new.at.column) == ("/etc/ssh/sshd_config.d/a.conf", 1, 13)


def test_a_file_that_was_not_collected_may_set_anything_after_it() -> None:
    text = "MaxSessions 3\nLoginGraceTime 30\nInclude /etc/ssh/more/*.conf\nMaxStartups 10\n"
    with pytest.raises(Unreadable, match=r"/etc/ssh/sshd_config includes /etc/ssh/more/\*\.conf, which was not read"):
        settings(text)


def test_the_systems_crypto_policy_sets_none_of_this() -> None:
    text = "Include /etc/crypto-policies/back-ends/opensshserver.config\nMaxStartups 20:30:60\n"
    assert settings(text).max_startups.value.start == 20


def test_files_that_include_each_other_are_given_up() -> None:
    with pytest.raises(Unreadable, match="is included repeatedly"):
        settings("Include sshd_config.d/a.conf\n", drop_ins={"a": "Include sshd_config.d/a.conf\n"})


def test_files_that_include_the_next_twice_do_not_take_for_ever() -> None:
    chain = {chr(97 + level): f"Include sshd_config.d/{chr(98 + level)}.conf\n" * 2 for level in range(15)}
    with pytest.raises(Unreadable, match="is included repeatedly"):
        settings("Include sshd_config.d/a.conf\n", drop_ins=chain)


@pytest.mark.parametrize("text", ["a b\n" * 250_000, "x" + " a" * 500_000, "#\n" * 500_000, 'a "' * 300_000])
def test_a_mebibyte_does_not_take_for_ever(text: str) -> None:
    start = time.monotonic()
    with contextlib.suppress(Unreadable):
        settings(text)
    assert time.monotonic() - start < 2


def test_without_a_configuration_there_is_nothing_to_read() -> None:
    with pytest.raises(Unreadable, match="/etc/ssh/sshd_config does not exist"):
        read(NOT_ROOT, Record(""), Record(OLD))


def test_a_default_needs_the_release() -> None:
    with pytest.raises(Unreadable):
        read(NOT_ROOT, files({"/etc/ssh/sshd_config": ""}), Record("", 127, "ssh: not found"))


@pytest.mark.parametrize(("text", "length"), [("0", 0), ("90", 90), ("2m", 120), ("1h30M5s", 5405), ("none", 0)])
def test_times(text: str, length: int) -> None:
    assert seconds(text) == length


def test_the_listener_counts_logins_under_way() -> None:
    found = SshdListener.parse(Record("sshd: /usr/sbin/sshd -D [listener] 3 of 10-100 startups\n"))
    assert (found.current, found.start, found.full) == (3, 10, 100)


def test_of_several_listeners_the_busiest_counts() -> None:
    title = "sshd: /usr/sbin/sshd -D [listener] {} of {}-100 startups\n"
    assert SshdListener.parse(Record(title.format(0, 50) + title.format(7, 10))).current == 7


@pytest.mark.parametrize("title", ["", "sshd: root@pts/0\n", "sshd: /usr/sbin/sshd -D [listener]\n"])
def test_no_listener_shows_nothing(title: str) -> None:
    with pytest.raises(Unreadable, match="sshd does not report its logins"):
        SshdListener.parse(Record(title))


def test_hostile_answers_are_unreadable_and_nothing_else() -> None:
    good = '\x1f/etc/ssh/sshd_config\nInclude sshd_config.d/*.conf\nMaxStartups "5:30:60" # x\nMatch User a\n Port 2\n'
    for record in answers(good + "\x1f/etc/ssh/sshd_config.d/a.conf\nPort 3\nListenAddress [::1]:4\n"):
        for given in ((NOT_ROOT, record, Record(OLD)), (record, record, record)):
            try:
                read(*given)
            except Unreadable:
                continue
        try:
            SshdListener.parse(record)
        except Unreadable:
            continue


def test_one_number_lets_so_many_logins_in_and_no_more() -> None:
    """`MaxStartups 10` is 10:30:10: nothing grows between its two ends (it was divided by what lies between)."""
    value = MaxStartups(10, 30, 10)
    assert (value.chance(10), value.chance(11), value.chance(12)) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize("written", ["9" * 30 + "x", "1" * 100_000 + "x", "1s" * 50_000 + "x", "9" * 18, "9w" * 50_000])
def test_a_time_that_is_long_is_refused_at_once(written: str) -> None:
    """T1: each further digit doubled the time that the old pattern took; 30 of them took 42 s."""
    began = time.process_time()
    with pytest.raises(Unreadable, match="sshd rejects this time"):
        seconds(written)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("written", "expected"), [("120", 120), ("2m", 120), ("1h30m", 5400), ("1h30", 3630), ("000000000120", 120)]
)
def test_a_time_is_read_as_sshd_reads_it(written: str, expected: int) -> None:
    assert seconds(written) == expected


def test_many_files_that_are_each_included_by_many_lines_are_too_many() -> None:
    """Each Include looks at each file's name."""
    files = "".join(f"\x1f/etc/ssh/sshd_config.d/{number}.conf\n\n" for number in range(20_000))
    lines = "Include /etc/ssh/sshd_config.d/*x*y*z*\n" * 5_000
    began = time.process_time()
    with pytest.raises(Unreadable, match="too many Include lines"):
        read(Record("", 1), Record(f"\x1f/etc/ssh/sshd_config\n{lines}{files}"), Record("OpenSSH_9.2p1"))
    assert time.process_time() - began < 5
