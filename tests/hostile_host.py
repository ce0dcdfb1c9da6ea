"""A stand-in for ssh that has read the token and answers as it likes: what a hostile host can do to who asks it."""

import sys
from pathlib import Path

_BEFORE = """#!{python} -u
import os, re, sys, time
if "-M" in sys.argv or sys.argv[1:] == ["--of-a-test"]:
    pass
else:  # libvirt's ssh, which waits for what libvirt writes first
    sys.stdin.buffer.read(1)
    sys.stderr.write("stand-in: libvirt is not served\\n")
    os._exit(255)
out, token, tokens = sys.stdout.buffer, b"", []

def answer(name, text=b"", code=b"0", err=b""):
    out.write(text + b"\\n" + token + b" " + name + b" " + code + b"\\n" + err + b"\\n" + token + b"\\n")
    out.flush()

def flood(piece):
    while True:
        out.write(piece)
"""
_AFTER = """
try:
    for line in sys.stdin.buffer:
        found = re.search(rb"printf .* ([0-9a-f]{32}) ", line)
        if found:
            token = found[1]
        elif line.startswith(b"emit "):
            asked(line.split()[1])
except BrokenPipeError:
    os._exit(255)
"""


def hostile_host(path: Path, asked: str) -> str:
    """Write the stand-in; `asked` is the body of a function that is called with the name of each question."""
    body = "\n".join(f"    {line}" for line in asked.strip().splitlines())
    path.write_text(f"{_BEFORE.format(python=sys.executable)}\ndef asked(name):\n{body}\n{_AFTER}")
    path.chmod(0o700)
    return str(path)
