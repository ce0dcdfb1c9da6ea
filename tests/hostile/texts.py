"""Texts that a host might say to harm who reads them: on a terminal, in a shell, in a template, in a parser."""

from collections.abc import Callable
from random import Random

from tests.hostile.demands import FORGED

#: What steers a terminal: colours, its title, the clipboard (OSC 52), eight-bit controls, directions of text.
ESCAPES = (
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[H",
    "\x1b]0;title\x07",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1bP$q\x1b\\",
    "\x9b31m\x9d0;title\x9c",
    "\u202egnp.exe\u202c\u2066\u2069\u200f\u061c",
    "\u2028second line\u2029third line",
    "\r\x1b[Kover\b\b\b\b\x7f",
    "\x00\x01\x02\x1f",
)
#: Lines that look like those of the report's own end.
VERDICTS = tuple(
    f"\n{word}  {FORGED}: 1 rule passed\n" for word in ("READY", "NOT READY", "UNDETERMINED", "ARRIVED", "NOT ARRIVED")
)
#: Names that are such a line without a line's end, which libvirt allows.
NAMES = (f"READY  {FORGED}: 1 rule passed", f"ARRIVED  {FORGED}: 1 of 1 guest")
#: What a shell, a template or a path would take for more than text. `/tmp/pwned` must never come to be.
WORDS = (
    *NAMES,
    "x;do(:);done;touch /tmp/pwned;for n in y",
    "$(touch /tmp/pwned)",
    "`touch /tmp/pwned`",
    "'; touch /tmp/pwned; '",
    '"; touch /tmp/pwned; "',
    "a\ntouch /tmp/pwned\n",
    "host2\n198.51.100.66 github.com",
    "{{ lookup('pipe', 'touch /tmp/pwned') }}",
    "{% for x in y %}{# #}",
    "-oProxyCommand=touch /tmp/pwned",
    "--help",
    "../../../../etc/shadow",
    "%n%s%x%1$s",
    "%(name)s {0} {name.__class__}",
    "${HOME}\\x41\\u0041\\",
    "-1",
    "",
    " ",
    ".",
    "a" * 300,
    "é" * 130,
    "\ud83d\udca9" * 3,
    "\ud800",
    "\\xff\\xfe",
    "127.0.0.1",
    "localhost",
    "::",
    "fe80::1%eth0;touch /tmp/pwned",
    "1.2.3.4/33",
    "999999999999999999999999",
    "qemu+ssh://h/system?command=/tmp/evil",
)
#: Numbers that are none, or that no machine has.
NUMBERS = (
    "-1",
    "0",
    "1e999",
    "nan",
    "inf",
    "-0",
    "0x10",
    "07",
    "1_000",
    "\u0663",
    "4294967296",
    "18446744073709551616",
    "9" * 30,
    "9" * 5000,
    "-" + "9" * 400,
    "1" + "0" * 309,
    "1.5",
    "",
    " ",
    "+5",
    "1,5",
    "5 5",
    "\uff11\uff12",
)

Mutation = Callable[[Random, str], str]


def escaped(chance: Random, text: str) -> str:
    """Return the text with escapes and forged verdicts at many places."""
    parts = _pieces(chance, text, 12)
    return "".join(part + chance.choice(ESCAPES + VERDICTS) for part in parts)


def worded(chance: Random, text: str) -> str:
    """Return the text with some of its words replaced by what a shell or a template would run."""
    words = text.split(" ")
    for _ in range(min(8, len(words))):
        words[chance.randrange(len(words))] = chance.choice(WORDS)
    return " ".join(words)


def cut(chance: Random, text: str) -> str:
    """Return the beginning of the text, as a connection that broke leaves it."""
    return text[: chance.randrange(len(text) or 1)]


def noisy(chance: Random, text: str) -> str:
    """Return the text with some characters exchanged for others."""
    made = list(text)
    for _ in range(1 + len(made) // 40):
        made.insert(chance.randrange(len(made) + 1), chr(chance.choice((chance.randrange(0x250), *range(33, 64)))))
        del made[chance.randrange(len(made))]
    return "".join(made)


def numbered(chance: Random, text: str) -> str:
    """Return the text with impossible numbers in place of its own."""
    words = [chance.choice(NUMBERS) if word.strip('",:;{}()[]').isdigit() else word for word in text.split(" ")]
    return " ".join(words)


def shuffled(chance: Random, text: str) -> str:
    """Return the lines of the text in another order, some of them gone."""
    lines = text.splitlines()
    chance.shuffle(lines)
    return "\n".join(lines[: 1 + len(lines) * 3 // 4])


def doubled(chance: Random, text: str) -> str:
    """Return the text twice, or many times."""
    return text * chance.choice((2, 2, 3, 30)) if len(text) < 20_000 else text * 2


def nulls(chance: Random, text: str) -> str:
    """Return the text with NULs, lone surrogates and halves of escapes."""
    return "".join(
        part + chance.choice(("\0", "\ud800", "\\x", "\\xff", "\\", "\udcff")) for part in _pieces(chance, text, 9)
    )


def one_long_line(chance: Random, text: str) -> str:
    """Return the text as one line of a mebibyte."""
    return (text.replace("\n", " ") or "x") * (1 + chance.choice((200_000, 1_000_000)) // (len(text) + 1))


def many_lines(chance: Random, text: str) -> str:
    """Return the lines of the text over and over, a mebibyte of them."""
    return ((text or "x") + "\n") * (1 + chance.choice((200_000, 1_000_000)) // (len(text) + 1))


def huge(chance: Random, text: str) -> str:
    """Return the text, and behind it as much as a record can hold (8 MiB)."""
    filler = chance.choice(("x", "x ", "\n", "1\n", '"', "[", "password", "<a>", "\\", "é"))
    return text + filler * ((8 * 1024 * 1024 - len(text.encode("utf-8", "surrogatepass"))) // len(filler.encode()))


def brackets(chance: Random, text: str) -> str:
    """Brackets that are opened a hundred thousand times and never closed, behind the text's first word."""
    return text.partition(" ")[0] + " " + chance.choice("[({<\"'") * 100_000


MUTATIONS: dict[str, Mutation] = {
    one.__name__: one
    for one in (
        escaped,
        worded,
        cut,
        noisy,
        numbered,
        shuffled,
        doubled,
        nulls,
        one_long_line,
        many_lines,
        brackets,
    )
}


def _pieces(chance: Random, text: str, count: int) -> list[str]:
    places = sorted(chance.randrange(len(text) + 1) for _ in range(count))
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
