"""Draws a subject's mutants by a seed, and tries them."""

import random
from collections.abc import Callable

from msgspec.structs import replace

from tests.mutation.mutants import Mutant, mutants
from tests.mutation.record import Recorded, Trial, survivor, trial_of
from tests.mutation.subjects import SUBJECTS, Subject
from tests.mutation.trial import Outcome, path_of, try_all, warm_up


def draw(subject: Subject, seed: int, most: int) -> tuple[int, list[tuple[str, Mutant]], dict[str, str]]:
    """Return how many mutants there are, those that the seed draws, and the texts of the modules."""
    texts = {module: path_of(module).read_text(encoding="utf-8") for module in subject.modules}
    possible = [(module, mutant) for module, text in texts.items() for mutant in mutants(text)]
    drawn = random.Random(f"{seed} {subject.name}").sample(possible, min(most, len(possible)))
    return len(possible), drawn, texts


def try_drawn(subject: Subject, seed: int, most: int, at_once: int, until: float) -> Trial:
    """Try the mutants that the seed draws, until a moment of `time.monotonic`, and say of each what became of it."""
    possible, drawn, texts = draw(subject, seed, most)
    warm_up(subject)
    found = list(try_all(subject, drawn, texts, at_once=at_once, until=until, told=_teller(texts)))
    return trial_of(subject.name, subject.modules, possible, found, texts)


def try_survivors(subject: Subject, before: Recorded, at_once: int, until: float) -> Trial:
    """Try only the mutants that survived the last time, for tests that were added since.

    One that is not tried by `until` still counts as a survivor. Raises `SystemExit` if the code has changed since.
    """
    last = before.trial(subject.name)
    if not is_of_this_code(last, before):
        raise SystemExit(f"{subject.name}: the code has changed since it was recorded: try all of it")
    possible, drawn, texts = draw(subject, before.seed, before.most)
    survived = [(module, one) for module, one in drawn if survivor(module, one, texts[module]) in last.survivors]
    warm_up(subject)
    tried = list(try_all(subject, survived, texts, at_once=at_once, until=until, told=_teller(texts)))
    untried = [(module, one, Outcome.SURVIVED) for module, one in survived[len(tried) :]]
    now = trial_of(subject.name, subject.modules, possible, [*tried, *untried], texts)
    endless = last.endless + now.endless
    noticed = last.drawn - endless - len(now.survivors)
    return replace(now, endless=endless, noticed=noticed, minutes=last.minutes)


def is_of_this_code(trial: Trial, recorded: Recorded) -> bool:
    """Report whether the code still has as many mutants as when they were tried, and those that survived among them."""
    subject = next(one for one in SUBJECTS if one.name == trial.subject)
    possible, drawn, texts = draw(subject, recorded.seed, recorded.most)
    found = {survivor(module, one, texts[module]) for module, one in drawn}
    return possible == trial.possible and found.issuperset(trial.survivors)


def _teller(texts: dict[str, str]) -> Callable[[str, Mutant, Outcome], None]:
    def tell(module: str, mutant: Mutant, became: Outcome) -> None:
        line = texts[module].splitlines()[mutant.line - 1].strip()
        print(f"{became.value:<9} {module}:{mutant.line}: {line}   [{mutant.after}]", flush=True)

    return tell
