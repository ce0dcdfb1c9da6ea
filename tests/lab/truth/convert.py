"""Brings recorded answers into the form that preflight keeps them in today, without asking a host again.

`python -m tests.lab.truth.convert` rewrites what is in another form, and nothing a second time. Before, an image's
first 2 KiB and a device's first 4 KiB were kept; and secrets where redaction did not find them.
"""

import gzip
import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from preflight.answers import Record
from preflight.connection.redaction import redact

from .row import HERE

CASES = HERE.parent.parent / "cases"
#: The passwords that libvirt's own comments in qemu.conf show: no secrets, and 688 rows would change for them.
_SAMPLES = re.compile(r'"(?:XYZ|RDP)12345"')
_HEAD = re.compile(r"head (\d{1,20}) ([0-9a-f]*)")
_DEVICE = re.compile(r"device (\d{1,20}) ((?:[0-9a-f]{2}){33,4096}|-) ([^=]*)")
_MARKS = {
    "mbr": (b"\x55\xaa", 510, 440, 4),
    "gpt": (b"EFI PART", 512, 568, 16),
    "ext4": (b"\x53\xef", 0x438, 0x468, 16),
    "xfs": (b"XFSB", 0, 32, 16),
    "lvm": (b"LABELONE", 512, 544, 32),
    "luks": (b"LUKS\xba\xbe", 0, 168, 36),
}


def image(line: str) -> str:
    """Return a line of `images`, as `questions.image_heads` gives it today."""
    found = _HEAD.fullmatch(line)
    if found is None:
        return "image " + line.removeprefix("head ") if line.startswith("head ") else line
    size, head = found[1], bytes.fromhex(found[2])
    if len(head) < min(4, int(size)):
        return f"image {size} unread"
    if not head.startswith(b"QFI\xfb"):
        return f"image {size} raw"
    if len(head) < 32:
        return f"image {size} cut"
    at, length = int.from_bytes(head[8:16]), int.from_bytes(head[16:20])
    name = head[at : at + length].hex() if at + length <= len(head) else "far"
    return f"image {size} qcow2 {head[24:32].hex()} {name if at and length else '-'}"


def device(line: str) -> str:
    """Return a line of `block-devices`, as `questions.block_devices` gives it today."""
    found = _DEVICE.fullmatch(line)
    if found is None:
        return line
    if found[2] == "-":
        return f"device {found[1]} - - {found[3]}"
    head = bytes.fromhex(found[2])
    marks = [
        f"{name}={value.hex()}"
        for name, (magic, magic_at, at, length) in _MARKS.items()
        if head[magic_at:].startswith(magic) and any(value := head[at : at + length])
    ]
    return f"device {found[1]} {hashlib.sha256(head).hexdigest()} {','.join(marks) or '-'} {found[3]}"


def convert(snapshot: dict[str, Any]) -> None:
    """Rewrite all answers of a snapshot in place."""
    for host in snapshot["hosts"]:
        for name, (out, code, err) in host["records"].items():
            by_line = {"images": image, "block-devices": device}.get(name)
            told = "\n".join(map(by_line, out.split("\n"))) if by_line else out
            kept = redact(name, Record(told, code, err))
            # redaction writes lists in a form of its own: one is another answer only where its content changes
            if _read(kept.out) != _read(_SAMPLES.sub('"***"', out)) or kept.err != err:
                host["records"][name] = list(kept)


def _read(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def main() -> int:
    """Rewrite tests/cases and the rows' records."""
    changed = 0
    for path in sorted(CASES.glob("*/*.json")):
        text = path.read_text(encoding="utf-8")
        document = json.loads(text)
        convert(document)
        changed += _write(path, text.encode(), (json.dumps(document, indent=1) + "\n").encode())
    for path in sorted((HERE / "recorded").glob("*/*.json.gz")):
        before = gzip.decompress(path.read_bytes())
        document = json.loads(before)
        convert(document["snapshot"])
        changed += _write(path, before, json.dumps(document, sort_keys=True).encode())
    print(f"{changed} changed")
    return 0


def _write(path: Path, before: bytes, after: bytes) -> bool:
    if after != before:
        at = path.stat().st_mtime  # says when the lab has seen a row
        path.write_bytes(gzip.compress(after, mtime=0) if path.suffix == ".gz" else after)
        os.utime(path, (at, at))
    return after != before


if __name__ == "__main__":
    sys.exit(main())
