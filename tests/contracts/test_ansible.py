"""The Ansible collection and its page: variables that exist, and the list of what may differ from ssh."""

import re
from pathlib import Path

from tests.lab.ansible_fleet import COLLECTIONS, MAY_DIFFER

ROOT = Path(__file__).parents[2]
COLLECTION = COLLECTIONS / "ansible_collections/kvm/preflight"
ROLE = COLLECTION / "roles/collect"
PAGE = (ROOT / "docs/ansible.md").read_text(encoding="utf-8")


def variables(path: Path, indent: str = "") -> set[str]:
    """Return the keys of the role's own prefix at this indent."""
    return set(re.findall(rf"^{indent}(collect_\w+):", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_variable_of_the_role_has_a_default_a_specification_and_a_line_on_the_page() -> None:
    with_default = variables(ROLE / "defaults/main.yml")
    assert with_default == variables(ROLE / "meta/argument_specs.yml", " {6}")
    assert {name for name in with_default if f"`{name}`" in PAGE} == with_default


def test_every_variable_that_a_task_or_the_page_names_exists() -> None:
    tasks = (ROLE / "tasks/main.yml").read_text(encoding="utf-8")
    own = variables(ROLE / "tasks/main.yml", " {8}") | set(re.findall(r"register: (\w+)", tasks))
    known = variables(ROLE / "defaults/main.yml") | own
    playbook = (COLLECTION / "playbooks/collect.yml").read_text(encoding="utf-8")
    named = {name for text in (tasks, playbook, PAGE) for name in re.findall(r"\bcollect_\w+", text)}
    assert named == known
    assert set(re.findall(r"`(preflight_\w+)`", PAGE)) == set(re.findall(r"\bpreflight_\w+", playbook))


def test_the_page_lists_what_may_differ_from_a_collection_over_ssh() -> None:
    table = PAGE[PAGE.index("| Record | Difference |") :]
    rows = [line.split(" | ")[0] for line in table.splitlines()[2:] if line.startswith("|")]
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row)} == MAY_DIFFER.keys()
