"""The mutants that were tried and those that survived, as recorded, and the reasons of these."""

import tomllib
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.mutation.mutants import Mutant
from tests.mutation.trial import Outcome

RECORDED = Path(__file__).parent / "recorded.json"
#: The reasons why no test should notice a mutant: ["MODULE"] "LINE OF CODE | BEFORE -> AFTER" = "reason".
REASONS = Path(__file__).parent / "reasons.toml"


class Survivor(Struct, frozen=True):
    """A change that no test noticed. `text` is the line of the source in which it begins."""

    module: str
    line: int
    text: str
    before: str
    after: str

    @property
    def key(self) -> str:
        """The name of the change, which stays the same if the line moves or its comment changes."""
        code = self.text.partition("  # ")[0]
        return f"{code} | {short(self.before)} -> {short(self.after)}"


class Trial(Struct, frozen=True):
    """All that was tried of one subject."""

    subject: str
    modules: tuple[str, ...]
    possible: int
    noticed: int
    endless: int
    survivors: tuple[Survivor, ...]
    #: How long the mutants took; 0 if that was not recorded.
    minutes: float = 0

    @property
    def drawn(self) -> int:
        """The number of mutants that were tried."""
        return self.noticed + self.endless + len(self.survivors)


class Recorded(Struct, frozen=True):
    """The trials that were recorded last: the seed they were drawn by, and how many at most of a subject."""

    seed: int
    most: int
    trials: tuple[Trial, ...]

    def trial(self, subject: str) -> Trial:
        """Return the trial of a subject; raises `SystemExit` if it was not tried."""
        found = next((one for one in self.trials if one.subject == subject), None)
        if found is None:
            raise SystemExit(f"{subject}: was not recorded: try all of it")
        return found


def survivor(module: str, mutant: Mutant, text: str) -> Survivor:
    """Return a mutant of a module's text as it is recorded if it survives."""
    line = text.splitlines()[mutant.line - 1].strip()
    return Survivor(module, mutant.line, line, mutant.before, mutant.after)


def trial_of(
    subject: str,
    modules: tuple[str, ...],
    possible: int,
    found: list[tuple[str, Mutant, Outcome]],
    texts: dict[str, str],
) -> Trial:
    """Put together what became of a subject's mutants."""
    survivors = [survivor(module, one, texts[module]) for module, one, became in found if became is Outcome.SURVIVED]
    return Trial(
        subject,
        modules,
        possible,
        sum(became is Outcome.NOTICED for _, _, became in found),
        sum(became is Outcome.ENDLESS for _, _, became in found),
        tuple(sorted(survivors, key=lambda one: (one.module, one.line, one.key))),
    )


def keep(recorded: Recorded) -> None:
    """Write it down."""
    RECORDED.write_bytes(msgspec.json.format(msgspec.json.encode(recorded), indent=1) + b"\n")


def read() -> Recorded | None:
    """Return the last record; None if there is none."""
    return msgspec.json.decode(RECORDED.read_bytes(), type=Recorded) if RECORDED.exists() else None


def reasons() -> dict[str, dict[str, str]]:
    """Return the reasons that are known, by module and by the survivor's key."""
    return tomllib.loads(REASONS.read_text(encoding="utf-8")) if REASONS.exists() else {}


def short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 60 else f"{words[:57]}..."
