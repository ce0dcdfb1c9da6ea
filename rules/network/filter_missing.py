"""A network filter that an interface of the guest names does not exist on the destination.

Why it matters
    The filter's rules are made anew for the guest's tap device, from the filter of that name which the destination's
    libvirt has: "referenced filter 'mine' is missing". That two filters of one name say the same is not looked at.

How to fix
    Define it on the destination too: virsh nwfilter-dumpxml mine on the source, virsh nwfilter-define there.
"""

from preflight.facts import NetworkFilters
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: NetworkFilters) -> Findings:
    named = (ref.get("filter", "") for ref in parse_xml(guest.xml).iterfind("devices/interface/filterref"))
    for name in dict.fromkeys(named):
        if not destination.has(name):
            yield on_destination(f"there is no network filter {name}", error=f"referenced filter '{name}' is missing")
