"""Plans and journals are run on the machines and for the guests that they were made for, and on no others."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from . import Client, LabHost
from .test_check import DESTINATION, PREFLIGHT, SOURCE
from .test_resume import SLOW, STARTER, is_moving, state, until

pytestmark = pytest.mark.lab

Pair = tuple[LabHost, LabHost]
OTHER = "99999999-9999-4999-8999-999999999999"


def run(client: Client, *words: str) -> tuple[int, str]:
    done = client.run([PREFLIGHT, "migrate", *words, "--yes"])
    return done.returncode, done.stderr


def change(path: Path, **fields: Any) -> None:
    lines = path.read_text().splitlines(keepends=True)
    is_journal = "preflight_journal" in lines[0]
    document = json.loads(lines[0] if is_journal else "".join(lines))
    plan = document["plan"] if is_journal else document
    plan |= fields
    path.write_text("".join([json.dumps(document) + "\n", *(lines[1:] if is_journal else [])]))


def test_a_plan_is_run_on_its_own_machines_and_for_its_own_guests_alone(
    client: Client, pair: Pair, tmp_path: Path
) -> None:
    host1, host2 = pair
    host1.guest("web", memory_mib=64)
    host1.guest("db", memory_mib=64)
    path = tmp_path / "evening.plan"
    assert client.run([PREFLIGHT, "plan", SOURCE, DESTINATION, "web", "-o", str(path)]).returncode == 0
    made = json.loads(path.read_text())
    (web,) = made["guests"]
    db = host1.run("virsh", "domuuid", "db").stdout.strip()
    for end in ("source_identity", "destination_identity"):
        change(path, **{end: made[end] | {"uuid": OTHER}})
        code, said = run(client, str(path))
        assert (code, "is not the" in said, OTHER in said) == (5, True, True), said
        change(path, **{end: made[end] | {"machine_id": "0" * 32}})
        assert run(client, str(path))[0] == 5
        change(path, **{end: made[end]})
    change(path, guests=[web | {"uuid": db}])
    code, said = run(client, str(path))
    refusal = f"web is not the guest that was checked: uuid is {db} in the plan; check again, and make a new plan"
    assert (code, said) == (5, f"preflight: refused: {refusal}\n")
    assert (state(host1, "web"), state(host1, "db"), state(host2, "web"), state(host2, "db")) == (
        "running",
        "running",
        "",
        "",
    )
    change(path, guests=[web])
    assert run(client, str(path))[0] == 0
    assert (state(host1, "db"), state(host2, "web")) == ("running", "running")


def test_a_run_is_gone_on_with_on_its_own_machines_alone_and_says_what_it_will_do(
    client: Client, pair: Pair, tmp_path: Path
) -> None:
    host1, host2 = pair
    host1.guest("web", memory_mib=256, fill=True)
    journal = tmp_path / "j"
    words = [PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes", "--journal", str(journal), *SLOW]
    moving = client.popen([*words, "--p2p"], stdout=-3, stderr=-3)
    until(lambda: is_moving(host1))
    host1.run("pkill", "-9", "-f", STARTER)  # it would start the guest
    moving.kill()  # peer-to-peer goes on without it
    moving.wait()
    until(lambda: state(host1, "web") == "" and state(host2, "web") == "paused")
    identity = json.loads(journal.read_text().splitlines()[0])["plan"]["destination_identity"]
    change(journal, destination_identity=identity | {"uuid": OTHER})
    before = journal.read_text()
    code, said = run(client, "--resume", str(journal))
    assert (code, OTHER in said) == (5, True), said
    assert (journal.read_text(), state(host2, "web")) == (before, "paused")
    change(journal, destination_identity=identity)
    asked = client.run([PREFLIGHT, "migrate", "--resume", str(journal)])
    assert (asked.returncode, state(host2, "web")) == (5, "paused")
    assert "what will be done, by what the hosts say now:\n  web: start on the destination" in asked.stderr
    assert asked.stderr.endswith(
        "preflight: refused: there is no terminal on which to ask for confirmation; use --yes\n"
    )
    began = time.monotonic()
    code, said = run(client, "--resume", str(journal))
    assert (code, state(host2, "web")) == (0, "running"), said
    assert time.monotonic() - began < 60
