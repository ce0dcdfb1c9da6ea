"""Names in one word: lists and ranges in brackets, and commas between words."""

import pytest

from preflight.errors import UserError
from preflight.fleet.ranges import MOST, MOST_NAMED, Names, expanded, words


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("kvm1", ["kvm1"]),
        ("kvm[1-3]", ["kvm1", "kvm2", "kvm3"]),
        ("kvm[08-11].dc1", ["kvm08.dc1", "kvm09.dc1", "kvm10.dc1", "kvm11.dc1"]),
        ("kvm[98-101]", ["kvm98", "kvm99", "kvm100", "kvm101"]),
        ("kvm[01-02,07]", ["kvm01", "kvm02", "kvm07"]),
        ("r[1-2]n[01,3]", ["r1n01", "r1n3", "r2n01", "r2n3"]),
        ("root@kvm[1-2]", ["root@kvm1", "root@kvm2"]),
        ("root@[2001:db8::1]", ["root@[2001:db8::1]"]),
        ("qemu+ssh://[::1]:22/system", ["qemu+ssh://[::1]:22/system"]),
        ("qemu+ssh://kvm[1-2]/system", ["qemu+ssh://kvm1/system", "qemu+ssh://kvm2/system"]),
        (f"kvm[1-{MOST}]", [f"kvm{number}" for number in range(1, MOST + 1)]),
    ],
)
def test_a_word_stands_for_these_names(word: str, names: list[str]) -> None:
    assert expanded(word) == names


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("kvm[1-1000000000]", f"stands for more than {MOST} hosts"),
        ("kvm[1-100][1-101]", f"stands for more than {MOST} hosts"),
        (f"kvm[1-{'9' * 18}]", f"stands for more than {MOST} hosts"),
        (f"kvm[1-{'9' * 5000}]", "is not a range such as [01-16] or [01-04,07]"),
        ("kvm[3-1]", "counts backwards"),
        ("kvm[a-f]", "is not a range such as"),
        ("kvm[]", "is not a range such as"),
        ("kvm[1,]", "is not a range such as"),
        ("kvm[1:3]", "is not a range such as"),
        ("kvm[²]", "is not a range such as"),
    ],
)
def test_a_word_that_stands_for_too_many_names_or_for_none_is_refused(word: str, why: str) -> None:
    with pytest.raises(UserError) as refused:
        expanded(word)
    assert why in str(refused.value)
    assert len(str(refused.value)) < 200


def test_commas_separate_words_but_not_in_brackets() -> None:
    assert list(words("a, b[1,2],@c,kvm[1")) == ["a", "b[1,2]", "@c", "kvm[1"]
    with pytest.raises(UserError, match="has an empty part"):
        list(words("a,,b"))


def test_names_are_counted_as_often_as_they_are_given() -> None:
    names = Names()
    for _ in range(MOST_NAMED // MOST):
        assert len(names.of("kvm[0-9999]")) == MOST
    with pytest.raises(UserError, match="each counted as often as it is named"):
        names.of("kvm1")


@pytest.mark.parametrize("word", ["k" * 100_000 + "[0-9999]", "[1]" * 5000])
def test_a_range_of_names_that_no_host_can_have_is_refused(word: str) -> None:
    with pytest.raises(UserError, match="longer than the name of any host"):
        expanded(word)
