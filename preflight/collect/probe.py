"""`check --probe`: the source connects to a port at which the destination listens for this purpose.

The listener ends with the first connection, at the latest after two seconds, even if preflight is killed.
"""

from msgspec import Struct

from preflight.answers import Answers, Record
from preflight.collect import questions
from preflight.collect.session import LiveVisit, Visit
from preflight.shell_text import ShellText


class Probe(Struct, frozen=True):
    """The port at which the destination listens, and the question to the source that connects to it."""

    port: int
    way: ShellText


def probe(source: Visit, destination: Visit, kept: str, asked: Probe) -> Answers:
    """Return the source's attempt to connect under the name `kept`, or the reason why there was none."""
    if not (isinstance(source, LiveVisit) and isinstance(destination, LiveVisit)):
        record = source.saved().answers.records.get(kept)
        return Answers({}, {kept: "the snapshots do not record a probe"}) if record is None else Answers({kept: record})
    tried = _tried(source, destination, asked)
    return source.add(Answers({}, {kept: tried}) if isinstance(tried, str) else Answers({kept: tried}))


def _tried(source: LiveVisit, destination: LiveVisit, asked: Probe) -> Record | str:
    said = destination.run(questions.LISTENS, first=questions.listen(asked.port))
    words = said.out.splitlines()[-1:]
    if said.code or not words or not words[0].startswith("Listening"):
        why = said.complaint or "".join(words) or f"exit code {said.code}"
        return f"the destination could not listen at port {asked.port}: {why}"
    tried = source.run(asked.way)
    ended = destination.run(questions.UNLISTEN)
    for end, answer in ((source, tried), (destination, ended)):
        if answer.code:
            return f"{end.name} did not say how the probe ended: {answer.complaint or f'exit code {answer.code}'}"
    return Record(f"listener {ended.out.strip()}\n{tried.out}")
