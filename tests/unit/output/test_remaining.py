"""The memory that a run has left to send, and the time until it is sent, as far as that can be known."""

import pytest

from preflight.migrate.progress import Sample
from preflight.output.run.remaining import Sending, Stage, Whole, fitted
from preflight.units import MIB
from tests.unit.migrate.plans import guest


def sample(left: int, *, rate: int = 100, dirty: int = 0, iteration: int = 1, total: int = 1024) -> Sample:
    """Sizes in MiB, rates in MiB/s."""
    return Sample(1.0, total * MIB, left * MIB, rate * MIB, dirty * MIB, iteration)


def sending(*samples: Sample, touched: int | None = 1024) -> Sending:
    found = Sending(None if touched is None else touched * MIB)
    for one in samples:
        found.hear(one)
    return found


def mib(one: Sending) -> tuple[int, int]:
    return one.sent // MIB, one.total // MIB


def test_what_was_touched_has_to_be_sent() -> None:
    assert mib(sending(touched=256)) == (0, 256)


def test_pages_that_were_never_touched_are_not_counted_during_the_first_pass() -> None:
    assert mib(sending(sample(512), touched=256)) == (128, 256)


def test_after_it_all_is_counted_that_the_guest_wrote() -> None:
    assert mib(sending(sample(0), sample(512, iteration=2), touched=256)) == (256, 768)


def test_what_is_written_again_has_to_be_sent_again() -> None:
    one = sending(sample(1024), sample(0))
    assert mib(one) == (1024, 1024)
    one.hear(sample(300, iteration=2))
    assert mib(one) == (1024, 1324)
    one.hear(sample(100, iteration=2))
    assert mib(one) == (1224, 1324)


def test_a_guest_whose_touched_memory_is_not_known_counts_from_all_of_it() -> None:
    assert mib(sending(sample(1000), touched=None)) == (24, 1024)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (sample(500, rate=0), "ETA unknown"),
        (sample(500), "ETA 0:05 or more"),
        (sample(500, dirty=500), "ETA 0:05 or more"),
        (sample(500, iteration=2), "ETA 0:05"),
        (sample(500, dirty=50, iteration=2), "ETA 0:10"),
        (sample(500, dirty=100, iteration=2), "ETA never at this rate"),
        (sample(500, dirty=300, iteration=2), "ETA never at this rate"),
        (sample(500, rate=0, dirty=300, iteration=2), "ETA unknown"),
        (sample(0, iteration=3), "ETA 0:00"),
        (sample(1, iteration=3), "ETA 0:01"),
        (sample(6000, iteration=2), "ETA 1:00"),
        (sample(366_100, iteration=2), "ETA 1:01:01"),
    ],
    ids=str,
)
def test_the_eta_claims_no_more_than_is_known(now: Sample, said: str) -> None:
    assert str(sending(now).eta) == said


def whole(*guests: tuple[str, int]) -> Whole:
    return Whole([guest(name, name, mib=size) for name, size in guests])


def test_all_guests_together_count_those_that_wait() -> None:
    run = whole(("a", 100), ("b", 300))
    assert run.words() == ["0 of 2 guests", "400 of 400 MiB left", "ETA unknown"]
    run.hear("a", sample(50, total=100, rate=10))
    assert run.words() == ["0 of 2 guests", "350 of 400 MiB left", "ETA 0:35 at this rate"]
    run.guest("a").end(arrived=True)
    assert run.words() == ["1 of 2 guests", "300 of 400 MiB left", "ETA 0:30 at this rate"]


def test_guests_that_move_together_share_the_work() -> None:
    run = whole(("a", 100), ("b", 300))
    run.hear("a", sample(100, total=100, rate=10))
    run.hear("b", sample(300, total=300, rate=30))
    assert str(run.eta) == "ETA 0:10 at this rate"


def test_one_guest_that_never_ends_leaves_no_eta_for_all() -> None:
    run = whole(("a", 100), ("b", 300))
    run.hear("a", sample(100, total=100, rate=10, dirty=20, iteration=2))
    run.hear("b", sample(300, total=300, rate=30))
    assert str(run.eta) == "ETA never at this rate"


def test_a_guest_that_did_not_arrive_is_left_but_not_waited_for() -> None:
    run = whole(("a", 100), ("b", 300))
    run.hear("a", sample(50, total=100, rate=10))
    run.guest("a").end(arrived=False)
    assert run.words() == ["0 of 2 guests", "400 of 400 MiB left", "ETA 0:30 at this rate"]
    run.starts_more = False
    assert run.words()[-1] == "ETA unknown"


def test_a_guest_that_is_off_counts_though_it_has_no_memory_to_send() -> None:
    run = Whole([guest("off", "off", active=False), guest("old", "old", active=False)])
    run.guest("off").end(arrived=True)
    assert run.progress == (MIB, 2 * MIB)
    assert run.words() == ["1 of 2 guests"]


def test_all_is_done_when_all_have_arrived() -> None:
    run = whole(("a", 100), ("b", 300))
    for name in ("a", "b"):
        run.guest(name).end(arrived=True)
    done, total = run.progress
    assert done == total
    assert run.words() == ["2 of 2 guests", "0 of 400 MiB left"]


def test_a_migration_that_is_begun_again_claims_nothing_yet() -> None:
    one = sending(sample(500, iteration=2))
    one.start()
    assert (one.stage, str(one.eta)) == (Stage.MOVING, "ETA unknown")


@pytest.mark.parametrize(
    ("width", "line"), [(99, "one, two, three"), (14, "one, two"), (8, "one, two"), (7, "one"), (3, "one"), (2, "o…")]
)
def test_as_much_is_shown_as_fits(width: int, line: str) -> None:
    assert fitted(("one", "two", "three"), width) == line
