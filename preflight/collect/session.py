"""Sessions with one host: first the questions that are always asked, then those that depend on the answers."""

import itertools
import json
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from preflight.answers import MISSING, Answers, Record, SavedHost
from preflight.collect import questions
from preflight.collect.built import BUILT_BY_DIGEST, built_of
from preflight.connection.channel import Channel
from preflight.connection.libvirt import BUILT, LibvirtSession, load_bindings, opened, transport_of
from preflight.connection.shell import TOTAL_LIMIT
from preflight.connection.target import Target
from preflight.facts.daemon.confinement import Confinement
from preflight.facts.daemon.full import full_daemon
from preflight.facts.text import augeas, libvirt_conf
from preflight.request.migration import Role, Transport
from preflight.shell_text import NOTHING, ShellText, shell

#: Maximum number of seconds that libvirt must leave for the answers that explain why it gives none: which daemons run,
#: and how many clients they have. Of a short time limit it is a quarter.
_AFTER_LIBVIRT = 10.0
#: Seconds to wait for a daemon to close a connection.
_PARTING = 2.0
#: Seconds to wait for a shell that was told its last.
_LAST = 0.3
#: Seconds within which a daemon usually accepts a connection; after that it is asked for its number of clients.
_PROMPT = 1.5
#: Seconds to wait for that number.
_PATIENT = 6.0
NONE: Mapping[str, str] = {}
#: The record of ssh's settings on this machine.
CLIENT = "ssh.client"
#: Records that are named after the items asked about; a snapshot of one host has them under the record's name alone.
_LISTED = frozenset(("accounts", "disk-servers"))
#: The generations of the questions, as a snapshot says which one it is from.
_GENERATIONS = frozenset(map(str, range(1, questions.GENERATION + 1)))
NO_QUESTIONS: Mapping[str, ShellText] = {}


def _nothing() -> None:
    """Do nothing."""


class Visit(Protocol):
    """A host that answers questions, live or from a snapshot."""

    #: The host as the user named it.
    name: str
    #: True during the login, in which ssh may ask a person at any moment.
    logging_in: bool

    @property
    def waits_for(self) -> str | None:
        """The answers that are being waited for, or None."""

    def first(self) -> Answers:
        """Return the answers that are always collected, including libvirt's, except `questions.LAST`. Call once."""

    def ask(
        self, further: Mapping[str, ShellText], definitions: Mapping[str, str] = NONE, *, stay: bool = True
    ) -> Answers:
        """Return the answers to later questions (POSIX sh commands by record name) and to `questions.LAST`.

        `definitions` are guests of the other host, by name, which libvirt here is asked to build if a rule needs it.
        Call once: the libvirt connection is closed at the same time. Unless this visit is to `stay`, the host's shell
        exits after its last answer, and `leave` need not wait for it.
        """

    def saved(self) -> SavedHost:
        """Return all answers so far, for a snapshot."""

    def end_libvirt(self) -> None:
        """Wait until the libvirt connection, if any, is closed; the login stays."""

    def leave(self) -> None:
        """Log out; no further questions are possible."""


class LiveVisit:
    """A real host, over a channel that was opened for it.

    `wanted` are the names of the records to ask for; `role` is the host's role, or None if it may have either;
    `transport` is the transport of the libvirt connection; `uri` replaces the libvirt URI that follows from the target;
    `own` are questions of the site's own, by record;
    `timeout` is in seconds and covers everything that is collected from the host: login, libvirt and all answers;
    `admitted` is called once the login has worked or failed.
    """

    def __init__(
        self,
        target: Target,
        channel: Channel,
        wanted: Collection[str],
        transport: str,
        *,
        role: Role | None = None,
        uri: str | None = None,
        own: Mapping[str, ShellText] = NO_QUESTIONS,
        timeout: float,
        admitted: Callable[[], None] = _nothing,
    ) -> None:
        self.name = target.text
        self._admitted = admitted
        self._own = own
        self._target, self._wanted, self._timeout = target, wanted, timeout
        self._transport, self._role, self._uri = transport, role, uri
        self._answers = Answers()
        #: Bytes of memory that these answers take.
        self._held = 0
        self._libvirt: LibvirtSession | None = None
        self._logged_in = False
        self._channel = channel
        #: Time (`time.monotonic`) after which no answer is waited for.
        self._deadline = time.monotonic() + timeout
        #: Seconds of that time that were left after the first answers.
        self._left = timeout
        #: What is currently being waited for.
        self._at: str | None = None
        self.logging_in = False
        self._asking = threading.Lock()
        self._runs = itertools.count()
        self._closing: threading.Thread | None = None
        #: Questions that were sent and whose answers were not yet waited for.
        self._last: Mapping[str, ShellText] = {}

    def first(self) -> Answers:
        """Return the answers that are always collected, including libvirt's."""
        self._deadline = self._channel.deadline = time.monotonic() + self._timeout
        self._at, self.logging_in = "the login", True
        standing, own = self._pick(questions.STANDING), self._pick(self._own)
        # sent before the login is known to work, which saves a round trip; a shell that never starts reads nothing
        self._channel.send(standing, together=True)
        self._channel.send(own)  # a site's questions may do what they like to the process that answers them
        load_bindings()  # while ssh shakes hands
        import preflight.connection.redaction  # noqa: F401 - likewise; saved answers are redacted already

        if self._transport == "ssh" and self._uri is None and self._channel.libvirt_command is not None:
            # libvirt's ssh is let in with the first one's login, before the host has even started a shell for that
            self._libvirt = self._open_libvirt(self._channel.wait_until_shared)
        augeas.load(libvirt_conf.LENS)
        login = self._channel.login()
        self._admitted()
        self.logging_in = False
        # the time that a person takes to answer does not count as the host's
        self._deadline = self._channel.deadline = self._deadline + self._channel.of_person
        self._logged_in = login.code == 0
        self._keep(Answers({"login": login, "generation": Record(str(questions.GENERATION))} | self._of_client()))
        if not self._logged_in:
            reason = login.err.strip().splitlines()[-1:] or ["no answer"]
            self._answers.absent[""] = f"login to {self.name} failed: {reason[0]}"
            if self._libvirt is not None:
                self._libvirt.abandon()
                self._libvirt = None
        if self._logged_in or self._transport != "ssh":
            self._at = "libvirt"
            if self._libvirt is None:
                self._libvirt = self._open_libvirt()
            self._libvirt.deadline = self._until_libvirt
            self._wait_for_libvirt(self._libvirt)
            if self._transport == "tls":
                from preflight.connection.client_certificates import client_certificates

                self._answers.records["tls.client"] = client_certificates(self._shown())
        opened = self._libvirt is not None and self._libvirt.open
        after_libvirt = self._pick(questions.AFTER_LIBVIRT | ({} if opened else questions.WHEN_CLOSED))
        if self._logged_in:
            self._at = "answers about its configuration"
            # while libvirt answers
            self._channel.send(after_libvirt, questions.LOOK, together=True)
            self._keep(self._channel.receive({**standing, **own}))
            libvirt_conf.read_ahead(self._answers.records)
        if self._libvirt is not None:
            self._at = "libvirt"
            self._keep(self._libvirt.receive())
            self._answers.records["own.clients"] = Record("1" if self._libvirt.open else "0")
        if self._logged_in:
            self._at = "answers about its configuration"
            self._last = self._pick(questions.LAST)
            self._channel.send(self._last, together=True)
            self._answers.records["asked-at"] = Record(f"{time.time():.3f}")
            self._keep(self._channel.receive(after_libvirt))
        self._left = max(0.0, self._deadline - time.monotonic())
        return Answers(dict(self._answers.records), dict(self._answers.absent))

    def _of_client(self) -> dict[str, Record]:
        """Return what libvirt's ssh on this machine obeys, unless libvirt runs another command or goes elsewhere."""
        elsewhere = self._uri is not None or "command=" in (self._target.uri or "")
        config = None if elsewhere or CLIENT not in self._wanted else self._channel.client_config
        return {} if config is None else {CLIENT: config}

    def resume(self) -> None:
        """Have the host's time run on from the end of its first answers: until now, others were asked."""
        self._deadline = self._channel.deadline = time.monotonic() + self._left
        if self._libvirt is not None:
            self._libvirt.deadline = self._until_libvirt

    def _wait_for_libvirt(self, libvirt: LibvirtSession) -> None:
        """Wait until the daemon accepts the connection, unless its own numbers say that it has no room for it."""
        if not self._logged_in or libvirt.wait_until_open(_PROMPT):
            libvirt.wait_until_open()
            return
        self._channel.send(questions.CLIENTS)
        # whatever keeps the host from answering this must leave libvirt its time
        self._channel.deadline = min(self._deadline, time.monotonic() + _PATIENT)
        answers = self._channel.receive(questions.CLIENTS)
        self._channel.deadline = self._deadline
        record = answers.records.get("clients")
        full = None if record is None else full_daemon(record)
        # a client may leave in a moment; a daemon that has no room then either says nothing for as long as they stay
        if full is None or libvirt.wait_until_open(_PROMPT):
            libvirt.wait_until_open()
        else:
            libvirt.give_up(full)

    def ask(
        self, further: Mapping[str, ShellText], definitions: Mapping[str, str] = NONE, *, stay: bool = True
    ) -> Answers:
        """Return the answers to later questions, over the same login, and to those that `first` did not wait for.

        `definitions` are guests of the other host, by name, which libvirt here is asked to build if a rule needs it.
        Unless this visit is to `stay`, these are the last questions.
        """
        if not self._logged_in:
            return Answers({}, dict(self._answers.absent))
        # a record's name may contain text from a host, so the session uses plain numbers
        self._at = "answers about the guests and the other host"
        pid = self._apart()
        asked = further.values() if pid is None else (questions.within(pid, text) for text in further.values())
        numbered = {f"further{number}": text for number, text in enumerate(asked)}
        self._channel.send(numbered, together=True)
        if not stay:
            self._channel.end()
        answers, self._last = self._channel.receive(self._last), {}
        if BUILT in self._wanted:
            answers.update(self._built(definitions))
        if self._libvirt is not None:  # there are no more calls, and closing the connection takes a while
            self._closing = threading.Thread(target=self._libvirt.close, daemon=True)
            self._closing.start()
        given = self._channel.receive(numbered)
        for number, name in zip(numbered, further, strict=True):
            if number in given.records:
                answers.records[name] = given.records[number]
            else:
                answers.absent[name] = given.absent[number]
        kept = self._keep(answers)
        self._channel.deadline, self._at = None, None
        return kept

    def _apart(self) -> int | None:
        """Return the process ID of the daemon that manages guests, if it sees other files or links than the login."""
        listed = self._answers.records.get("daemons")
        return None if listed is None or listed.code else Confinement.parse(listed).apart

    def _built(self, definitions: Mapping[str, str]) -> Answers:
        if self._libvirt is not None and self._libvirt.open:
            return self._libvirt.build(definitions)
        return Answers({}, {BUILT: self._answers.absent.get("libvirt.domains", "libvirt could not be queried")})

    @property
    def waits_for(self) -> str | None:
        """The answers that are being waited for; None if there are none, or while a person is being asked."""
        return None if self._channel.with_person else self._at

    def read(self, path: str) -> Record:
        """Return a file unredacted, for a caller that will write it back. It is not stored anywhere."""
        return self.run(shell("slurp @path@", path=path))

    def run(self, command: ShellText, first: ShellText = NOTHING) -> Record:
        """Return the answer to a POSIX sh command, which is not stored; code 255 if there was none.

        `first` is run before by the session's own shell, for example to open a file that the shell keeps open.
        """
        if not self._logged_in:
            return Record("", 255, self._answers.absent.get("", "not logged in"))
        with self._asking:
            # a unique name, because an answer that comes too late would otherwise be taken for the next one
            name = f"run{next(self._runs)}"
            self._channel.send({name: command}, first)
            answers = self._channel.receive({name: command})
        return answers.records.get(name) or Record("", 255, answers.absent[name])

    def tell(self, command: ShellText) -> None:
        """Run a command in the session's own shell without waiting for it, if there is a session."""
        if self._logged_in:
            self._channel.send({}, command)

    def end(self) -> None:
        """Ask nothing more, and wait until the shell has run what it was told before, so that `leave` need not wait."""
        if self._logged_in:
            with self._asking:
                last = {f"run{next(self._runs)}": shell("true")}
                self._channel.deadline = time.monotonic() + _LAST
                self._channel.send(last)
                self._channel.end()
                self._channel.receive(last)

    def log_in(self) -> Record:
        """Wait for the login only: code 0, or 255 with ssh's error message. No question is asked."""
        login = self._channel.login()
        self._logged_in = login.code == 0
        return login

    def connect(self) -> Any:
        """Return another libvirt connection over the same login; raises `libvirt.libvirtError`."""
        return opened(self._uri or self._target.libvirt_uri(self._transport, self._channel.libvirt_command))

    def add(self, answers: Answers) -> Answers:
        """Store answers that were made of several of this session's, and return them as they are stored."""
        return self._keep(answers)

    def saved(self) -> SavedHost:
        """Return all answers so far."""
        return SavedHost(self.name, self._answers)

    def end_libvirt(self) -> None:
        """Wait until the libvirt connection, if any, is closed; the login stays."""
        if self._libvirt is not None and self._closing is None:
            self._closing = threading.Thread(target=self._libvirt.close, daemon=True)
            self._closing.start()
        if self._closing is not None:
            # a daemon that does not answer would keep its connection open forever
            self._closing.join(_PARTING)

    def leave(self) -> None:
        """Log out; no further questions are possible."""
        self.end_libvirt()
        self._channel.close()

    def _pick(self, asked: Mapping[str, ShellText]) -> dict[str, ShellText]:
        return {name: text for name, text in asked.items() if name in self._wanted}

    def _open_libvirt(self, ready: Callable[[], bool] = lambda: True) -> LibvirtSession:
        uri = self._uri or self._target.libvirt_uri(self._transport, self._channel.libvirt_command)
        return LibvirtSession(
            uri,
            shown=self._shown(),
            deadline=self._until_libvirt,
            limit=self._timeout,
            wanted=self._wanted,
            role=self._role,
            ready=ready,
        )

    @property
    def _until_libvirt(self) -> float:
        """Time (`time.monotonic`) after which libvirt is not waited for."""
        left = max(0.0, self._deadline - time.monotonic())
        return self._deadline - min(_AFTER_LIBVIRT, left / 4)

    def _shown(self) -> str:
        return self._uri or self._target.libvirt_uri(self._transport)

    def _keep(self, answers: Answers) -> Answers:
        """Store answers without the secrets in them, and return them: the same for a live check and a snapshot."""
        from preflight.connection.redaction import redact, redact_message

        kept = Answers({}, {name: redact_message(reason) for name, reason in answers.absent.items()})
        for name, record in answers.records.items():
            size = sys.getsizeof(record.out) + sys.getsizeof(record.err)
            if self._held + size > TOTAL_LIMIT:
                kept.absent[name] = f"the answers of {self.name} exceed {TOTAL_LIMIT >> 20} MiB in total"
            else:
                self._held += size
                kept.records[name] = redact(name, record)
        self._answers.update(kept)
        return kept


def _untried(connect: Record, transport: str) -> Record:
    """Return the answer about libvirt's connection with the transport that nobody has tried."""
    try:
        return connect._replace(out=json.dumps({**json.loads(connect.out), "untried": transport}))
    except (ValueError, TypeError, RecursionError):  # reported where it is read
        return connect


class SavedVisit:
    """A host from a snapshot. Questions that it was not asked are answered with `MISSING`."""

    waits_for = None
    logging_in = False

    def __init__(self, saved: SavedHost, transport: str, own: Mapping[str, ShellText] = NO_QUESTIONS) -> None:
        self.name = saved.name
        self._own = own
        self._saved = saved
        self._transport = transport

    def first(self) -> Answers:
        """Return all saved answers, except those of a libvirt connection over another transport than requested."""
        answers = Answers(dict(self._saved.answers.records), dict(self._saved.answers.absent))
        unasked = self._unasked
        if "libvirt.connect" in answers.records:
            taken_over = transport_of(answers.records["libvirt.connect"])
            if taken_over == Transport.UNIX and self._transport == Transport.SSH:
                # the daemon's answer to the host itself counts; whether anybody can log in is not known
                answers.records.pop("login", None)
                answers.absent["login"] = f"{self.name} took the snapshot itself: nobody has logged in to it"
                unasked |= {"login"}
                answers.records["libvirt.connect"] = _untried(answers.records["libvirt.connect"], self._transport)
            elif taken_over != self._transport:
                del answers.records["libvirt.connect"]
                answers.absent["libvirt.connect"] = (
                    f"the snapshot of {self.name} was taken over {taken_over}, not {self._transport}"
                )
        for name in self._own.keys() - answers.records.keys():
            answers.absent.setdefault(name, f"{name} is not in the snapshot: take it with the same --rules and --pack")
        answers.unasked = unasked
        return answers

    @property
    def _unasked(self) -> frozenset[str]:
        """The records that the preflight which took the snapshot did not ask for yet."""
        records = self._saved.answers.records
        said = records["generation"].out if "generation" in records else "1"
        asked = int(said) if said in _GENERATIONS else questions.GENERATION
        newer = (name for name, since in questions.NEWER.items() if asked < since)
        # a snapshot of one host alone knows no guest of another
        return frozenset((*newer, BUILT)).difference(records, self._saved.answers.absent)

    def ask(
        self,
        further: Mapping[str, ShellText],
        definitions: Mapping[str, str] = NONE,
        *,
        stay: bool = True,  # noqa: ARG002 - of the protocol
    ) -> Answers:
        """Return the answers that were saved under these names; what libvirt built is among the first ones.

        A snapshot of one host has answers about several peers together: lists under the record's name alone, and what
        libvirt built by the definition.
        """
        records, absent, unasked = self._saved.answers.records, self._saved.answers.absent, self._unasked
        answers = Answers({}, dict(absent))
        for name in further:
            record, _, items = name.partition(":")
            kept = record if name not in records and record in _LISTED and items else name
            if kept in records:
                answers.records[name] = records[kept]
            elif name not in absent and "" not in absent and record not in unasked:
                answers.records[name] = Record("", MISSING)
        if BUILT_BY_DIGEST in records:
            answers.records[BUILT] = built_of(records[BUILT_BY_DIGEST], definitions)
        return answers

    def saved(self) -> SavedHost:
        """Return the host as read from the file."""
        return self._saved

    def end_libvirt(self) -> None:
        """Do nothing: there is no connection."""

    def leave(self) -> None:
        """Do nothing: there is no login."""
