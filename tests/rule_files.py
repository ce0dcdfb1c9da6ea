"""Rule files for tests of what loads and runs them: written as a site would write its own."""

import textwrap
from pathlib import Path

from preflight.judge.ruleset import Rule, load

DOCUMENTATION = '''"""A rule of the site's own.

Why it matters
    It does.

How to fix
    By hand.
"""
'''
IMPORTS = """
from preflight.facts import DaemonLimits, Guests, Login, OsRelease, Versions
from preflight.host import Guest, Judged
from preflight.request.applicability import unless_live
from preflight.request.check_request import Migration
from preflight.rule import Findings, Severity, on_destination, on_host, on_source, rule
"""


def write_rule(
    directory: Path, name: str, body: str, *, documentation: str = DOCUMENTATION, topic: str = "site"
) -> Path:
    """Write one rule's file; `body` is what follows the imports."""
    (directory / topic).mkdir(parents=True, exist_ok=True)
    path = directory / topic / f"{name}.py"
    path.write_text(documentation + IMPORTS + textwrap.dedent(body), encoding="utf-8")
    for part in (directory, path.parent, path):
        part.chmod(0o700)
    return path


def load_rule(directory: Path, body: str) -> Rule:
    """Return the rule of that body, loaded among all others."""
    write_rule(directory, "of_our_own", body)
    return next(rule for rule in load((directory,)) if rule.name == "of-our-own")
