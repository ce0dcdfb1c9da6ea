"""The memory of a guest: how much must be touched, and be other than zero, for a rehearsal."""

import pytest

from preflight.answers import Record
from preflight.facts.fact import Unreadable
from preflight.rehearse.limits import CERTAIN, FILLED, LARGE, SAMPLE, TOUCHED
from preflight.rehearse.memory import Memory, memory_of
from preflight.units import MIB
from tests.unit.migrate.plans import WEB

SIZE = 384 * MIB
#: As many pages as must not be zero in a guest of that size.
ENOUGH = SAMPLE * FILLED // SIZE + 1


def test_what_the_script_prints_is_read() -> None:
    told: list[str] = []

    def host(command: str) -> Record:
        told.append(command)
        return Record("touched 262144\nsampled 128 43\n")

    assert memory_of(host, WEB) == Memory(TOUCHED, 128, 43)
    assert told[0].endswith(f"{WEB} {SAMPLE}")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Record("", 1, "sudo: a password is required\n"), "sudo: a password is required"),
        (Record("touched 262144\nsampled 128 43\n", 1, "dd: gone\n"), "dd: gone"),
        (Record("touched 262144\n"), "exit code 0"),
        (Record("touched -1\nsampled 128 43\n"), "exit code 0"),
    ],
)
def test_anything_else_is_unknown(answer: Record, said: str) -> None:
    with pytest.raises(Unreadable, match=f"the guest's memory on the source could not be read: {said}"):
        memory_of(lambda _command: answer, WEB)


def test_a_guest_that_has_touched_enough_and_not_with_zeros_has_enough() -> None:
    assert Memory(TOUCHED, SAMPLE, ENOUGH).why_too_little(SIZE) is None
    assert Memory(SIZE, SAMPLE, SAMPLE).why_too_little(SIZE) is None


@pytest.mark.parametrize(
    ("memory", "said"),
    [
        (Memory(TOUCHED - 1, SAMPLE, SAMPLE), "touched only 255 of its 384 MiB of memory; less than 256 MiB"),
        (Memory(SIZE, SAMPLE, ENOUGH - 1), "42 of 128 sampled pages of the guest's 384 MiB of memory are not zero"),
        (Memory(SIZE, SAMPLE, 0), "0 of 128 sampled pages"),
        (Memory(SIZE, 0, 0), "0 of 0 sampled pages"),
    ],
)
def test_too_little_is_named(memory: Memory, said: str) -> None:
    assert said in str(memory.why_too_little(SIZE))


def test_a_guest_with_no_more_than_is_relied_on_hardly_passes_as_one_with_enough() -> None:
    from math import comb

    for size in (TOUCHED, SIZE, LARGE):
        share, least = CERTAIN / size, -(-SAMPLE * FILLED // size)
        assert Memory(size, SAMPLE, least).why_too_little(size) is None
        chance = sum(comb(SAMPLE, k) * share**k * (1 - share) ** (SAMPLE - k) for k in range(least, SAMPLE + 1))
        assert chance < 1 / 4000
