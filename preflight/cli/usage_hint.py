"""What to type instead of a command line that the parser has refused."""

from collections.abc import Collection, Sequence

_RUNS = "`preflight status` lists the runs, and prints the command that resumes one"
#: Words that are no command, and what does what they ask for.
_OTHER_WORDS = {
    "resume": _RUNS,
    "continue": _RUNS,
    "back": "`preflight evacuate --back RECORD` brings guests home; `preflight status` lists the records",
    "abort": "`preflight steer JOURNAL --abort`; `preflight status` lists the journals",
    "apply": "`preflight fix SOURCE DESTINATION --apply`",
    "waive": "`preflight waivers add --help`",
}
#: Arguments, and options that take them, which name a run.
_OF_A_RUN = ("'--resume'", "'--back'", "'JOURNAL'")


def with_hint(said: str, arguments: Sequence[str], commands: Collection[str]) -> str:
    """Return the parser's message about a command line, with what to type instead if the message lacks it."""
    called = arguments[0]
    if called not in commands:
        if said.endswith("?"):  # it suggests a command
            return said
        return _joined(said, _OTHER_WORDS.get(called, "`preflight --help` lists the commands"))
    if said.startswith("Missing argument") or said.endswith("requires an argument."):
        is_run = any(name in said for name in _OF_A_RUN)
        return _joined(said, _RUNS if is_run else f"`preflight {called} --help` shows what it takes")
    return said


def _joined(said: str, hint: str) -> str:
    return f"{said.removesuffix('.')}: {hint}"
