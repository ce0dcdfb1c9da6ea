"""Who stays, in the plan of an evacuation: each cause once, with what it keeps."""

from preflight.output.evacuation.stays import stays
from preflight.placement.answer import Constraint, Obstacle, Relief, Stay

GIB = 1024**2


def way(destination: str, text: str = "no-route: there is no route") -> Obstacle:
    return Obstacle(destination=destination, constraint=Constraint.WAY, text=text)


def memory(destination: str, gib: int, left: int = 1) -> Obstacle:
    text = f"needs {gib} GiB of memory, only {left} GiB left"
    return Obstacle(destination=destination, constraint=Constraint.MEMORY, text=text, needs=gib * GIB, left=left * GIB)


def stay(guest: str, *obstacles: Obstacle) -> Stay:
    text = f"the way to {obstacles[0].destination} READY"
    relief = Relief(destination=obstacles[0].destination or "", changes=obstacles[:1], text=text)
    return Stay(guest=guest, why="", obstacles=obstacles, reliefs=(relief,))


def test_what_keeps_many_guests_on_many_hosts_is_one_line() -> None:
    found = [stay(f"g{number}", way("kvm2"), way("kvm3")) for number in range(50)]
    ((names, lines),) = stays(found)
    assert names.startswith("g0, g1, ")
    assert names.endswith(" more")
    assert lines == ["kvm2, kvm3: no-route: there is no route", "would let each go: the way to kvm2 READY"]


def test_one_guest_is_told_as_one() -> None:
    assert list(stays([stay("web", memory("kvm2", 4))])) == [
        ("web", ["kvm2: needs 4 GiB of memory, only 1 GiB left", "would let it go: the way to kvm2 READY"])
    ]


def test_guests_that_lack_the_same_need_different_amounts() -> None:
    ((names, lines),) = stays([stay("web", memory("kvm2", 4)), stay("db", memory("kvm2", 8))])
    assert names == "web, db"
    assert lines[0] == "kvm2: web needs 4 GiB of memory, db needs 8 GiB of memory, only 1 GiB left"
    many = [stay(f"g{number}", memory("kvm2", 2 + number)) for number in range(9)]
    ((_, lines),) = stays(many)
    assert lines[0].endswith("g5 needs 7 GiB of memory and 3 more, only 1 GiB left")


def test_guests_that_other_causes_keep_are_told_apart() -> None:
    found = list(stays([stay("web", way("kvm2")), stay("db", memory("kvm2", 8)), stay("www", way("kvm2"))]))
    assert [names for names, _ in found] == ["web, www", "db"]


def test_the_first_causes_and_remedies_are_shown_and_the_others_counted() -> None:
    obstacles = [way(f"kvm{number}", f"cause {number}") for number in range(9)]
    ((_, lines),) = stays([stay("web", *obstacles)])
    assert lines[5:7] == ["kvm5: cause 5", "and 3 more"]
    two = [stay(f"g{number}", way("kvm2", "x"), way(f"kvm{number}", "y")) for number in (3, 4)]
    assert len(list(stays(two))) == 2, "what keeps them is not the same"
