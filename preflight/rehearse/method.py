"""The method of a rehearsal: that of the migration, without all that would let it come to its end."""

from msgspec.structs import replace

from preflight.rehearse.limits import BANDWIDTH
from preflight.request.method import Method
from preflight.request.migration import HandOver, Mode, OnTimeout


def rehearsed(method: Method) -> Method:
    """Return the method by which a migration by this method is rehearsed: always live, and slow.

    The source keeps its definition. A guest that is handed over by mistake is started on the destination at once, also
    with --suspend: by preflight in managed mode, where libvirt leaves the guest paused; by libvirt in post-copy, which
    it does not allow together with that, and in peer-to-peer mode, where preflight may be gone by then.
    """
    starts_it = method.postcopy or method.mode is not Mode.MANAGED
    return replace(
        method,
        live=True,
        hand_over=HandOver.AT_ONCE if starts_it else HandOver.SAFE,
        suspend=False,
        undefinesource=False,
        bandwidth=BANDWIDTH,
        max_downtime=None,
        timeout=None,
        on_timeout=OnTimeout.SUSPEND,
        give_up_after=None,
        on_give_up=None,
        auto_converge=False,
        auto_converge_initial=None,
        auto_converge_increment=None,
        postcopy_after_precopy=False,
    )
