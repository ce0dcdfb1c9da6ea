"""The files for GitHub, GitLab and Jenkins: valid, and the shell of every step run as it stands."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gates.conftest import GATES, run

ACTION = GATES / "github/actions/preflight/action.yml"
WORKFLOW = GATES / "github/workflows/preflight.yml"
JOB = GATES / "gitlab/preflight.yml"
JENKINSFILE = GATES / "jenkins/Jenkinsfile"
#: An input of the action, where a step takes it into its environment.
INPUT = re.compile(r"\$\{\{ inputs\.(\w+) \}\}")
PLACE = "hosts/kvm1/etc/libvirt/libvirtd.conf"


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        (("vendor.github-workflows",), WORKFLOW),
        (("vendor.github-actions",), ACTION),
        (("vendor.gitlab-ci", "--data-transform", "gitlab-ci"), JOB),
    ],
)
def test_the_file_is_valid(schema: tuple[str, ...], path: Path) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    run([checker, "--builtin-schema", *schema, path])


def test_the_schema_would_refuse_a_wrong_file(tmp_path: Path) -> None:
    wrong = tmp_path / "action.yml"
    wrong.write_text(ACTION.read_text().replace("using: composite", "using: bash"))
    run(
        [Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", "vendor.github-actions", wrong],
        expect=1,
    )


def test_the_workflow_uses_the_action_with_inputs_that_it_has() -> None:
    (job,) = yaml.safe_load(WORKFLOW.read_text())["jobs"].values()
    (step,) = [step for step in job["steps"] if step.get("uses") == "./.github/actions/preflight"]
    inputs = yaml.safe_load(ACTION.read_text())["inputs"]
    assert step["with"].keys() <= inputs.keys()
    assert {name for name, one in inputs.items() if one.get("required")} <= step["with"].keys()


def github(repository: Path, wheel: Path) -> tuple[int, str, Path]:
    """Run the steps of the action as a runner does; return the last exit code, its output, and the summary."""
    action = yaml.safe_load(ACTION.read_text())
    inputs = {name: one.get("default", "") for name, one in action["inputs"].items()}
    (job,) = yaml.safe_load(WORKFLOW.read_text())["jobs"].values()
    inputs |= next(step["with"] for step in job["steps"] if step.get("id") == "preflight") | {"package": str(wheel)}
    home = repository.parent
    paths, summary = home / "path", home / "summary"
    paths.touch()
    summary.touch()
    done = None
    for step in action["runs"]["steps"]:
        assert step["shell"] == "bash"
        own = {name: INPUT.sub(lambda found: inputs[found[1]], value) for name, value in step["env"].items()}
        script = home / "step"
        script.write_text(step["run"])
        assert "${{" not in step["run"], "an expression in a script is an injection"
        found = ":".join([*paths.read_text().splitlines(), "/usr/sbin:/usr/bin:/sbin:/bin"])
        runner = {
            "RUNNER_TEMP": str(home),
            "GITHUB_PATH": str(paths),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_ACTIONS": "true",
            "PATH": found,
        }
        is_last = step is action["runs"]["steps"][-1]
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", script]
        done = run(words, cwd=repository, env=runner | own, expect=None if is_last else 0)
    assert done is not None
    return done.returncode, done.stdout, summary


def test_the_action_lets_sound_files_pass(sound: Path, wheel: Path) -> None:
    code, said, summary = github(sound, wheel)
    assert code == 0, said
    assert summary.read_text().startswith("## READY")
    assert json.loads((sound / "preflight.sarif").read_text())["runs"][0]["results"] == []


def test_the_action_fails_with_an_annotation_of_the_line(faulty: Path, wheel: Path) -> None:
    code, said, summary = github(faulty, wheel)
    assert code == 1
    assert f"::error file={PLACE},line=2,col=15,title=template-not-rendered::" in said
    assert (faulty / PLACE).is_file()
    assert summary.read_text().startswith("## NOT READY")
    (result,) = json.loads((faulty / "preflight.sarif").read_text())["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (PLACE, 2)


def gitlab(repository: Path, wheel: Path) -> int:
    job: dict[str, Any] = yaml.safe_load(JOB.read_text())["preflight"]
    lines = [*job["before_script"], *job["script"]]
    script = "\n".join(lines)
    own = {name: str(value) for name, value in job["variables"].items()} | {"PREFLIGHT_PACKAGE": str(wheel)}
    return run(["bash", "-eo", "pipefail", "-c", script], cwd=repository, env=own, expect=None).returncode


def test_the_job_of_gitlab_passes_and_fails(sound: Path, wheel: Path) -> None:
    job = yaml.safe_load(JOB.read_text())["preflight"]
    reports = job["artifacts"]["reports"]
    assert gitlab(sound, wheel) == 0
    assert json.loads((sound / reports["codequality"]).read_text()) == []
    (sound / PLACE).write_text("max_workers = 0\n")
    assert gitlab(sound, wheel) == 1
    (issue,) = json.loads((sound / reports["codequality"]).read_text())
    assert (issue["check_name"], issue["location"]["path"]) == ("conf-file-invalid", PLACE)
    assert b"<failure" in (sound / reports["junit"]).read_bytes()


def scripts() -> Iterator[str]:
    return (found[1] for found in re.finditer(r"sh '''\n(.*?)'''", JENKINSFILE.read_text(), re.DOTALL))


def test_the_steps_of_jenkins_pass_and_fail(sound: Path, wheel: Path) -> None:
    own = dict(re.findall(r"(\w+) = '([^']*)'", JENKINSFILE.read_text())) | {"PREFLIGHT_PACKAGE": str(wheel)}
    install, lint = scripts()
    run(["sh", "-xec", install], cwd=sound, env=own)
    run(["sh", "-xec", lint], cwd=sound, env=own)
    (sound / PLACE).write_text("max_clients = {{ n }}\n")
    run(["sh", "-xec", lint], cwd=sound, env=own, expect=1)
    assert b"<failure" in (sound / "preflight.xml").read_bytes()
    assert (sound / "preflight.html").is_file()
