"""Where a guest's display listens."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

#: Types of `listen`, the attribute that such an element may lack, and the attribute of `graphics` that has it then.
_COMPATIBLE = (("socket", "socket", "socket"), ("address", "address", "listen"))


def listens(graphics: Element) -> Sequence[Element]:
    """Return the elements `listen` of an element `graphics`.

    Libvirt takes what they lack from the attributes `socket` and `listen` of `graphics`, and makes the element itself
    of them if there is none (virDomainGraphicsListensParseXML, domain_conf.c): in what a migration sends, a socket
    is in the attribute alone.
    """
    if found := graphics.findall("listen"):
        return [_whole(listen, graphics) for listen in found]
    made = [
        Element("listen", {"type": kind, name: value})
        for kind, name, attribute in _COMPATIBLE
        if (value := graphics.get(attribute))
    ]
    return made[:1]


def _whole(listen: Element, graphics: Element) -> Element:
    for kind, name, attribute in _COMPATIBLE:
        value = graphics.get(attribute)
        if listen.get("type") == kind and not listen.get(name) and value:
            return Element("listen", {**listen.attrib, name: value})
    return listen
