"""The command's entry: what needs no command-line parser is answered before one is loaded."""

import os
import sys


def main() -> None:
    """Run `preflight`; ends the process with one of the documented exit codes."""
    if sys.argv[1:] == ["--version"]:
        from preflight import __version__

        print(f"preflight {__version__}")
        return
    from preflight.cli import run

    code = run()
    sys.stdout.flush()
    sys.stderr.flush()
    # a libvirt call that never returns would otherwise hold the process in its thread
    os._exit(code)


if __name__ == "__main__":
    main()
