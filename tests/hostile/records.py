"""Every record of both hosts made hostile: its text changed, its code, its place."""

import functools
from collections.abc import Iterator
from random import Random

from tests.hostile import pair, texts
from tests.hostile.pair import ENDS, Hostile, Pair

#: Exit codes that a shell gives, and some that none does.
CODES = (1, 2, 44, 126, 127, 130, 255, -1, 2**31, 10**30)


def hostile(seed: int) -> Iterator[Hostile]:
    """Yield each record with each mutation, and with an answer that failed, was another's, or is not there."""
    names = sorted({name for end in ENDS for name in pair.ready().records(end)})
    for name in names:
        for how, mutation in texts.MUTATIONS.items():
            yield from pair.each_end(seed, f"record {how}", name, functools.partial(_mutated, name, mutation))
        yield from pair.each_end(seed, "record failed", name, functools.partial(_failed, name))
        yield from pair.each_end(seed, "record of another", name, functools.partial(_of_another, name))
        yield from pair.each_end(seed, "record gone", name, functools.partial(_gone, name))
    for name in (
        "etc.hosts",
        "nsswitch",
        "addresses",
        "mounts",
        "sshd.effective",
        "qemu.conf",
        "libvirt.domains",
        "links",
    ):
        yield from pair.each_end(seed, "record huge", name, functools.partial(_mutated, name, texts.huge))
    for number in range(40):
        yield pair.changed(seed, "all records", str(number), _all)
    yield pair.changed(seed, "record huge", "every record of both", _all_huge)


def of_rows(seed: int, count: int) -> Iterator[Hostile]:
    """Recorded rows of the lab with some of their answers made hostile, each in several ways."""
    for name in pair.rows(Random(seed), count):
        base = functools.partial(pair.row, name)
        for number in range(10):
            yield pair.changed(seed, "recorded row", f"{name} {number}", _some, base)


def _mutated(name: str, mutation: texts.Mutation, chance: Random, found: Pair, end: int) -> None:
    found.put(end, name, mutation(chance, found.text(end, name)))


def _failed(name: str, chance: Random, found: Pair, end: int) -> None:
    err = chance.choice(texts.ESCAPES + texts.VERDICTS + texts.WORDS) * chance.choice((1, 1, 1000))
    found.records(end)[name] = [found.text(end, name) * chance.randrange(2), chance.choice(CODES), err]


def _of_another(name: str, chance: Random, found: Pair, end: int) -> None:
    found.records(end)[name] = found.records(end)[chance.choice(sorted(found.records(end)))]


def _gone(name: str, chance: Random, found: Pair, end: int) -> None:
    found.records(end).pop(name, None)
    found.hosts[end]["absent"][name] = chance.choice(texts.ESCAPES + texts.VERDICTS + texts.WORDS)


def _some(chance: Random, found: Pair) -> None:
    for _ in range(chance.randrange(1, 4)):
        end = chance.choice(ENDS)
        name = chance.choice(sorted(found.records(end)))
        change = chance.choice((_failed, _of_another, _gone, None, None, None, None))
        if change is not None:
            change(name, chance, found, end)
        else:
            _mutated(name, chance.choice(list(texts.MUTATIONS.values())), chance, found, end)


def _all(chance: Random, found: Pair) -> None:
    for end in ENDS:
        for name in sorted(found.records(end)):
            if chance.random() < 0.5:
                light = (texts.escaped, texts.worded, texts.noisy, texts.cut, texts.numbered, texts.nulls)
                _mutated(name, chance.choice(light), chance, found, end)


def _all_huge(chance: Random, found: Pair) -> None:
    for end in ENDS:
        for name in sorted(found.records(end)):
            _mutated(name, texts.huge, chance, found, end)
