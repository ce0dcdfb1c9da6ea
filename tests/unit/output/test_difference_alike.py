"""Changed results that say the same are one: a host that is down is not said once for each rule and guest."""

from preflight.fleet.difference import ChangedResult, ChangedVerdict, Difference, Effect, Side
from preflight.judge.report import Verdict
from preflight.output.formats import render

SIDE = Side("x.json", ("host1", "host2"), None)
DOWN, FULL = "libvirt could not be queried", "/srv/web.raw does not exist on the destination"


def unknown(rule: str, subject: str, effect: Effect = Effect.WORSE) -> ChangedResult:
    was, now = ("unknown", "passed") if effect is Effect.BETTER else ("passed", "unknown")
    return ChangedResult(rule, subject, "error", was, now, effect, DOWN, ("it stopped",))


def failed(rule: str, subject: str) -> ChangedResult:
    return ChangedResult(rule, subject, "error", "passed", "failed", Effect.WORSE, FULL)


def said(*results: ChangedResult, form: str = "text", guests: tuple[ChangedVerdict, ...] = ()) -> str:
    verdict = ChangedVerdict(None, Verdict.READY, Verdict.NOT_READY)
    return render("difference", form, Difference(SIDE, SIDE, "reports", (), verdict, guests, results))


def test_an_unknown_is_said_once_with_the_rules_and_guests_that_it_leaves_open() -> None:
    three = (unknown("kvm-missing", "guest a"), unknown("kvm-missing", "guest b"), unknown("same-host", "pair"))
    text = f"  unknown: {DOWN}\n    left open: kvm-missing (guests a, b), same-host\n    because: it stopped\n"
    assert text in said(*three)
    assert said(*three).count(DOWN) == 1
    for form in ("markdown", "html"):
        assert said(*three, form=form).count(DOWN) == 1
        assert "left open: kvm-missing (guests a, b), same-host" in said(*three, form=form)


def test_an_unknown_of_one_rule_has_it_in_the_headline() -> None:
    text = said(unknown("kvm-missing", "guest a"), unknown("kvm-missing", "guest b"))
    assert f"  unknown: {DOWN} (guests a, b)  [kvm-missing]\n    because: it stopped\n" in text


def test_what_is_resolved_is_no_longer_open() -> None:
    better = [unknown(rule, "pair", Effect.BETTER) for rule in ("same-host", "mtu-differs")]
    assert f"resolved unknown: {DOWN}\n    no longer open: mtu-differs, same-host\n" in said(*better)


def test_findings_of_two_rules_and_other_explanations_stay_apart() -> None:
    assert said(failed("one", "guest a"), failed("two", "guest a")).count(FULL) == 2
    other = ChangedResult("two", "pair", "error", "passed", "unknown", Effect.WORSE, DOWN, ("a cable",))
    assert said(unknown("one", "pair"), other).count(DOWN) == 2


def test_guests_whose_verdict_changed_alike_share_a_line() -> None:
    guests = (*(ChangedVerdict(name, Verdict.READY, Verdict.NOT_READY) for name in ("a", "B")),
              ChangedVerdict("c", Verdict.NOT_READY, Verdict.READY))  # fmt: skip
    assert "\nguests a, B: READY -> NOT READY (worse)\nguest c: NOT READY -> READY (better)\n" in said(guests=guests)
    assert "- Guests a, B: READY" in said(guests=guests, form="markdown")
    assert "<dt>Guests a, B</dt>" in said(guests=guests, form="html")
