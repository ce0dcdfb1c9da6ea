"""An abort always comes before all memory could be sent, even if every page is zero."""

from preflight.rehearse import limits
from preflight.rehearse.guest import POLL
from preflight.rehearse.limits import LARGE, fastest, longest_call, slowest_abort
from preflight.rehearse.method import rehearsed
from preflight.rehearse.reading import LEAST_LEFT
from preflight.request.method import Method
from preflight.units import MIB

GIB = 1024 * MIB


def test_the_switch_aborts_before_the_smallest_guest_could_have_moved() -> None:
    for memory in (LARGE, LARGE + MIB, 4 * GIB, 64 * GIB, 4096 * GIB):
        call = longest_call(memory)
        assert slowest_abort(call) <= fastest(memory) + 1e-9, memory
        # a call that takes longer is not allowed, because then it would be too late
        assert slowest_abort(call + 0.01) > fastest(memory), memory


def test_a_guest_of_any_contents_leaves_a_call_of_virsh_enough_time_and_a_smaller_one_would_not() -> None:
    assert longest_call(LARGE) >= 0.5
    assert (fastest(LARGE // 2) - 2 * limits.PASS - limits.SENDING) / 3 < 0.05


def test_the_switch_aborts_before_the_certain_memory_of_a_smaller_guest_is_sent() -> None:
    for memory in (limits.TOUCHED, 384 * MIB, LARGE - 1):
        assert slowest_abort(longest_call(memory)) <= limits.CERTAIN / MIB / limits.BANDWIDTH
        assert longest_call(memory) > 5


def test_zero_pages_pass_at_hundreds_of_mib_in_a_second() -> None:
    assert limits.SENT_AT_MOST == 512 * MIB
    # of zeros alone, a guest of 384 MiB could have moved before anything aborts it
    assert fastest(384 * MIB) < limits.SENDING


def test_preflight_aborts_before_the_switch_does_and_long_before_the_end() -> None:
    assert limits.MOMENT < limits.SENDING
    assert limits.LATEST < limits.AFTER
    # at its own moment, the smallest guest has much more left than the bound at which it is aborted at once
    assert LARGE - limits.SENT_AT_MOST * (limits.MOMENT + 0.1) > 4 * LEAST_LEFT
    # and two readings see that bound before the end
    assert LEAST_LEFT > limits.SENT_AT_MOST * 5 * POLL


def test_the_rate_that_the_proof_is_about_is_the_one_that_libvirt_is_given() -> None:
    for method in (Method(), Method(bandwidth=5000)):
        assert rehearsed(method).bandwidth == limits.BANDWIDTH == 1
