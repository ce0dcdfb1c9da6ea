"""The processes that are still there when a command ends."""

import subprocess
import sys

from preflight.connection import children

#: Starts two programs, one from a thread as libvirt does, prints their processes' numbers, and ends them.
_STARTS = f"""
import subprocess, threading
from {children.__name__} import end
started = []
def start():
    started.append(subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL))
start()
thread = threading.Thread(target=start)
thread.start()
thread.join()
end()
print(*(one.wait(20) for one in started))
"""


def test_children_of_every_thread_are_ended() -> None:
    done = subprocess.run([sys.executable, "-c", _STARTS], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["-15", "-15"]
