"""Strategies for texts that several parsers are given."""

from hypothesis import strategies as st

#: What a host may send in any place: what steers a terminal, ends lines, is wide, combines, or is no character.
STRANGE = "\x00\x07\x1b\x1f\x7f\x85\x9b\t\r\v\f\u00ad\u0301\u200d\u200f\u2028\u202e\u2066東😀e\ud800"


def words_of(vocabulary: tuple[str, ...], *, most: int = 40) -> st.SearchStrategy[str]:
    """Texts of a format's own words in any order, with some of any characters between them."""
    return st.lists(st.one_of(st.sampled_from(vocabulary), st.text(max_size=4)), max_size=most).map("".join)


@st.composite
def broken(draw: st.DrawFn, good: str) -> str:
    """Return a good text with up to three places of it cut out, written twice, or replaced."""
    text = good
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        put = draw(st.one_of(st.just(""), st.just(text[start:end] * 2), st.text(max_size=6), st.sampled_from(STRANGE)))
        text = text[:start] + put + text[end:]
    return text
