"""Sets of CPUs or NUMA nodes as the kernel and libvirt write them: "0-3,8", and in libvirt also "0-7,^2"."""

from preflight.facts.fact import Unreadable

#: More than any kernel supports (CONFIG_NR_CPUS, 8192), so that a few characters cannot expand to gigabytes.
_MOST = 65536


def number_set(text: str) -> frozenset[int]:
    """Return the numbers that the text lists; raises `Unreadable` on other text."""
    found: set[int] = set()
    for part in filter(None, (one.strip() for one in text.strip().split(","))):
        first, dash, last = part.removeprefix("^").partition("-")
        if not all(one.isascii() and one.isdigit() and len(one) < 6 for one in (first, last if dash else first)):
            raise Unreadable(f"{text[:80]!r} is not a list of numbers")
        numbers = range(int(first), int(last if dash else first) + 1)
        if numbers and numbers[-1] >= _MOST:
            raise Unreadable(f"{text[:80]!r} is out of range")
        if part.startswith("^"):
            found.difference_update(numbers)
        else:
            found.update(numbers)
    return frozenset(found)


def listed(numbers: frozenset[int]) -> str:
    """Format the numbers for a person, as "0-3, 8"."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)
