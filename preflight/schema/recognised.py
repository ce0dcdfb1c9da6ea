"""Names the documents of preflight that a command was given by mistake, and what reads each."""

from collections.abc import Mapping

from pydantic_core import from_json

#: What a document is, by its first field, and what to do with it.
_FILES: Mapping[str, str] = {
    "preflight_snapshot": "a snapshot: check it with `preflight check`",
    "preflight_plan": "a plan: run it with `preflight migrate`",
    "preflight_journal": "the journal of a run: see `preflight status JOURNAL`",
    "preflight_evacuation": "the record of an evacuation: see `preflight status RECORD`",
    "preflight_obfuscation": "a map of --obfuscate: give it to the command that wrote it",
}
#: The same for what a command prints for programs alone, by its `kind`.
_PRINTED: Mapping[str, str] = {
    "lint": "what `preflight lint --format json` printed: run that again, with --format text",
    "doctor": "what `preflight doctor --format json` printed: run that again, with --format text",
    "hosts": "what --list-hosts printed with --format json: run that again, with --format text",
    "evacuation": "what `preflight status RECORD --format json` printed: see `preflight status RECORD`",
}


def recognised(content: bytes) -> str | None:
    """Return what a document is and what to do with it; None if it is none of these.

    Of a journal, which has a document in each line, the first line counts.
    """
    for text in (content, content.partition(b"\n")[0]):
        try:
            value = from_json(text)
        except ValueError:
            continue
        if isinstance(value, dict):
            names = (said for field, said in _FILES.items() if field in value)
            return next(names, _PRINTED.get(str(value.get("kind"))))
    return None
