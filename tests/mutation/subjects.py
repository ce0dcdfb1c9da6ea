"""What is changed, and the tests that should notice."""

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
        ("tests/migrate/test_settle.py", "tests/migrate/test_interleavings.py"),
    ),
    Subject("evaluate", ("preflight.judge.evaluate",), ("tests/test_evaluate.py",)),
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
        ("tests/test_capacity.py", "tests/test_duration.py"),
    ),
    Subject(
        "plan",
        ("preflight.plan.make", "preflight.plan.width", "preflight.plan.unchanged"),
        ("tests/test_plan.py", "tests/test_unchanged.py"),
    ),
    Subject("scheduler", ("preflight.migrate.scheduler",), ("tests/migrate/test_lanes.py",)),
    # last, since its tests take longest: they look at every state of two hosts
    Subject("decide", ("preflight.migrate.decide",), ("tests/migrate/test_decide.py",)),
)
