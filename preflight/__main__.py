"""The command's entry: what needs no command-line parser is done before one is loaded."""

import gc
import os
import signal
import sys
from collections.abc import Sequence

from preflight.stdio import failure, outlast

#: Commands whose first two arguments are hosts.
OF_TWO_HOSTS = ("check", "capacity", "fix", "migrate", "plan")


def main() -> None:
    """Run `preflight`; ends the process with one of the documented exit codes."""
    outlast()
    if sys.argv[1:] == ["--version"]:
        from preflight import __version__

        print(f"preflight {__version__}")
        sys.exit(_told(0))
    os.environ.setdefault("LIBVIRT_DEBUG", "4")  # libvirt's warnings are no lines of ours; its errors are raised
    gc.set_threshold(50_000)  # nearly all that is made while preflight starts is there to stay
    for number in (signal.SIGTERM, signal.SIGHUP):  # log out as after Ctrl-C
        if signal.getsignal(number) is not signal.SIG_IGN:  # as after nohup
            signal.signal(number, signal.default_int_handler)
    try:
        code = _run(sys.argv[1:])
    except KeyboardInterrupt:  # so early that no command had begun
        print("preflight: interrupted", file=sys.stderr)
        code = 130
    if not sys.argv[1:] or "--help" in sys.argv:
        code = _told(code)
    sys.stdout.flush()
    sys.stderr.flush()
    # a libvirt call that never returns would otherwise hold the process in its thread
    os._exit(code)


def _told(code: int) -> int:
    """The exit code once the text that was asked for is written: one that could not be is no answer."""
    sys.stdout.flush()
    why = failure()
    if why is None:
        return code
    print(f"preflight: standard output: {why}", file=sys.stderr)
    return 2


def _run(arguments: Sequence[str]) -> int:
    hosts = hosts_of(arguments)
    if not hosts:
        from preflight.cli.app import run

        return run()
    from preflight.collect import questions
    from preflight.connection import logins

    try:
        logins.begin(hosts, questions.PRELUDE)
        from preflight.cli.app import run

        return run()
    finally:
        logins.abandon()


def hosts_of(arguments: Sequence[str]) -> Sequence[str]:
    """The hosts that a command line is sure to ask for; none where only the parser can tell."""
    command, hosts = arguments[:1], arguments[1:3]
    sure = command and command[0] in OF_TWO_HOSTS and len(hosts) == 2 and not any(host[:1] == "-" for host in hosts)
    return hosts if sure and "--help" not in arguments else ()


if __name__ == "__main__":
    main()
