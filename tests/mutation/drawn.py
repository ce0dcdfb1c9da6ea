"""Draws a subject's mutants by a seed, and tries them."""

import random

from tests.mutation.mutants import Mutant, mutants
from tests.mutation.record import Trial, trial_of
from tests.mutation.subjects import Subject
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

    def tell(module: str, mutant: Mutant, became: Outcome) -> None:
        line = texts[module].splitlines()[mutant.line - 1].strip()
        print(f"{became.value:<9} {module}:{mutant.line}: {line}   [{mutant.after}]", flush=True)

    found = list(try_all(subject, drawn, texts, at_once=at_once, until=until, told=tell))
    return trial_of(subject.name, subject.modules, possible, found, texts)
