"""The table: each flag and transport of `preflight migrate`, what is asked, and what must be seen."""

import libvirt
from msgspec.structs import replace

from preflight.request.options import Told, all_told
from tests.each_option import typed

from .proofs import (
    Proof,
    arrived,
    capability,
    copied,
    flag,
    incoming,
    must,
    noted,
    parameter,
    refused_for,
    timed_out,
    zeroes_left_out,
)
from .seen import Seen
from .trial import Trial

PKI = ("pki: server host2", "pki: client client", "pki: client host1", "pki: qemu host1", "pki: qemu host2")
NO_PASSWORD = "host2: echo 'auth_tcp = \"none\"' >> /etc/libvirt/libvirtd.conf"
LOG = "/run/preflight-flags.log"
#: QEMU closes the connection that the memory goes over in post-copy, and both ends notice.
BREAK_OFF = f"until grep -q start-postcopy {LOG}; do sleep 0.1; done; sleep 3; virsh domjobabort --postcopy web"
CLIENTS = ("host2: while :; do virt-admin client-list libvirtd; sleep 0.2; done",)
IMAGE, BASE, MORE = (f"/var/lib/libvirt/images/{name}.img" for name in ("web", "base", "more"))
SAME = (f"host1: sha256sum {IMAGE}", f"host2: sha256sum {IMAGE}")
EMPTY = (f"host2: truncate -s 1M {IMAGE}",)
SLOW = {"memory_mib": 96, "dirty_mib_per_s": 30}
BUSY = {"memory_mib": 32, "dirty_mib_per_s": 30}
MIB = 1024**2
#: libvirt's of each release that the lab has.
RELEASES = {"bookworm": (9, 0), "trixie": (11, 3)}
TITLE = "<title>as there</title>"
TITLED = (
    "client: virsh -c qemu+ssh://root@host1.example.com/system dumpxml --inactive --migratable web |"
    f" sed 's#<memory #{TITLE}<memory #' > /tmp/preflight-p.xml"
)
#: Sent slower than the guest writes.
NEVER = ("--bandwidth", "8")
FIRMWARE = "/usr/share/preflight-bios.bin"
NVRAM = "/var/lib/libvirt/qemu/nvram/web_VARS.fd"
XML = "virsh -c qemu+ssh://root@host1.example.com/system dumpxml --migratable"


def listening(transport: str) -> str:
    """Return a step that makes the destination's daemon listen for this transport too."""
    return f"host2: systemctl stop 'libvirtd*'; systemctl start libvirtd-{transport}.socket libvirtd"


def edited(script: str, *, running: bool = True) -> str:
    """Return a step that changes the guest's definition by sed, and starts it again."""
    start = "; virsh start web" if running else ""
    return (
        f"host1: virsh destroy web 2>/dev/null; virsh dumpxml --inactive web | sed '{script}' > /root/web.xml;"
        f" virsh define /root/web.xml{start}"
    )


def defined(*, there: bool, here: bool, state: str = "running", name: str = "web") -> Proof:
    """Require that the guest is persistent afterwards on exactly these hosts."""

    def proof(seen: Seen) -> str:
        arrived(seen, name, state)
        must((name in seen.destination.persistent) is there, f"persistent there: {not there}")
        must(("web" in seen.source.persistent) is here, f"defined on the source: {not here}")
        kept = "defined" if there else "transient"
        return f"{kept} on the destination, {'still' if here else 'no longer'} defined on the source"

    return proof


def stopped_first(seen: Seen) -> str:
    """Require that the guest was paused from the start."""
    arrived(seen, state="paused")
    log = seen.source.log
    must(-1 < log.find('"execute":"stop"') < log.find('"execute":"migrate"'), "QEMU was not stopped before")
    return "QEMU received the command to stop before the command to migrate"


def tunnelled(seen: Seen) -> str:
    """No port was opened for the data."""
    arrived(seen)
    asked = seen.destination.sent("migrate-incoming")
    must(all(one["uri"].startswith(("fd:", "exec:", "unix:")) for one in asked), f"{asked}")
    must(bool(seen.source.flags("virDomainMigratePerform3Params") & 4), "not tunnelled")
    return f"the destination's QEMU listened on no port ({asked[-1]['uri'].partition(':')[0] if asked else 'stdio'})"


def encrypted(seen: Seen) -> str:
    """QEMU sent the data by TLS."""
    arrived(seen, "web-moved")
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
    return f"QEMU received migrate-start-postcopy, and max-postcopy-bandwidth {rate}"


def postcopy_resumed(seen: Seen) -> str:
    """Post-copy broke off and went on."""
    arrived(seen)
    must(bool(seen.source.sent("migrate-start-postcopy")), "no post-copy")
    again = [asked for asked in seen.source.sent("migrate") if asked.get("resume")]
    must(bool(again), "QEMU was not told to resume")
    return "interrupted in post-copy, then QEMU received migrate with resume"


def offline(how: str, name: str = "web") -> Proof:
    """Require that the guest that was off is there with its NVRAM and its TPM's state, and gone here."""

    def proof(seen: Seen) -> str:
        arrived(seen, name, "shut off")
        must("web" not in seen.source.states, "it is still on the source")
        must(name in seen.destination.autostart, "its autostart is lost")
        must("vars-of-web" in seen.noted and "tpm-of-web" in seen.noted, seen.noted)
        by_libvirt = "virDomainMigratePrepare3Params" in seen.destination.log
        must(by_libvirt is (how == "libvirt"), "by libvirt's migration" if by_libvirt else "by define")
        way = "libvirt's offline migration" if by_libvirt else "define"
        proved = f"defined on the destination by {way}, with NVRAM, the TPM's state and autostart"
        return f"{proved}; no longer defined on the source"

    return proof


def graphics(seen: Seen) -> str:
    """libvirt had the URI; QEMU tells viewers of SPICE alone, which the lab does not have."""
    arrived(seen, "web-moved")
    must("graphicsuri=vnc://192.0.2.12:5900" in seen.source.log, "libvirt did not have it")
    return "libvirt's migration had graphicsuri=vnc://192.0.2.12:5900 (QEMU informs only SPICE viewers)"


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


def level(method: str, option: str, number: int) -> Trial:
    """Return a trial of a level of compression, of which this machine's libvirt library may know nothing."""
    asked = ("--parallel", "--compressed", "--comp-methods", method, f"--{option}", str(number))
    if all_told()[option].parameter not in vars(libvirt).values():
        return Trial(asked=asked, proofs={option: refused_for(f"too old for --{option}")}, release="trixie", code=2)
    proofs = {
        "comp-zlib-level": capability("multifd", multifd_zlib_level=number),
        "comp-zstd-level": capability("multifd", multifd_zstd_level=number),
    }
    return Trial(asked=asked, proofs={option: proofs[option]}, release="trixie")


EXPLICIT: tuple[Trial, ...] = (
    Trial(
        proofs={
            "live": flag("live"),
            "managed, started by preflight": flag("suspend"),
            "undefinesource": defined(there=True, here=False),
        }
    ),
    Trial(
        asked=(
            "--p2p",
            "--hand-over",
            "at-once",
            "--persistent",
            "--bandwidth",
            "77",
            "--max-downtime",
            "777",
            "--auto-converge",
            "--auto-converge-initial",
            "40",
            "--auto-converge-increment",
            "20",
            "--change-protection",
            "--abort-on-error",
        ),
        proofs={
            "p2p": flag("p2p"),
            "started by libvirt (--hand-over at-once)": flag("suspend", given=False),
            "persistent (of a transient guest)": defined(there=True, here=False),
            "bandwidth": capability(max_bandwidth=77 * MIB),
            "max-downtime": capability(downtime_limit=777),
            "auto-converge": capability("auto-converge", cpu_throttle_initial=40, cpu_throttle_increment=20),
            "change-protection": flag("change-protection"),
            "abort-on-error": flag("abort-on-error"),
        },
        guest=SLOW | {"persistent": False},
    ),
    Trial(asked=("--tunnelled",), proofs={"tunnelled": tunnelled}),
    Trial(asked=("--direct",), proofs={"direct": refused}, code=2),
    Trial(
        asked=(
            "--no-live",
            "--transient",
            "--suspend",
            "--compressed",
            "--comp-methods",
            "xbzrle",
            "--migrateuri",
            "tcp://192.0.2.12:50100",
            "--listen-address",
            "192.0.2.12",
        ),
        proofs={
            "no-live": stopped_first,
            "transient (of a persistent guest)": defined(there=False, here=True, state="paused"),
            "suspend": flag("suspend", state="paused"),
            "compressed, by xbzrle": capability("xbzrle", state="paused"),
            "migrateuri": incoming(":50100$", state="paused"),
            "listen-address": incoming("^tcp:192.0.2.12:", state="paused"),
        },
    ),
    Trial(
        asked=("--parallel", "--parallel-connections", "3", "--zerocopy"),
        proofs={
            "parallel": capability("multifd", multifd_channels=3),
            "zerocopy": capability("zero-copy-send"),
        },
        guest={"memory_mib": 7},
    ),
    Trial(
        asked=("--postcopy", "--postcopy-after-precopy", "--postcopy-bandwidth", "20", "--bandwidth", "20"),
        proofs={"postcopy, after the first pass": in_postcopy, "postcopy-bandwidth": in_postcopy},
        guest=SLOW,
    ),
    Trial(
        asked=(*NEVER, "--timeout", "45", "--timeout-abort"),
        proofs={"timeout, abort": timed_out("abort")},
        guest=BUSY,
        code=4,
    ),
    Trial(
        asked=(*NEVER, "--timeout", "45", "--timeout-suspend"),
        proofs={"timeout, suspend": timed_out("suspend")},
        guest=BUSY,
    ),
    Trial(
        asked=(*NEVER, "--timeout", "45", "--postcopy", "--timeout-postcopy"),
        proofs={"timeout, post-copy": timed_out("postcopy")},
        guest=BUSY,
    ),
    Trial(
        asked=("--persistent-xml", "/tmp/preflight-p.xml"),
        proofs={
            "offline, libvirt's way": offline("libvirt"),
            "offline, persistent-xml": noted(
                TITLE, "its definition on the destination has the title from that file", "shut off"
            ),
        },
        guest={"running": False},
        steps=(*OFF_STEPS, TITLED),
        looks=(*OFF_LOOKS, "host2: virsh dumpxml --inactive web"),
    ),
    Trial(
        asked=("--dumpxml", "--dname", "web-moved"),
        proofs={
            "offline, by dumpxml and define": offline("define", name="web-moved"),
            "offline, dname": noted("", "on the destination its name is web-moved", "shut off", "web-moved"),
        },
        guest={"running": False},
        steps=OFF_STEPS,
        looks=OFF_LOOKS,
    ),
    Trial(proofs={"offline, a saved state": refused}, steps=("host1: virsh managedsave web",), code=5),
    Trial(
        asked=(
            "--transport",
            "tls",
            "--tls",
            "--tls-destination",
            "host2.example.com",
            "--migrateuri",
            "tcp://192.0.2.12",
            "--graphicsuri",
            "vnc://192.0.2.12:5900",
            "--dname",
            "web-moved",
            "--xml",
            "/tmp/preflight-x.xml",
            "--persistent-xml",
            "/tmp/preflight-p.xml",
            "--keepsource",
        ),
        proofs={
            "over TLS": noted(r"\btls\b", "the destination's daemon had a client over TLS", name="web-moved"),
            "tls": encrypted,
            "tls-destination": encrypted,
            "graphicsuri": graphics,
            "dname": noted("", "on the destination its name is web-moved", name="web-moved"),
            "xml": noted(
                "listen='192.0.2.12'", "its VNC server listens on the destination's address", name="web-moved"
            ),
            "persistent-xml": noted(
                TITLE, "its definition on the destination has the title from that file", name="web-moved"
            ),
            "keepsource": defined(there=True, here=True, name="web-moved"),
        },
        guest=SLOW,
        before=PKI,
        steps=(
            listening("tls"),
            edited('s#</devices>#<graphics type="vnc" autoport="yes" listen="192.0.2.11"/></devices>#'),
            f"client: {XML} web | sed s/192.0.2.11/192.0.2.12/ > /tmp/preflight-x.xml",
            f"{TITLED}; sed -i s/192.0.2.11/192.0.2.12/ /tmp/preflight-p.xml",
        ),
        meanwhile=CLIENTS,
        looks=("host2: virsh dumpxml web-moved; virsh dumpxml --inactive web-moved",),
    ),
    Trial(
        asked=("--transport", "tcp", "--compressed", "--comp-methods", "mt"),
        proofs={
            "over TCP": noted(r"\btcp\b", "the destination's daemon had a client over TCP"),
            "compressed, by mt": capability("compress"),
        },
        steps=(NO_PASSWORD, listening("tcp")),
        guest=SLOW,
        meanwhile=CLIENTS,
    ),
    Trial(
        asked=(
            "--p2p",
            "--destination-uri",
            "qemu+unix:///system?socket=/run/there.sock",
            "--migrateuri",
            "unix:///run/web.sock",
        ),
        proofs={"over UNIX sockets": incoming("^unix:/run/web.sock")},
        steps=(
            "host1: ssh -fnNT -L /run/there.sock:/run/libvirt/libvirt-sock host2.example.com",
            "host1: ssh -fnNT -L /run/web.sock:/run/web.sock host2.example.com",
        ),
    ),
    Trial(
        asked=("--transport", "ssh", "--copy-storage-all", "--disks-port", "50200"),
        proofs={
            "over ssh": noted("unix", "the destination's daemon had the client at its UNIX socket, behind ssh"),
            "copy-storage-all": copied("full", "vda"),
            "disks-port": copied("full", "vda", port="50200"),
        },
        guest={"disk": "local"},
        steps=EMPTY,
        meanwhile=CLIENTS,
        looks=SAME,
    ),
    Trial(
        asked=("--copy-storage-inc", "--disks-uri", "tcp://host2.example.com:50201"),
        proofs={
            "copy-storage-inc": copied("top", "vda"),
            "disks-uri": copied("top", "vda", port="50201"),
        },
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
        asked=("--copy-storage-all", "--migrate-disks", "vda", "--unsafe"),
        proofs={"migrate-disks": copied("full", "vda"), "unsafe": flag("unsafe")},
        guest={"disk": "local"},
        steps=(
            *EMPTY,
            f"host1: truncate -s 1M {MORE}; scp -q {MORE} host2.example.com:{MORE}",
            edited(
                's#</devices>#<disk type="file" device="disk"><driver name="qemu" type="raw"/>'
                f'<source file="{MORE}"/><target dev="vdb" bus="virtio"/></disk></devices>#'
            ),
        ),
        looks=SAME,
    ),
    Trial(
        proofs={"unsafe, not spelled out": refused},
        guest={"disk": "local"},
        steps=(f"host1: scp -q {IMAGE} host2.example.com:{IMAGE}",),
        code=5,
    ),
    Trial(
        asked=("--postcopy", "--postcopy-after-precopy", "--postcopy-bandwidth", "2", "--bandwidth", "30"),
        proofs={"postcopy, broken off and resumed": postcopy_resumed},
        guest={"memory_mib": 96, "dirty_mib_per_s": 40},
        meanwhile=(f"host1: {BREAK_OFF}",),
        resume=(),
    ),
    Trial(
        asked=(
            "--compressed",
            "--comp-methods",
            "mt",
            "--comp-mt-level",
            "3",
            "--comp-mt-threads",
            "5",
            "--comp-mt-dthreads",
            "4",
        ),
        proofs={
            "comp-mt-level, threads and dthreads": capability(
                "compress", compress_level=3, compress_threads=5, decompress_threads=4
            )
        },
    ),
    Trial(
        asked=("--compressed", "--comp-methods", "xbzrle", "--comp-xbzrle-cache", "8388608"),
        proofs={"comp-xbzrle-cache": capability("xbzrle", xbzrle_cache_size=8 * MIB)},
    ),
    Trial(
        asked=("--copy-storage-all", "--copy-storage-synchronous-writes"),
        proofs={"copy-storage-synchronous-writes": copied("full", "vda", mode="write-blocking")},
        guest={"disk": "local"},
        steps=EMPTY,
        looks=SAME,
    ),
    Trial(
        asked=("--copy-storage-all", "--migrate-disks-detect-zeroes", "vda"),
        proofs={"migrate-disks-detect-zeroes": zeroes_left_out("vda")},
        release="trixie",
        guest={"disk": "local"},
        steps=EMPTY,
        looks=SAME,
    ),
    Trial(
        asked=("--copy-storage-all", "--migrate-disks-target-zero", "vda"),
        proofs={"migrate-disks-target-zero": refused_for("--migrate-disks-target-zero, which was added in 12.2.0")},
        release="trixie",
        guest={"disk": "local"},
        steps=EMPTY,
        code=5,
    ),
    Trial(
        asked=("--migrateuri", "rdma://192.0.2.12", "--rdma-pin-all"),
        proofs={"rdma-pin-all": refused_for("the host has no RDMA device")},
        code=5,
    ),
    Trial(
        asked=("--available-switchover-bandwidth", "100"),
        proofs={"available-switchover-bandwidth": capability(avail_switchover_bandwidth=100 * MIB)},
        release="trixie",
    ),
    *(
        level(method, option, number)
        for method, option, number in (("zlib", "comp-zlib-level", 4), ("zstd", "comp-zstd-level", 11))
    ),
    *(
        Trial(
            asked=("--parallel", "--compressed", "--comp-methods", method),
            proofs={f"compressed, by {method}": capability("multifd", multifd_compression=method)},
            release="trixie",
        )
        for method in ("zlib", "zstd")
    ),
)


def automatic(name: str, told: Told) -> Trial:
    """Return a trial of an option that has none of its own: it is told to a libvirt that knows it, or refused."""
    asked = typed(name.replace("-", "_"))
    releases = [release for release, libvirt in RELEASES.items() if libvirt >= (told.since or ())]
    is_local = "--copy-storage-all" in asked
    trial = Trial(
        asked=asked,
        proofs={name: parameter(name) if told.parameter else flag(name)},
        release=releases[0] if releases else list(RELEASES)[-1],
        guest={"disk": "local"} if is_local else {},
        steps=EMPTY if is_local else (),
    )
    if releases:
        return trial
    return replace(trial, proofs={name: refused_for(f"--{name}, which was added in")}, code=5)


TRIALS: tuple[Trial, ...] = (
    *EXPLICIT,
    *(
        automatic(name, told)
        for name, told in all_told().items()
        if (told.flags or told.parameter)
        and not any(name in trial.proofs or f"--{name}" in trial.asked for trial in EXPLICIT)
    ),
)
