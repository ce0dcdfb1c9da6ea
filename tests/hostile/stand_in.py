"""The program that stands in for `ssh`: a host that has logged us in and then answers as its kind of attacker would.

It is started by preflight as ssh is, has read the session's token in what it is sent, as any host can, and knows the
questions as they come. Its first argument is a file that says in JSON what each host is, and where its honest answers
lie: libvirt starts its ssh with an environment of its own. It imports nothing but Python's own library, and is run by
`python -I -S`.
"""

import json
import os
import random
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import NoReturn, TypeVar

T = TypeVar("T")

OUT, ERR = 1, 2
ANSI = b"\x1b]0;title\x07\x1b[2J\x1b[31mREADY  forged-by-a-host\x1b[0m\x9b31m\xe2\x80\xae\r\n"
MIB = 1024 * 1024


class Session:
    """The shell session: its token, and its questions in the order in which they come."""

    def __init__(self, answers: dict[str, list[object]]) -> None:
        self.answers = answers
        self.buffer = b""
        self.token = b""
        while not self.token:
            self.more()
            if found := re.search(rb"\b[0-9a-f]{32}\b", self.buffer):
                self.token = found[0]
        while b"emit hello" not in self.buffer:
            self.more()

    def more(self) -> None:
        """Read on; ends with preflight."""
        if not (read := os.read(0, 65536)):
            sys.exit(0)
        self.buffer += read

    def questions(self) -> Iterator[bytes]:
        """Yield the records that are asked for, "hello" first, as long as preflight asks."""
        while True:
            while found := re.search(rb"(?m)^emit (\S+) .*?\n", self.buffer):
                self.buffer = self.buffer[found.end() :]
                yield found[1]
            self.more()

    def honest(self, name: bytes) -> bytes:
        """Return the record as a sound host gives it."""
        text, code, err = self.answers.get(name.decode("utf-8", "replace"), ["", 0, ""])
        return self.record(name, str(text).encode("utf-8", "replace"), str(code).encode(), str(err).encode())

    def record(self, name: bytes, text: bytes, code: bytes = b"0", err: bytes = b"") -> bytes:
        """Return a record as the session's own function would print it."""
        return b"%s\n%s %s %s\n%s\n%s\n" % (text, self.token, name, code, err, self.token)


def put(data: bytes, where: int = OUT) -> None:
    """Write all of it; exit if nothing reads it any more."""
    while data:
        data = data[os.write(where, data) :]


def forever(data: bytes, where: int = OUT, pause: float = 0.0) -> NoReturn:
    """Write the same without an end."""
    while True:
        put(data, where)
        time.sleep(pause)


def each(session: Session, make: Callable[[bytes], bytes]) -> None:
    """Say hello, and then answer each question with what `make` gives for its name."""
    for name in session.questions():
        put(session.honest(name) if name == b"hello" else make(name))


def after_hello(session: Session, then: Callable[[], object]) -> None:
    """Say hello, and then do something else than to answer."""
    next(session.questions())
    put(session.honest(b"hello"))
    then()


def silent() -> NoReturn:
    """Say no more, and stay."""
    while True:
        time.sleep(3600)


def unanswering() -> NoReturn:
    """Take what is sent and say nothing; ends with who sends, as ssh does."""
    while os.read(0, 65536):
        pass
    sys.exit(255)


def leave() -> NoReturn:
    """End as ssh does when its connection fails."""
    sys.exit(255)


def put_and(then: Callable[[], T], data: bytes, where: int = OUT) -> T:
    """Write, and then do more."""
    put(data, where)
    return then()


def after_a_second(data: bytes) -> bytes:
    """Return the data, a second later."""
    time.sleep(1)
    return data


def closing(*descriptors: int) -> NoReturn:
    """Close what preflight reads, and stay."""
    for descriptor in descriptors:
        os.close(descriptor)
    silent()


def deaf(session: Session) -> None:
    """Hear no signal that can be ignored."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    after_hello(session, silent)


def orphan(session: Session) -> None:
    """Leave a child that holds the pipes open for as long as preflight is there, and hears nothing."""
    preflight = os.getppid()
    next(session.questions())
    put(session.honest(b"hello"))
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        while os.path.exists(f"/proc/{preflight}"):  # noqa: PTH110 - pathlib takes as long to load as all else
            time.sleep(0.1)


def reversed_order(session: Session) -> None:
    """Hold the questions back for a second, and answer them in reverse order."""
    held: list[bytes] = []
    began = time.monotonic()
    for name in session.questions():
        held.append(name)
        if name == b"hello" or time.monotonic() - began > 1 or len(held) > 20:
            put(b"".join(session.honest(one) for one in reversed(held)))
            held, began = [], time.monotonic()


def early(session: Session) -> None:
    """Answer questions that were not asked yet, and then all of them again, differently."""
    for name in session.answers:
        put(session.honest(name.encode()))
    each(session, lambda name: session.record(name, b"other"))


def hostile_text(session: Session, words: list[str]) -> None:
    """Answer with a sound host's texts, of which some words are what a shell or a terminal would act on."""
    chance = random.Random(1)

    def make(name: bytes) -> bytes:
        text = str(session.answers.get(name.decode("utf-8", "replace"), ["x y z"])[0]).split(" ")
        for _ in range(min(9, len(text))):
            text[chance.randrange(len(text))] = chance.choice(words)
        return session.record(
            name, " ".join(text).encode("utf-8", "replace"), b"0", chance.choice(words).encode("utf-8", "replace")
        )

    each(session, make)


def announces(session: Session, name: str) -> None:
    """A sound host, but for the name by which it says it is reached."""
    session.answers |= {
        "kernel.hostname": [name + "\n", 0, ""],
        "qemu.conf": [f'migration_host = "{name}"\n', 0, ""],
        "etc.hosts": [f"192.0.2.12 {name}\n", 0, ""],
    }
    each(session, session.honest)


def drip(session: Session) -> None:
    """Answer a byte a second."""
    for name in session.questions():
        for byte in session.honest(name):
            put(bytes((byte,)))
            if name != b"hello":
                time.sleep(1)


#: What a host does, by the name of its kind; those of libvirt's own ssh are in `of_libvirt`.
KINDS: dict[str, Callable[[Session], object]] = {
    "honest": lambda it: each(it, it.honest),
    "flood of records not asked for": lambda it: after_hello(it, lambda: _numbered(it)),
    "flood of one record": lambda it: after_hello(it, lambda: forever(it.record(b"etc.hosts", b"x" * MIB))),
    "codes that are no numbers": lambda it: each(it, lambda name: it.record(name, b"x", b"zero")),
    "codes of 5,000 digits": lambda it: each(it, lambda name: it.record(name, b"x", b"9" * 5000)),
    "codes below zero": lambda it: each(it, lambda name: it.record(name, b"x", b"-44")),
    "names that are no UTF-8": lambda it: each(it, lambda name: it.record(b"\xff\xfe", b"x") + it.honest(name)),
    "names that steer a terminal": lambda it: each(it, lambda name: it.record(b"\x1b[31m\x9b", b"x") + it.honest(name)),
    "an answer without end": lambda it: after_hello(it, lambda: forever(b"line\n" * 10_000)),
    "a line without end": lambda it: after_hello(it, lambda: forever(b"x" * 65536)),
    "NULs without end": lambda it: after_hello(it, lambda: forever(b"\0" * 65536)),
    "passwords without end": lambda it: each(it, lambda name: it.record(name, b"password" * 130_000)),
    "8 MiB in each record": lambda it: each(it, lambda name: it.record(name, b"x y\n" * (2 * MIB - 1))),
    "9 MiB in each record": lambda it: each(it, lambda name: it.record(name, b"x" * (9 * MIB))),
    "8 MiB of complaints in each record": lambda it: each(
        it, lambda name: it.record(name, b"", b"1", b"e\n" * (4 * MIB - 1))
    ),
    "silence after the login": lambda it: after_hello(it, silent),
    "silence before the login": lambda it: silent(),
    "half an answer": lambda it: after_hello(it, lambda: put(it.honest(b"qemu.conf")[:9000])),
    "half an answer, and silence": lambda it: after_hello(it, lambda: put_and(silent, it.honest(b"qemu.conf")[:9000])),
    "a byte a second": drip,
    "an answer a second": lambda it: each(it, lambda name: after_a_second(it.honest(name))),
    "ends at once": lambda it: sys.exit(0),
    "ends at once, code 255": lambda it: put_and(leave, ANSI, ERR),
    "denies with escapes": lambda it: put_and(leave, b"\x1b[2Jroot@h: Permission denied (\x1b]52;c;eA==\x07)\n", ERR),
    "ends after the login, code 255": lambda it: after_hello(it, lambda: put_and(leave, ANSI, ERR)),
    "ends after the login, code 0": lambda it: after_hello(it, lambda: sys.exit(0)),
    "escapes on standard error": lambda it: each(
        it, lambda name: put_and(lambda: it.record(name, ANSI, b"1", ANSI), ANSI, ERR)
    ),
    "standard error without end": lambda it: after_hello(it, lambda: forever(ANSI * 1000, ERR)),
    "each record a hundred times": lambda it: each(
        it, lambda name: b"".join(it.record(name, b"%d" % n) for n in range(100))
    ),
    "tokens without a line's end": lambda it: each(it, lambda name: (it.token + b" ") * 10 + it.honest(name)),
    "tokens alone": lambda it: each(it, lambda name: (it.token + b"\n") * 1000 + it.honest(name)),
    "tokens in a text": lambda it: each(it, lambda name: it.record(name, b"a\n" + it.token + b" x 0\nb\n" + it.token)),
    "a line of 64 MiB": lambda it: each(
        it, lambda name: it.record(name, b"x" * (64 * MIB)) if name == b"etc.hosts" else it.honest(name)
    ),
    "deaf": deaf,
    "a child that stays": orphan,
    "closes its output and stays": lambda it: after_hello(it, lambda: closing(OUT)),
    "closes both outputs and stays": lambda it: after_hello(it, lambda: closing(OUT, ERR)),
    "the wrong order": reversed_order,
    "answers before questions": early,
    "a banner of 64 MiB": lambda it: put_and(lambda: each(it, it.honest), b"welcome\n" * 8 * MIB),
    "texts for a shell": lambda it: hostile_text(
        it, ["$(touch /tmp/pwned)", "`touch /tmp/pwned`", "';touch /tmp/pwned;'", "x\ntouch /tmp/pwned\n"]
    ),
    "texts for a terminal": lambda it: hostile_text(
        it, ["\x1b[31m", "\x1b]52;c;eA==\x07", "\n READY  forged-by-a-host", "\u202e", "\x9b"]
    ),
    "announces a loop": lambda it: announces(it, "x;do(:);done;touch /tmp/pwned;for n in y"),
    "announces a substitution": lambda it: announces(it, "$(touch /tmp/pwned)"),
    "announces lines": lambda it: announces(it, "host2\n198.51.100.66 github.com"),
    "announces a template": lambda it: announces(it, "{{ lookup('pipe', 'touch /tmp/pwned') }}"),
    "announces an option": lambda it: announces(it, "-oProxyCommand=touch /tmp/pwned"),
}
#: What the program at the other end of libvirt's own ssh does.
LIBVIRT: dict[str, Callable[[], object]] = {
    "refuses libvirt": lambda: sys.exit(1),
    "libvirt is silent": unanswering,
    "libvirt says noise without end": lambda: forever(b"\xff" * 65536),
    "libvirt says a message of 4 GiB": lambda: put_and(unanswering, b"\xff\xff\xff\xff" + b"x" * 65536),
    "libvirt says half a message": lambda: put_and(unanswering, b"\x00\x00\x00\x1c\x20\x00"),
    "libvirt complains in escapes": lambda: put_and(leave, ANSI * 100, ERR),
}


def _numbered(session: Session) -> NoReturn:
    number = 0
    while True:
        put(session.record(b"r%d" % number, b"x" * 65536))
        number += 1


def main(settings: str, *words: str) -> None:
    """Be the ssh that was asked for: a login, or libvirt's."""
    with open(settings, encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes as long to load as all else
        told = json.load(file)
    host = words[words.index("--") + 1].rpartition("@")[2] if "--" in words else ""
    kind = told["kinds"].get(host, "honest")
    if "-M" not in words:
        LIBVIRT.get(kind, LIBVIRT["refuses libvirt"])()
        return
    with open(told["answers"][host], encoding="utf-8") as file:  # noqa: PTH123 - likewise
        answers = json.load(file)["hosts"][0]["records"]
    KINDS.get(kind, KINDS["honest"])(Session(answers))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BrokenPipeError:
        os._exit(255)
