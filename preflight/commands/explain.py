"""`preflight explain`: a rule by its name, or error messages by the rules that declare them. It contacts no host."""

import re
import sys
from typing import BinaryIO

from preflight.errors import UserError
from preflight.judge.explain import explain, messages
from preflight.judge.ruleset import find
from preflight.judge.site import rules_of
from preflight.output.formats import render
from preflight.rehearse.report import RULES as OF_REHEARSALS
from preflight.request.check_request import Site
from preflight.stdio import deliver, say_waiting
from preflight.units import KIB

#: Of an input the end is kept, where the errors stand: a long migration writes its progress before them.
LONGEST = 64 * KIB
#: Exit code when a message is not explained.
UNKNOWN = 3

#: The form of a rule's name. Any other text is a message.
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def of(what: str, site: Site) -> int:
    """Explain a rule, a message, or for "-" the messages of standard input; raises `UserError`."""
    if _NAME.fullmatch(what):
        own = next((rule for rule in OF_REHEARSALS if rule.name == what), None)
        deliver(render("rule", "text", own or find(rules_of(site), what)))
        return 0
    if not what.strip():
        raise UserError("there is no message to explain; see `preflight explain --help`")
    if what != "-":
        return _of_messages((_end(what.encode("utf-8", "surrogateescape")),))
    if sys.stdin.isatty():
        say_waiting("messages; Ctrl-D ends them")
    return _of_messages(tuple(dict.fromkeys(messages(read(sys.stdin.buffer)))))


def _of_messages(said: tuple[str, ...]) -> int:
    explained = tuple(explain(message) for message in said)
    deliver(render("explanation", "text", explained))
    return 0 if all(one.candidates for one in explained) else UNKNOWN


def read(stream: BinaryIO) -> str:
    """Read a stream to its end, so that what writes there is not stopped in the middle, and return its last part."""
    kept = b""
    size = 0
    while piece := stream.read(LONGEST):
        size += len(piece)
        kept = (kept + piece)[-LONGEST - 1 :]
    return _end(kept)


def _end(said: bytes) -> str:
    if len(said) > LONGEST:
        print(f"preflight: only the last {LONGEST // KIB} KiB of the input are explained", file=sys.stderr)
    return said[-LONGEST:].decode("utf-8", "replace")
