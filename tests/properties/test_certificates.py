"""Certificates of a host, which may be any text."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from preflight.facts.fact import Record, Unreadable
from preflight.facts.tls.certificates import BY_LIBVIRT, CertificateFiles, problem_of_own
from tests.certificates import Authority
from tests.properties.texts import broken, words_of

AUTHORITY = Authority()
OWN = AUTHORITY.made_out_to("host1.example.com", "192.0.2.11")
ANSWER = f"clock 1767225600\nfile 0 /ca.pem\n{AUTHORITY.pem}file 0 /cert.pem\n{OWN}file 0 /key.pem\n"
VOCABULARY = (
    "clock ", "1767225600", "nan", "\n", "file ", "0 ", "44 ", "/ca.pem", "/cert.pem", "/key.pem", AUTHORITY.pem, OWN,
    "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "MIIB", "=", " ",
)  # fmt: skip


def test_the_answer_is_a_good_one() -> None:
    assert problem_of_own(CertificateFiles.read(Record(ANSWER)), "server", BY_LIBVIRT) is None


@given(st.one_of(broken(ANSWER), words_of(VOCABULARY, most=15)))
def test_any_answer_gives_a_judgement_or_a_reason(text: str) -> None:
    with contextlib.suppress(Unreadable):
        files = CertificateFiles.read(Record(text))
        problem_of_own(files, "server", BY_LIBVIRT)
        for one in files.files.values():
            one.first.holds("host1.example.com")
