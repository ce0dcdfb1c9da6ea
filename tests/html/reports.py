"""Reports of every kind that an HTML page shows, made from the recorded pair of hosts, and text that means harm."""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import fields, replace

from preflight.capacity.limit import Limit
from preflight.facts.text.located import Location
from preflight.judge.report import Report, Result
from tests.case import Case
from tests.golden import many
from tests.golden.reports import hosts_line_gone

S = TypeVar("S", bound=Struct)

_BRIDGE = "<interface type='bridge'><mac address='52:54:00:00:00:01'/><source bridge='br-app'/></interface>"


def undetermined() -> Case:
    return Case().destination("etc.hosts", None).destination("libvirtd.conf", None)


def forty() -> Case:
    """Forty guests: some cannot be started on the destination, and more are requested than the hosts allow."""

    def change(number: int, guest: dict[str, Any]) -> None:
        if number % 8 == 3:
            guest["xml"] = guest["xml"].replace("pc-i440fx-7.2", "pc-i440fx-9.1")
        if number % 8 == 5:
            guest["xml"] = guest["xml"].replace("<audio ", f"{_BRIDGE}<audio ")

    return (
        many.guests(40, change)
        .source("libvirtd.conf", lambda text: text + "max_workers = 40\n")
        .destination("limits", lambda text: text.replace("nclients            : 1\n", "nclients            : 4990\n"))
        .destination("os-release", 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\n')
        .asking(concurrency=12)
    )


#: The four kinds that are looked at.
REPORTS: Mapping[str, Callable[[], Case]] = {
    "ready": Case,
    "not-ready": hosts_line_gone,
    "undetermined": undetermined,
    "forty": forty,
}

#: Whatever could end the element, the attribute or the text that it stands in, or be taken for a program.
HARM = (
    "<script>document.title='taken'</script>",
    "</script><img src=x onerror=\"document.title='taken'\">",
    '"><svg onload="document.title=\'taken\'">',
    "' onmouseover='document.title=1' x='",
    "</style><style>*{display:none}</style>",
    "</title></head><body onload=document.title=1>",
    "</pre></code></dd></article></main></table>",
    "<!-- --!> <![CDATA[ ]]> <?php ?>",
    "{{ 7 * 7 }} {% for x in y %} {# no #} ${7*7} #{7*7}",
    "javascript:document.title=1",
    "&lt;b&gt; &#60;b&#62; &amp;amp; &notit;",
    "<a href='javascript:1'>here</a><base href='//example.com/'>",
    "<meta http-equiv=refresh content='0;url=//example.com'>",
    "<plaintext><textarea><select><template><noscript>",
    "\x00\x0b\x0c\x1b[2J\x7f\x9b\u2028\u202e\ud800\ufdd0\ufffe\U0001fffe",
    "`${document.title=1}` \\u003cscript\\u003e",
    "\r\n\t<tr><td>",
)


def harmful(seed: int) -> str:
    """Return text that means harm: all of it, in an order of the seed's."""
    return "".join(random.Random(seed).sample(HARM, len(HARM)))


def with_text(report: Report, text: str) -> Report:
    """Return the report with the text behind every text that comes from a host or from the user."""
    source, destination = (_said(host, text) for host in (report.source, report.destination))
    capacity = replace(report.capacity, limits=tuple(_said(limit, text) for limit in report.capacity.limits))
    return replace(
        report,
        source=source,
        destination=destination,
        results=tuple(_said(result, text) for result in report.results),
        guests=tuple(_said(guest, text) for guest in report.guests),
        capacity=capacity,
        asked=replace(report.asked, guests=tuple(f"{name}{text}" for name in report.asked.guests)),
    )


#: The fields that are texts of the program, not of a host.
_OWN = frozenset({"subject", "severity", "outcome", "verdict", "host", "scope"})


def _said(value: S, text: str) -> S:
    """Return a value with the text behind its texts, and behind those of the values in it."""
    return replace(value, **dict(_changed(value, text)))


def _changed(value: Struct, text: str) -> Iterator[tuple[str, object]]:
    for field in fields(value):
        one = getattr(value, field.name)
        if isinstance(value, Limit) and field.name == "name":
            continue
        if isinstance(one, str) and field.name not in _OWN:
            yield field.name, f"{one}{text}"
        elif isinstance(one, Location):
            yield field.name, _said(one, text)
        elif field.name == "findings":
            yield field.name, tuple(_said(finding, text) for finding in one)
        elif isinstance(value, Result) and field.name == "subject" and value.guest is not None:
            yield field.name, f"{one}{text}"
