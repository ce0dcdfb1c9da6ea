"""The table: each flag and transport of `preflight migrate`, what is asked, and what must be seen."""

from .proofs import Proof, arrived, capability, copied, flag, incoming, must, noted, timed_out
from .seen import Seen
from .trial import Trial

PKI = ("pki: server host2", "pki: client client", "pki: client host1", "pki: qemu host1", "pki: qemu host2")
#: libvirt's sockets for TLS and TCP, the latter without a password.
_LISTEN = "systemctl stop 'libvirtd*'; systemctl start libvirtd-tls.socket libvirtd-tcp.socket libvirtd"
LISTEN = ("host2: echo 'auth_tcp = \"none\"' >> /etc/libvirt/libvirtd.conf", f"host2: {_LISTEN}")
#: The data's connection is reset from now on.
CUT = (
    "nft add table inet cut; nft add chain inet cut out '{ type filter hook output priority 0; }'; "
    "nft add rule inet cut out tcp dport 49152-49215 reject with tcp reset"
)
LOG = "/run/preflight-flags.log"
CLIENTS = ("host2: while :; do virt-admin client-list libvirtd; sleep 0.2; done",)
IMAGE, BASE, MORE = (f"/var/lib/libvirt/images/{name}.img" for name in ("web", "base", "more"))
SAME = (f"host1: sha256sum {IMAGE}", f"host2: sha256sum {IMAGE}")
EMPTY = (f"host2: truncate -s 1M {IMAGE}",)
SLOW = {"memory_mib": 96, "dirty_mib_per_s": 30}
#: Sent slower than the guest writes.
NEVER = ("--bandwidth", "8")
FIRMWARE = "/usr/share/preflight-bios.bin"
NVRAM = "/var/lib/libvirt/qemu/nvram/web_VARS.fd"
XML = "virsh -c qemu+ssh://root@host1.example.com/system dumpxml --migratable"


def edited(script: str, *, running: bool = True) -> str:
    """A step that changes the guest's definition by sed, and starts it again."""
    start = "; virsh start web" if running else ""
    return (
        f"host1: virsh destroy web 2>/dev/null; virsh dumpxml --inactive web | sed '{script}' > /root/web.xml;"
        f" virsh define /root/web.xml{start}"
    )


def defined(*, there: bool, here: bool, state: str = "running") -> Proof:
    """Where the guest is persistent afterwards."""

    def proof(seen: Seen) -> str:
        arrived(seen, state=state)
        must(("web" in seen.destination.persistent) is there, f"persistent there: {not there}")
        must(("web" in seen.source.persistent) is here, f"defined on the source: {not here}")
        kept = "defined" if there else "transient"
        return f"{kept} on the destination, {'still' if here else 'no longer'} defined on the source"

    return proof


def stopped_first(seen: Seen) -> str:
    """The guest stood still from the start."""
    arrived(seen)
    log = seen.source.log
    must(-1 < log.find('"execute":"stop"') < log.find('"execute":"migrate"'), "QEMU was not stopped before")
    return "QEMU was told to stop before it was told to migrate"


def tunnelled(seen: Seen) -> str:
    """No port was opened for the data."""
    arrived(seen)
    asked = seen.destination.sent("migrate-incoming")
    must(all(one["uri"].startswith(("fd:", "exec:", "unix:")) for one in asked), f"{asked}")
    must(bool(seen.source.flags("virDomainMigratePerform3Params") & 4), "not tunnelled")
    return f"the destination's QEMU listened at no port ({asked[-1]['uri'].partition(':')[0] if asked else 'stdio'})"


def encrypted(seen: Seen) -> str:
    """QEMU sent the data by TLS."""
    arrived(seen)
    name = seen.source.parameter("tls-creds")
    must(bool(name), "no TLS object")
    return f"QEMU was given the TLS object {name}"


def refused(seen: Seen) -> str:
    """preflight says why, and does nothing."""
    must(seen.destination.states == {}, "something is on the destination")
    return seen.err.strip()


def in_postcopy(seen: Seen) -> str:
    """Post-copy was begun, at the rate asked for."""
    arrived(seen)
    must(bool(seen.source.sent("migrate-start-postcopy")), "QEMU was not told to begin post-copy")
    rate = seen.source.parameter("max-postcopy-bandwidth")
    must(rate == 20 * 1024**2, f"max-postcopy-bandwidth {rate}")
    return f"QEMU was told migrate-start-postcopy, and max-postcopy-bandwidth {rate}"


def postcopy_resumed(seen: Seen) -> str:
    """Post-copy broke off and went on."""
    arrived(seen)
    must(bool(seen.source.sent("migrate-start-postcopy")), "no post-copy")
    again = [asked for asked in seen.source.sent("migrate") if asked.get("resume")]
    must(bool(again), "QEMU was not told to resume")
    return "broken off in post-copy, then QEMU was told migrate with resume"


def offline(how: str) -> Proof:
    """The guest that was off is there with its NVRAM and its TPM's state, and gone here."""

    def proof(seen: Seen) -> str:
        arrived(seen, state="shut off")
        must("web" not in seen.source.states, "it is still on the source")
        must("web" in seen.destination.autostart, "its autostart is lost")
        must("vars-of-web" in seen.noted and "tpm-of-web" in seen.noted, seen.noted)
        by_libvirt = "virDomainMigratePrepare3Params" in seen.destination.log
        must(by_libvirt is (how == "libvirt"), "by libvirt's migration" if by_libvirt else "by define")
        way = "libvirt's offline migration" if by_libvirt else "define"
        return f"defined there by {way}, with NVRAM, the TPM's state and autostart; nothing is left on the source"

    return proof


def graphics(seen: Seen) -> str:
    """libvirt had the URI; QEMU tells viewers of SPICE alone, which the lab does not have."""
    arrived(seen)
    must("graphicsuri=vnc://192.0.2.12:5900" in seen.source.log, "libvirt did not have it")
    return "libvirt's migration had graphicsuri=vnc://192.0.2.12:5900 (QEMU tells viewers of SPICE alone)"


def throttled(seen: Seen) -> str:
    """The guest's CPUs were slowed down as asked for."""
    return capability("auto-converge", cpu_throttle_initial=40, cpu_throttle_increment=20)(seen)


OFF_STEPS = (
    f"host1: virsh autostart web; echo bios > {FIRMWARE}",
    f"host1: mkdir -p /var/lib/libvirt/qemu/nvram; echo vars-of-web > {NVRAM}",
    "host1: d=/var/lib/libvirt/swtpm/$(virsh domuuid web | head -1)/tpm2; mkdir -p $d; echo tpm-of-web > $d/state",
    f"host2: echo bios > {FIRMWARE}",
    edited(
        f's#</os>#<loader readonly="yes" type="pflash">{FIRMWARE}</loader><nvram>{NVRAM}</nvram></os>#;'
        's#</devices>#<tpm model="tpm-tis"><backend type="emulator" version="2.0"/></tpm></devices>#',
        running=False,
    ).replace("virsh destroy web 2>/dev/null; ", ""),
)
OFF_LOOKS = (f"host2: cat {NVRAM} /var/lib/libvirt/swtpm/*/tpm2/state",)

TRIALS: tuple[Trial, ...] = (
    Trial(name="live", asked=(), proof=flag("live")),
    Trial(name="no-live", asked=("--no-live",), proof=stopped_first),
    Trial(name="managed, started by preflight", asked=(), proof=flag("paused")),
    Trial(name="managed, started by libvirt", asked=("--hand-over", "at-once"), proof=flag("paused", given=False)),
    Trial(name="p2p", asked=("--p2p",), proof=flag("p2p")),
    Trial(name="tunnelled", asked=("--tunnelled",), proof=tunnelled),
    Trial(name="direct", asked=("--direct",), proof=refused, code=2),
    Trial(
        name="over ssh",
        asked=("--transport", "ssh"),
        proof=noted(r"unix", "the destination's daemon had the client over its UNIX socket, by ssh"),
        guest=SLOW,
        meanwhile=CLIENTS,
    ),
    Trial(
        name="over TLS",
        asked=("--transport", "tls"),
        proof=noted(r"\btls\b", "the destination's daemon had a client over TLS"),
        before=PKI,
        steps=LISTEN,
        guest=SLOW,
        meanwhile=CLIENTS,
    ),
    Trial(
        name="over TCP",
        asked=("--transport", "tcp"),
        proof=noted(r"\btcp\b", "the destination's daemon had a client over TCP"),
        steps=LISTEN,
        guest=SLOW,
        meanwhile=CLIENTS,
    ),
    Trial(
        name="over UNIX sockets",
        asked=(
            "--p2p",
            "--destination-uri",
            "qemu+unix:///system?socket=/run/there.sock",
            "--migrateuri",
            "unix:///run/web.sock",
        ),
        proof=incoming(r"^unix:/run/web.sock"),
        steps=(
            "host1: ssh -fnNT -L /run/there.sock:/run/libvirt/libvirt-sock host2.example.com",
            "host1: ssh -fnNT -L /run/web.sock:/run/web.sock host2.example.com",
        ),
    ),
    Trial(
        name="persistent (of a transient guest)",
        asked=("--persistent",),
        proof=defined(there=True, here=False),
        guest={"persistent": False},
    ),
    Trial(name="transient (of a persistent guest)", asked=("--transient",), proof=defined(there=False, here=False)),
    Trial(name="undefinesource", asked=("--undefinesource",), proof=defined(there=True, here=False)),
    Trial(name="keepsource", asked=("--keepsource",), proof=defined(there=True, here=True)),
    Trial(name="suspend", asked=("--suspend",), proof=defined(there=True, here=False, state="paused")),
    Trial(
        name="copy-storage-all",
        asked=("--copy-storage-all",),
        proof=copied("full", "vda"),
        guest={"disk": "local"},
        steps=EMPTY,
        looks=SAME,
    ),
    Trial(
        name="copy-storage-inc",
        asked=("--copy-storage-inc",),
        proof=copied("top", "vda"),
        guest={"disk": "local"},
        steps=(
            f"host1: virsh destroy web; mv {IMAGE} {BASE}; scp -q {BASE} host2.example.com:{BASE}",
            *(f"{host}: qemu-img create -q -f qcow2 -b {BASE} -F raw {IMAGE}" for host in ("host1", "host2")),
            edited("s#raw#qcow2#"),
        ),
        looks=tuple(
            f"{host}: qemu-img convert -U -O raw {IMAGE} /root/whole; sha256sum /root/whole"
            for host in ("host1", "host2")
        ),
    ),
    Trial(
        name="migrate-disks",
        asked=("--copy-storage-all", "--migrate-disks", "vda"),
        proof=copied("full", "vda"),
        guest={"disk": "local"},
        steps=(
            *EMPTY,
            f"host1: truncate -s 1M {MORE}; scp -q {MORE} host2.example.com:{MORE}",
            edited(
                's#</devices>#<disk type="file" device="disk"><driver name="qemu" type="raw"/>'
                f'<source file="{MORE}"/><target dev="vdb" bus="virtio"/><readonly/></disk></devices>#'
            ),
        ),
        looks=SAME,
    ),
    Trial(
        name="disks-port",
        asked=("--copy-storage-all", "--disks-port", "50200"),
        proof=copied("full", "vda", port="50200"),
        guest={"disk": "local"},
        steps=EMPTY,
        looks=SAME,
    ),
    Trial(
        name="disks-uri",
        asked=("--copy-storage-all", "--disks-uri", "tcp://host2.example.com:50201"),
        proof=copied("full", "vda", port="50201"),
        guest={"disk": "local"},
        steps=EMPTY,
        looks=SAME,
    ),
    Trial(name="change-protection", asked=("--change-protection",), proof=flag("change-protection")),
    Trial(
        name="unsafe",
        asked=("--unsafe",),
        proof=flag("unsafe"),
        guest={"disk": "local"},
        steps=(f"host1: scp -q {IMAGE} host2.example.com:/var/lib/libvirt/images/",),
    ),
    Trial(
        name="unsafe, not spelled out",
        asked=(),
        proof=refused,
        guest={"disk": "local"},
        steps=(f"host1: scp -q {IMAGE} host2.example.com:/var/lib/libvirt/images/",),
        code=5,
    ),
    Trial(name="abort-on-error", asked=("--abort-on-error",), proof=flag("abort-on-error")),
    Trial(name="migrateuri", asked=("--migrateuri", "tcp://192.0.2.12:50100"), proof=incoming(":50100$")),
    Trial(name="listen-address", asked=("--listen-address", "192.0.2.12"), proof=incoming("^tcp:192.0.2.12:")),
    Trial(name="graphicsuri", asked=("--graphicsuri", "vnc://192.0.2.12:5900"), proof=graphics),
    Trial(
        name="dname", asked=("--dname", "web-moved"), proof=noted("", "it is called web-moved there", name="web-moved")
    ),
    Trial(
        name="xml",
        asked=("--xml", "/tmp/preflight-flags.xml"),
        proof=noted("listen='192.0.2.12'", "its VNC server listens at the destination's address"),
        steps=(
            edited('s#</devices>#<graphics type="vnc" autoport="yes" listen="192.0.2.11"/></devices>#'),
            f"client: {XML} web | sed s/192.0.2.11/192.0.2.12/ > /tmp/preflight-flags.xml",
        ),
        looks=("host2: virsh dumpxml web",),
    ),
    Trial(
        name="persistent-xml",
        asked=("--persistent-xml", "/tmp/preflight-p.xml"),
        proof=noted("<title>as there</title>", "its definition there has the title of that file"),
        steps=(
            f"client: {XML} --inactive web | sed 's#<memory #<title>as there</title><memory #' > /tmp/preflight-p.xml",
        ),
        looks=("host2: virsh dumpxml --inactive web",),
    ),
    Trial(name="bandwidth", asked=("--bandwidth", "77"), proof=capability(max_bandwidth=77 * 1024**2)),
    Trial(name="max-downtime", asked=("--max-downtime", "777"), proof=capability(downtime_limit=777), guest=SLOW),
    Trial(
        name="timeout, suspend",
        asked=(*NEVER, "--timeout", "20", "--timeout-suspend"),
        proof=timed_out("suspend"),
        guest={"memory_mib": 32, "dirty_mib_per_s": 30},
    ),
    Trial(
        name="timeout, post-copy",
        asked=(*NEVER, "--timeout", "20", "--postcopy", "--timeout-postcopy"),
        proof=timed_out("postcopy"),
        guest={"memory_mib": 32, "dirty_mib_per_s": 30},
    ),
    Trial(
        name="timeout, abort",
        asked=(*NEVER, "--timeout", "20", "--timeout-abort"),
        proof=timed_out("abort"),
        guest={"memory_mib": 32, "dirty_mib_per_s": 30},
        code=4,
    ),
    Trial(
        name="auto-converge",
        asked=("--auto-converge", "--auto-converge-initial", "40", "--auto-converge-increment", "20"),
        proof=throttled,
    ),
    Trial(
        name="postcopy, after the first pass",
        asked=("--postcopy", "--postcopy-after-precopy", "--postcopy-bandwidth", "20", "--bandwidth", "20"),
        proof=in_postcopy,
        guest=SLOW,
    ),
    Trial(
        name="postcopy, broken off and resumed",
        asked=("--postcopy", "--postcopy-after-precopy", "--postcopy-bandwidth", "2", "--bandwidth", "30"),
        proof=postcopy_resumed,
        guest={"memory_mib": 96, "dirty_mib_per_s": 40},
        meanwhile=(f"host1: until grep -q migrate-start-postcopy {LOG}; do sleep 0.1; done; sleep 2; {CUT}",),
        between=("host1: nft delete table inet cut",),
        resume=(),
    ),
    Trial(name="compressed", asked=("--compressed",), proof=capability("xbzrle")),
    Trial(name="comp-methods xbzrle", asked=("--compressed", "--comp-methods", "xbzrle"), proof=capability("xbzrle")),
    Trial(name="comp-methods mt", asked=("--compressed", "--comp-methods", "mt"), proof=capability("compress")),
    Trial(
        name="comp-methods zlib",
        asked=("--parallel", "--compressed", "--comp-methods", "zlib"),
        proof=capability("multifd", multifd_compression="zlib"),
        release="trixie",
    ),
    Trial(
        name="comp-methods zstd",
        asked=("--parallel", "--compressed", "--comp-methods", "zstd"),
        proof=capability("multifd", multifd_compression="zstd"),
        release="trixie",
    ),
    Trial(
        name="parallel",
        asked=("--parallel", "--parallel-connections", "3"),
        proof=capability("multifd", multifd_channels=3),
    ),
    Trial(name="tls", asked=("--tls",), proof=encrypted, before=PKI),
    Trial(
        name="tls-destination",
        asked=("--tls", "--migrateuri", "tcp://192.0.2.12", "--tls-destination", "host2.example.com"),
        proof=encrypted,
        before=PKI,
    ),
    Trial(
        name="zerocopy",
        asked=("--parallel", "--zerocopy"),
        proof=capability("multifd", "zero-copy-send"),
        guest={"memory_mib": 7},
    ),
    Trial(
        name="offline, libvirt's way",
        asked=(),
        proof=offline("libvirt"),
        guest={"running": False},
        steps=OFF_STEPS,
        looks=OFF_LOOKS,
    ),
    Trial(
        name="offline, by dumpxml and define",
        asked=("--dumpxml",),
        proof=offline("define"),
        guest={"running": False},
        steps=OFF_STEPS,
        looks=OFF_LOOKS,
    ),
    Trial(
        name="offline, dname",
        asked=("--dname", "web-moved"),
        proof=noted("", "it is called web-moved there, off", state="shut off", name="web-moved"),
        guest={"running": False},
    ),
    Trial(
        name="offline, by define, dname",
        asked=("--dumpxml", "--dname", "web-moved"),
        proof=noted("", "it is called web-moved there, off", state="shut off", name="web-moved"),
        guest={"running": False},
    ),
    Trial(
        name="offline, persistent-xml",
        asked=("--persistent-xml", "/tmp/preflight-p.xml"),
        proof=noted("<title>as there</title>", "its definition there has the title of that file", state="shut off"),
        guest={"running": False},
        steps=(
            f"client: {XML} --inactive web | sed 's#<memory #<title>as there</title><memory #' > /tmp/preflight-p.xml",
        ),
        looks=("host2: virsh dumpxml --inactive web",),
    ),
    Trial(
        name="offline, a saved state",
        asked=(),
        proof=refused,
        steps=("host1: virsh managedsave web",),
        code=5,
    ),
)
