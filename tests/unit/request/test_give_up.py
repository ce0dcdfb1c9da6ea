"""The forms of `--give-up-after`."""

import pytest

from preflight.errors import UserError
from preflight.request.give_up import Patience, patience_of


@pytest.mark.parametrize(
    ("text", "means", "said"),
    [
        ("20 passes", Patience(passes=20), "20 passes in a row without progress"),
        ("20", Patience(passes=20), "20 passes in a row without progress"),
        ("1pass", Patience(passes=1), "1 pass in a row without progress"),
        ("90s", Patience(seconds=90), "90 s without progress"),
        (" 10m ", Patience(seconds=600), "10 min without progress"),
        ("600 s", Patience(seconds=600), "10 min without progress"),
        ("2h", Patience(seconds=7200), "2 h without progress"),
    ],
)
def test_passes_and_times(text: str, means: Patience, said: str) -> None:
    assert patience_of(text) == means
    assert str(patience_of(text)) == said


@pytest.mark.parametrize(
    "text", ["", "0", "0s", "-1", "1.5", "ten", "10 M", "300h", "1000001", "99999999", "٢٠", "5\n5"]
)
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UserError, match=r"^--give-up-after: .* is neither a number of passes"):
        patience_of(text)
