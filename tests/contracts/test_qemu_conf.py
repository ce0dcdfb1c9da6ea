"""Every key of libvirt's qemu.conf has a rule or a reason, and the rules read it."""

from pathlib import Path

import pytest

from preflight.facts.daemon import QemuConf, guest_settings
from preflight.judge.ruleset import load
from tools.qemu_conf import RELEASE, covered

ROOT = Path(__file__).parents[2]
LISTED = Path(__file__).with_name("qemu_conf_keys.txt").read_text(encoding="utf-8")
KEYS = {line for line in LISTED.splitlines() if line and not line.startswith("#")}
READ, REASONS = covered()
#: Keys that a fact or a rule reads: those of guests, those of the migration, and those that libvirt reports in effect.
FACTS = {*guest_settings.KEYS, *QemuConf.__struct_fields__}.union(
    ("dynamic_ownership", "hugetlbfs_mount", "security_require_confined"), ("security_driver", "user", "group")
)


def test_the_list_is_of_the_release_that_the_page_names() -> None:
    assert f"in libvirt {RELEASE} " in LISTED
    assert len(KEYS) > 100


def test_every_key_has_a_rule_or_a_reason() -> None:
    assert sorted(KEYS - {*READ, *REASONS}) == []
    assert sorted({*READ, *REASONS} - KEYS) == []
    assert sorted(READ.keys() & REASONS.keys()) == []


def test_every_rule_exists() -> None:
    known = {rule.name for rule in load()}
    assert sorted({name for names in READ.values() for name in names} - known) == []


def test_a_fact_reads_every_key_that_has_a_rule() -> None:
    assert sorted(READ.keys() - FACTS) == []


@pytest.mark.parametrize("key", sorted(READ))
def test_the_pages_of_its_rules_name_the_key(key: str) -> None:
    pages = "".join((ROOT / "docs" / "rules" / f"{name}.md").read_text(encoding="utf-8") for name in READ[key])
    assert key in pages or key.replace("_", "-") in pages
