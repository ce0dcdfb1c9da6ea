"""libvirt's answer, from where the guest is and from what libvirt said."""

import pytest

from preflight.migrate.observation import Place
from preflight.migrate.outcome import Result
from preflight.rehearse.answer import Answer, answer_of

#: As libvirt 9.0 said them in the lab.
MANAGED = "operation aborted: job 'migration out' canceled by client"
PEER_TO_PEER = "End of file while reading data: : Input/output error"
OLDER = "operation aborted: migration out job: canceled by client"
#: As libvirt 9.0 said it of an abort once, on a busy machine; firmware of another size is met with the same words.
WRITING = "operation failed: job 'migration out' failed: Unable to write to socket: Broken pipe"
REFUSAL = "internal error: qemu unexpectedly closed the monitor"
KEEPALIVE = "internal error: connection closed due to keepalive timeout"
RESET = "Cannot recv data: Connection reset by peer"
#: As libvirt 9.0 said them in the lab when the source's daemon was killed.
KILLED = "internal error: client socket is closed"
KILLED_PEER = (
    "End of file while reading data: virt-ssh-helper: could not proxy traffic: End of file while reading data:"
    " Input/output error: Input/output error"
)
NO_HELPER = "End of file while reading data: sh: 1: nc: not found: Input/output error"
NO_LOGIN = (
    "operation failed: Failed to connect to remote libvirt URI qemu+ssh://host2/system: Cannot recv data: Permission"
    " denied (publickey).: Connection reset by peer"
)

#: As libvirt said it in peer-to-peer mode, of a key that the source's daemon does not have.
NO_LOGIN_PEER = (
    "Cannot recv data: Permission denied, please try again.\r\nroot@host2.example.com: Permission denied"
    " (publickey,password).: Connection reset by peer"
)

#: As libvirt 9.0 said it where virtlogd cannot start: its socket takes the connection, and nobody answers.
NO_VIRTLOGD = "can't connect to virtlogd: Cannot recv data: Connection reset by peer"


@pytest.mark.parametrize(
    ("error", "is_enough", "was_aborted", "is_explained", "answer"),
    [
        (NO_VIRTLOGD, False, False, False, Answer.REFUSED),
        (MANAGED, True, True, False, Answer.ACCEPTED),
        (PEER_TO_PEER, True, True, False, Answer.ACCEPTED),
        (PEER_TO_PEER, True, True, True, Answer.ACCEPTED),
        (OLDER, True, True, False, Answer.ACCEPTED),
        # aborted too soon: Ctrl-C, or little memory left
        (MANAGED, False, True, False, Answer.UNDECIDED),
        (PEER_TO_PEER, False, True, False, Answer.UNDECIDED),
        # aborted by somebody else, or by the switch
        (MANAGED, True, False, False, Answer.UNDECIDED),
        (REFUSAL, False, False, False, Answer.REFUSED),
        (REFUSAL, True, False, True, Answer.REFUSED),
        (REFUSAL, True, True, True, Answer.REFUSED),
        (WRITING, True, True, True, Answer.ACCEPTED),
        (WRITING, False, False, True, Answer.REFUSED),
        (WRITING, True, False, True, Answer.REFUSED),
        (REFUSAL, True, True, False, Answer.UNDECIDED),
        (NO_LOGIN, False, False, False, Answer.REFUSED),
        (NO_LOGIN_PEER, False, False, False, Answer.REFUSED),
        # a connection that ends by itself tells nothing, also where a rule declares that message for its cause
        (KILLED, False, False, True, Answer.UNDECIDED),
        (KILLED, True, True, True, Answer.ACCEPTED),
        (PEER_TO_PEER, True, False, False, Answer.UNDECIDED),
        (PEER_TO_PEER, False, False, True, Answer.UNDECIDED),
        (KEEPALIVE, True, False, False, Answer.UNDECIDED),
        (RESET, True, False, False, Answer.UNDECIDED),
        (KILLED_PEER, False, False, False, Answer.UNDECIDED),
        (KILLED, True, False, False, Answer.UNDECIDED),
        # but not one that says why
        (NO_HELPER, False, False, True, Answer.REFUSED),
        (None, True, False, False, Answer.DISTURBED),
    ],
)
def test_of_a_guest_that_runs_on(
    error: str | None, answer: Answer, *, is_enough: bool, was_aborted: bool, is_explained: bool
) -> None:
    seen = {"is_enough": is_enough, "was_aborted": was_aborted}
    assert answer_of(Result.STAYED, Place.RUNNING, error, **seen, is_explained=lambda: is_explained) is answer


@pytest.mark.parametrize("error", [MANAGED, PEER_TO_PEER])
def test_no_rule_is_asked_about_the_rehearsals_own_abort(error: str) -> None:
    def ask() -> bool:
        raise AssertionError(error)

    seen = {"is_enough": True, "was_aborted": True}
    assert answer_of(Result.STAYED, Place.RUNNING, error, **seen, is_explained=ask) is Answer.ACCEPTED


@pytest.mark.parametrize("result", Result)
@pytest.mark.parametrize("place", Place)
def test_only_a_guest_that_runs_on_the_source_counts_as_before(result: Result, place: Place) -> None:
    answer = answer_of(result, place, MANAGED, is_enough=True, was_aborted=True, is_explained=lambda: False)
    if result is Result.ARRIVED:
        assert answer is Answer.MOVED
    else:
        is_before = result is Result.STAYED and place is Place.RUNNING
        assert (answer is Answer.ACCEPTED) is is_before
        assert is_before or answer is Answer.DISTURBED
