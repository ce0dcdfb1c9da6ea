"""An assignment that is being built: where each bundle goes, what is left, and the least time that it can take."""

from preflight.placement.bundles import Bundle
from preflight.placement.model import Model

#: The number of a destination that stands for staying.
STAYS = -1


class Assignment:
    """The destination of each bundle, with the sums that depend on it."""

    def __init__(self, model: Model) -> None:
        self.model = model
        hosts = range(len(model.widths))
        self.to = [STAYS] * len(model.bundles)
        self.left = [list(rooms) for rooms in model.rooms]
        self.taken: list[set[int]] = [set() for _ in hosts]
        self.sent = [0.0 for _ in hosts]
        self.sent_in_all = 0.0
        self.seconds = [0.0 for _ in hosts]
        self.number = [0 for _ in hosts]

    def copy(self, model: Model | None = None) -> "Assignment":
        """Return one that can be changed on its own, in the model or in one with other widths."""
        found = Assignment.__new__(Assignment)
        found.model, found.to, found.sent_in_all = model or self.model, self.to.copy(), self.sent_in_all
        found.left = [left.copy() for left in self.left]
        found.taken = [taken.copy() for taken in self.taken]
        found.sent, found.seconds, found.number = self.sent.copy(), self.seconds.copy(), self.number.copy()
        return found

    @property
    def weight(self) -> int:
        """Return the weight of the bundles that leave."""
        return sum(bundle.weight for bundle, to in zip(self.model.bundles, self.to, strict=True) if to != STAYS)

    def takes(self, number: int, to: int) -> bool:
        """Report whether a bundle that stays may go to a destination."""
        bundle = self.model.bundles[number]
        return to in bundle.allowed and self.fits(bundle, to)

    def fits(self, bundle: Bundle, to: int) -> bool:
        """Report whether a destination has room for a bundle, and none that must be apart from it."""
        if not self.taken[to].isdisjoint(bundle.apart):
            return False
        return all(map(int.__le__, bundle.needs, self.left[to]))

    def put(self, number: int, to: int) -> None:
        """Let a bundle that stays go to a destination."""
        self._count(number, to, 1)
        self.taken[to] |= self.model.bundles[number].apart
        self.to[number] = to

    def take(self, number: int) -> int:
        """Let a bundle stay, and return the destination that it was to go to."""
        to = self.to[number]
        self._count(number, to, -1)
        self.taken[to] -= self.model.bundles[number].apart
        self.to[number] = STAYS
        return to

    def _count(self, number: int, to: int, sign: int) -> None:
        bundle, left = self.model.bundles[number], self.left[to]
        for resource, amount in enumerate(bundle.needs):
            left[resource] -= sign * amount
        self.sent[to] += sign * bundle.sent[to]
        self.sent_in_all += sign * bundle.sent[to]
        self.seconds[to] += sign * bundle.seconds[to]
        self.number[to] += sign * bundle.number[to]

    def least(self, to: int) -> float:
        """Return the seconds below which one destination's guests cannot arrive."""
        if not self.number[to]:
            return 0.0
        apart = self.model.problem.destinations[to].spacing * (self.number[to] - 1)
        return max(self.sent[to] / self.model.speeds[to], self.seconds[to] / self.model.widths[to], apart)

    def least_in_all(self) -> float:
        """Return the seconds below which this assignment cannot be carried out."""
        model = self.model
        number = sum(self.number)
        last = model.problem.source.spacing * (number - 1) + model.shortest if number else 0.0
        on_link = self.sent_in_all / model.links.source + model.first if self.sent_in_all > 0 else 0.0
        of_source = max(on_link, sum(self.seconds) / max(1, model.width), last)
        return max(of_source, *map(self.least, range(len(model.widths)))) if model.widths else 0.0

    def fullness(self, to: int) -> float:
        """Return the share of a destination's scarcest resource that is used, less where its weight is greater."""
        used = (1 - left / room for left, room in zip(self.left[to], self.model.rooms[to], strict=True) if room)
        return max(used, default=0.0) / self.model.problem.destinations[to].weight
