"""The beginning of `preflight rehearse`: its check, in which the rest is loaded while the hosts answer.

This module imports no more than a check does: what only a rehearsal needs takes a quarter of a second to load.
"""

import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.collect.endpoints import open_hosts
from preflight.commands.run_check import rules_of
from preflight.connection.snapshot import refuse_to_overwrite
from preflight.judge.check import check
from preflight.migrate import call
from preflight.rehearse.method import rehearsed
from preflight.request.check_request import Asked
from preflight.request.method import Method

if TYPE_CHECKING:
    from preflight.commands.rehearse import Wanted


def rehearse(
    asked: Asked, method: Method, wanted: "Callable[[], Wanted]", *, save: Path | None = None, overwrite: bool = False
) -> int:
    """Check, ask, rehearse, print the outcome, and return the exit code; raises `UserError`.

    `wanted` is called once the rest is loaded; `save` and `overwrite` are as in what it returns.
    """
    call.refuse_unknown(rehearsed(method))
    refuse_to_overwrite(save, overwrite=overwrite)
    with open_hosts(asked) as opened:
        rules = rules_of(asked)  # before the rest is loaded: the hosts wait for their questions
        loading = threading.Thread(target=import_module, args=("preflight.commands.rehearse",), daemon=True)
        loading.start()
        checked = check(opened, rules)
        loading.join()
        from preflight.commands.rehearse import rehearse_checked

        return rehearse_checked(checked, opened, method, wanted())
