"""A network filter that an interface of the guest names does not exist on the destination.

Why it matters
    On the destination, libvirt applies the filter of that name to the guest's new tap device: "referenced filter 'mine'
    is missing". This rule does not check that both filters contain the same rules.

How to fix
    Define the filter on the destination too: virsh nwfilter-dumpxml mine on the source, virsh nwfilter-define on the
    destination.
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
            yield on_destination(
                f"the network filter {name} does not exist", error=f"referenced filter '{name}' is missing"
            )
