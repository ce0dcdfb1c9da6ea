"""The modules that are changed, and the tests that should notice."""

from msgspec import Struct


class Subject(Struct, frozen=True):
    """Modules that are judged together, and the tests that are theirs."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


SUBJECTS = (
    Subject(
        "settle",
        ("preflight.migrate.settle",),
        ("tests/unit/migrate/test_settle.py", "tests/unit/migrate/test_interleavings.py"),
    ),
    Subject(
        "evaluate",
        ("preflight.judge.evaluate",),
        (
            "tests/unit/judge/test_explained_refusals.py",
            "tests/unit/judge/test_arguments.py",
            "tests/unit/judge/test_evaluate.py",
        ),
    ),
    Subject(
        "capacity",
        (
            "preflight.capacity.limit",
            "preflight.capacity.path",
            "preflight.capacity.daemon",
            "preflight.capacity.sshd",
            "preflight.capacity.reader",
            "preflight.capacity.precopy",
        ),
        (
            "tests/unit/capacity/test_precopy.py",
            "tests/unit/capacity/test_facts_of_limits.py",
            "tests/unit/capacity/test_daemon_limits.py",
            "tests/unit/capacity/test_path.py",
        ),
    ),
    Subject(
        "plan",
        ("preflight.plan.make", "preflight.plan.width", "preflight.plan.unchanged"),
        (
            "tests/unit/plan/test_refused.py",
            "tests/unit/plan/test_width.py",
            "tests/unit/plan/test_unchanged.py",
            "tests/unit/plan/test_make.py",
        ),
    ),
    Subject("scheduler", ("preflight.migrate.scheduler",), ("tests/unit/migrate/test_scheduler.py",)),
    Subject(
        "decide",
        ("preflight.migrate.decide",),
        (
            "tests/unit/migrate/test_decide_by_log.py",
            "tests/unit/migrate/test_decide_advice.py",
            "tests/unit/migrate/test_decide.py",
            "tests/unit/migrate/test_every_state.py",
        ),
    ),
)
