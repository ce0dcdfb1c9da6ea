import time

import libvirt
import pytest

from preflight.threads import Late, within


def test_a_call_that_does_not_end_is_given_up_and_one_that_fails_says_why() -> None:
    assert within(5, lambda: None) is None
    assert within(5, lambda: 1) == 1
    with pytest.raises(Late, match=r"has not finished within 0\.05 s"):
        within(0.05, lambda: time.sleep(1))

    def fails() -> None:
        raise libvirt.libvirtError("no such thing")

    with pytest.raises(libvirt.libvirtError, match="no such thing"):
        within(5, fails)
