"""Entry point of the command: does everything that needs no command-line parser before one is loaded."""

import gc
import os
import signal
import sys
import time
from collections.abc import Sequence

from preflight.cli import HELP
from preflight.stdio import failure, outlast

#: Commands whose first two arguments are hosts.
OF_TWO_HOSTS = ("check", "capacity", "fix", "migrate", "nagios", "plan", "rehearse")

#: Signals that interrupt a command, as Ctrl-C does.
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Run `preflight` and end the process with one of the documented exit codes."""
    outlast()
    if sys.argv[1:] == ["--version"]:
        from preflight import __version__

        print(f"preflight {__version__}")
        sys.exit(_told(0))
    os.environ.setdefault("LIBVIRT_DEBUG", "4")  # libvirt's warnings must not be printed; its errors are raised
    gc.set_threshold(200_000)  # nearly all objects created while preflight starts are kept
    for number in _INTERRUPTS[1:]:  # log out as on Ctrl-C
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, signal.default_int_handler)
    sys.unraisablehook = _interrupt_again
    try:
        code = _run(sys.argv[1:])
    except KeyboardInterrupt:  # before any command has started
        print("preflight: interrupted", file=sys.stderr)
        code = 130
    if not sys.argv[1:] or not HELP.isdisjoint(sys.argv):
        code = _told(code)
    if (ssh := sys.modules.get("preflight.connection.ssh")) is not None:
        ssh.leave()
    sys.stdout.flush()
    sys.stderr.flush()
    # a libvirt call that never returns would otherwise keep the process alive by its thread
    os._exit(code)


def _interrupt_again(ignored: "sys.UnraisableHookArgs") -> None:
    """Send an interruption again that Python dropped because it came in a finalizer or a callback of a weakref."""
    if not issubclass(ignored.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(ignored)
        return
    import threading

    def send() -> None:
        time.sleep(0.01)  # when the finalizer has returned: what is raised in this hook is dropped as well
        raising = [each for each in _INTERRUPTS if signal.getsignal(each) is signal.default_int_handler]
        signal.pthread_kill(threading.main_thread().ident or 0, (raising or _INTERRUPTS)[0])

    threading.Thread(target=send, daemon=True).start()


def _told(code: int) -> int:
    """Return the exit code once the requested text is written; 2 if it could not be written."""
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
    """Return the hosts that a command line is certain to need; none if only the parser can determine them."""
    command, hosts = arguments[:1], arguments[1:3]
    sure = command and command[0] in OF_TWO_HOSTS and len(hosts) == 2 and not any(host[:1] == "-" for host in hosts)
    return hosts if sure and HELP.isdisjoint(arguments) else ()


if __name__ == "__main__":
    # by `python -m`: what lies in the working directory must not be imported later on, as under `python -P`
    if not sys.flags.safe_path:
        del sys.path[0]
    main()
