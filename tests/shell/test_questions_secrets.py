"""The shell functions that compare secrets between hosts, on values of every kind and on real encrypted images."""

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest

from preflight.collect import questions
from preflight.facts.fact import Record, Unreadable
from preflight.facts.storage.secret_digests import KeySlots, SecretDigests
from tests.shell.host import SHELLS, Host

UUID = "6d0ee5a0-0000-4000-8000-000000000001"
VALUE = base64.b64encode(b"hello123").decode()


@pytest.fixture(params=SHELLS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    return Host(str(request.param), tmp_path)


def asked(host: Host, *wanted: tuple[str, str]) -> SecretDigests:
    done = host.run(questions.secret_digests(wanted))
    assert done.stderr == ""
    assert VALUE not in done.stdout
    return SecretDigests.parse(Record(done.stdout))


def kept(tmp_path: Path, text: str) -> tuple[str, str]:
    path = tmp_path / f"{UUID}.base64"
    path.write_text(text)
    return UUID, str(path)


def test_secret_digests_are_the_same_from_a_file_and_from_libvirt(host: Host, tmp_path: Path) -> None:
    of_file = asked(host, kept(tmp_path, VALUE))
    host.has_program("virsh", f"[ \"$*\" = '-q -c qemu:///system secret-get-value {UUID}' ] && printf '{VALUE}\\n\\n'")
    of_libvirt = asked(host, (UUID, ""))
    assert of_file.of(UUID) == of_libvirt.of(UUID)
    of_file.must_be_of_the_run_of(of_libvirt)


def test_secret_digests_differ_for_other_values_and_none_is_that_of_the_value_alone(host: Host, tmp_path: Path) -> None:
    one = asked(host, kept(tmp_path, VALUE)).of(UUID)
    two = asked(host, kept(tmp_path, VALUE + "AAAA")).of(UUID)
    plain = {hashlib.sha256(text).hexdigest() for text in (VALUE.encode(), b"hello123", b"")}
    assert len({one, two, *plain}) == 5


def test_secret_digests_differ_in_a_run_with_other_keys(host: Host, tmp_path: Path) -> None:
    one = asked(host, kept(tmp_path, VALUE))
    questions._keys.cache_clear()
    two = asked(host, kept(tmp_path, VALUE))
    assert one.of(UUID) != two.of(UUID)
    with pytest.raises(Unreadable, match="different runs"):
        one.must_be_of_the_run_of(two)


def test_no_process_has_the_value_or_a_key_in_its_arguments_or_environment(host: Host, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    for name in ("sha256sum", "head", "test"):
        host.has_program(name, f'{{ echo "$*"; env; }} >> {seen}; exec /usr/bin/{name} "$@"')
    inner, outer, _ = questions._keys()
    asked(host, kept(tmp_path, VALUE))
    assert not [one for one in (inner, outer, VALUE) if one in seen.read_text()]


def test_values_that_are_not_shown_say_why(host: Host, tmp_path: Path) -> None:
    assert asked(host, (UUID, str(tmp_path / "gone"))).of(UUID) is None
    for said, why in (
        ("error: Requested operation is not valid: secret is private", "is private"),
        ("error: failed to connect to the hypervisor", "could not be read"),
    ):
        host.has_program("virsh", f"echo '{said}' >&2; exit 1")
        with pytest.raises(Unreadable, match=why):
            asked(host, (UUID, "")).of(UUID)
    host.has_program("virsh", f"echo \"error: secret '{UUID}' does not have a value\" >&2; exit 1")
    assert asked(host, (UUID, "")).of(UUID) is None
    (tmp_path / "empty").touch()
    with pytest.raises(Unreadable, match="could not be read"):
        asked(host, (UUID, str(tmp_path / "empty"))).of(UUID)


def test_what_is_no_uuid_is_not_asked_about(host: Host) -> None:
    assert asked(host, ("../../shadow", "/etc/shadow")).answers == {}


def image(path: Path, kind: str, size: str = "1M") -> Path:
    named = {
        "luks": "key-secret=s,iter-time=10",
        "qcow2": "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10",
    }
    made = [
        "qemu-img",
        "create",
        "-q",
        "-f",
        kind,
        "--object",
        "secret,id=s,data=one",
        "-o",
        named[kind],
        str(path),
        size,
    ]
    subprocess.run(made, check=True)
    return path


def slots(host: Host, path: Path) -> KeySlots:
    done = host.run(questions.key_slots([str(path)]))
    assert done.stderr == ""
    return KeySlots.parse(Record(done.stdout))


@pytest.mark.parametrize("kind", ["luks", "qcow2"])
def test_key_slots_of_an_image_are_counted(host: Host, tmp_path: Path, kind: str) -> None:
    path = image(tmp_path / "a", kind)
    assert slots(host, path).count(str(path)) == 1
    opened = f"driver=luks,key-secret=s,file.filename={path}"
    if kind == "qcow2":
        opened = f"driver=qcow2,encrypt.format=luks,encrypt.key-secret=s,file.filename={path}"
    added = "encrypt.state=active,encrypt.new-secret=n,encrypt.iter-time=10"
    added = added if kind == "qcow2" else added.replace("encrypt.", "")
    more = ["--object", "secret,id=s,data=one", "--object", "secret,id=n,data=two"]
    subprocess.run(["qemu-img", "amend", *more, "-o", added, "--image-opts", opened], check=True)
    assert slots(host, path).count(str(path)) == 2


def test_set_slots_of_images_without_such_a_header_are_unknown(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "a"
    hostile = b"QFI\xfb" + b"\0" * 100 + bytes.fromhex("0537be7700000010") + b"\xff" * 16
    for content in (b"", b"LUKS\xba\xbe\0\x02" + b"\0" * 4096, b"LUKS\xba\xbe\0\x01", hostile + b"\0" * 4096):
        path.write_bytes(content)
        with pytest.raises(Unreadable, match="could not be read"):
            slots(host, path).count(str(path))
    for none in (tmp_path, tmp_path / "gone", Path("/dev/zero")):
        with pytest.raises(Unreadable):
            slots(host, none).count(str(none))
