"""`preflight explain` names the right rule for what libvirt said in the lab, with any names and numbers in it."""

from functools import partial

import pytest

from preflight.judge.explain import declared, explain
from preflight.judge.forms import VARIES, Form
from preflight.judge.ruleset import load
from tests.golden.explained import MISSED, figures, masked, named, recorded, varied
from tests.lab.truth.record import RECORDED, read

SEEDS = (0, 1, 2, 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rows_rule_is_named_first_or_with_the_rules_that_share_its_message(seed: int) -> None:
    counted = figures(named(partial(varied, seed=seed)))
    print(f"varied by {seed}: {counted}")
    assert counted.messages > 350
    assert counted.among >= 0.95 * counted.messages
    assert counted.unshared_first >= 0.95 * counted.unshared


@pytest.mark.parametrize("seed", SEEDS)
def test_few_messages_are_shared_and_for_those_the_first_is_hardly_worse_than_the_best_guess(seed: int) -> None:
    # a closed port, a wrong address and a rate are all "Connection refused"
    counted = figures(named(partial(varied, seed=seed)))
    assert counted.unshared >= 0.68 * counted.messages
    assert counted.first >= 0.92 * counted.possible


def test_the_rows_of_which_the_rule_is_not_named_are_known_with_the_reason() -> None:
    assert {one.row for one in named() if not one.is_among_first} == MISSED.keys()


def test_messages_are_varied() -> None:
    assert len(recorded()) > 350
    same = [message for _, _, message in recorded() if varied(message, 1) == message]
    # fixed text of libvirt's, with neither a name nor a number
    assert all(masked(message) == message for message in same)
    assert len(same) < 0.3 * len(recorded())
    assert varied("domain 'web' on 'web'", 1) != varied("domain 'web' on 'web'", 2)


def test_every_error_that_was_predicted_in_the_lab_is_declared_by_a_rule_that_predicted_it() -> None:
    forms = {one.rule.name: one.forms for one in declared()}
    quoting = "destination-refuses-definition"  # what libvirt says when it is asked, whatever that is
    undeclared = set()
    for path in RECORDED.glob("*/*.json.gz"):
        kept = read(str(path.relative_to(RECORDED)).removesuffix(".json.gz"))
        assert kept is not None
        for rule, predicted in kept[0].errors:
            if predicted is None or rule == quoting:
                continue
            # a name, a path or "Permission denied" alone is in messages of many causes
            if not Form.parse(masked(predicted).replace("*", VARIES)).is_telling:
                continue
            # libvirt-unreachable repeats the error of a connection, and the cause has a separate rule
            by = [form for one, text in kept[0].errors if text == predicted for form in forms.get(one, ())]
            if not any(form.find(predicted) or form.overlap(predicted) for form in by):
                undeclared.add((path.name, predicted))
    assert undeclared == set()


def test_a_rule_is_found_by_each_error_that_it_declares() -> None:
    lost = [
        (one.rule.name, str(form))
        for one in declared()
        for form in one.forms
        if one.rule.name not in {each.rule.name for each in explain(f"error: {form}").candidates}
    ]
    assert lost == []
    assert len(declared()) >= 0.6 * len(load())
