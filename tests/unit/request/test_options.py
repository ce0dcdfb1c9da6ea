"""Each option is declared completely: everything that follows from the declaration works for every option."""

import subprocess
import sys

import pytest

from preflight.cli.options import parameters
from preflight.facts.libvirt.flags_since import KNOWN
from preflight.request.method import Method
from preflight.request.options import Group, Told, all_told, declared, default_of
from tests.lab.flags.trials import RELEASES, automatic


def test_a_method_has_a_field_for_each_and_nothing_else() -> None:
    assert list(Method.__struct_fields__) == list(declared())
    assert Method().told.keys() == {"live"}
    assert all(getattr(Method(), name) == default_of(name) for name in declared())


def test_each_says_what_it_is() -> None:
    for name, option in declared().items():
        texts = [one.help for one in option.switches] or [option.help]
        assert all(text.endswith(".") for text in texts), name
        assert option.group in Group, name


@pytest.mark.parametrize(("name", "told"), all_told().items())
def test_a_host_is_asked_about_each_that_some_release_lacks(name: str, told: Told) -> None:
    assert (name in KNOWN) is (told.since is not None)
    if told.since is not None:
        assert str(KNOWN[name].libvirt).startswith(".".join(map(str, told.since)))
    if told.lost is not None:
        assert told.lost > told.qemu


@pytest.mark.parametrize(("name", "told"), [one for one in all_told().items() if one[1].flags or one[1].parameter])
def test_each_can_be_tried_in_the_lab_without_a_word_more(name: str, told: Told) -> None:
    trial = automatic(name, told)
    assert f"--{name}" in trial.asked or name == "live"
    assert trial.code == (0 if (told.since or ()) <= max(RELEASES.values()) else 5)
    assert name in trial.proofs


def test_help_needs_nothing_of_what_holds_values() -> None:
    heavy = "{'msgspec', 'libvirt', 'preflight.facts'} & set(sys.modules)"
    code = f"import sys, preflight.cli.options; sys.exit(bool({heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert len(parameters()) >= len(declared())
