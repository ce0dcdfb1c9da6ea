from preflight.facts.guest.ports import GuestPorts, Port


def ports(inside: str) -> GuestPorts:
    return GuestPorts.of(f"<domain><devices>{inside}</devices></domain>")


def test_graphics_listen_at_ports_that_are_set() -> None:
    listen = "<listen type='address' address='0.0.0.0'/>"
    found = ports(
        f"<graphics type='vnc' port='5901' autoport='no' websocket='5701'>{listen}</graphics>"
        f"<graphics type='spice' port='5902' tlsPort='5903' autoport='no'>{listen}</graphics>"
        f"<graphics type='vnc' port='5904' autoport='yes'>{listen}</graphics>"
        f"<graphics type='vnc' port='-1' autoport='no'>{listen}</graphics>"
        "<graphics type='vnc' port='5905' autoport='no'><listen type='network' address='192.0.2.1'/></graphics>"
    )
    assert [(one.device, one.port) for one in found.listens] == [
        ("VNC", 5901),
        ("VNC", 5701),
        ("SPICE", 5902),
        ("SPICE", 5903),
    ]


def test_graphics_listen_at_the_address_of_their_attribute() -> None:
    found = ports("<graphics type='vnc' port='5901' autoport='no' listen='192.0.2.9'/>")
    assert found.listens == (Port(device="VNC", address="192.0.2.9", port=5901),)


def test_character_devices_listen_or_connect() -> None:
    found = ports(
        "<serial type='tcp'><source mode='bind' host='::1' service='4555'/></serial>"
        "<console type='tcp'><source mode='bind' host='::1' service='4555'/><target type='serial'/></console>"
        "<channel type='tcp'><source mode='connect' host='db' service='4556'/></channel>"
        "<channel type='tcp'><source mode='connect' host='db' service='4557'>"
        "<reconnect enabled='yes'/></source></channel>"
        "<serial type='udp'><source mode='bind' host='::1' service='4558'/></serial>"
        "<serial type='tcp'><source mode='bind' host='::1' service='telnet'/></serial>"
    )
    assert found.listens == (Port(device="serial", address="::1", port=4555),)
    assert found.connects == (Port(device="channel", address="db", port=4556),)
