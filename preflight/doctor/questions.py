"""The questions of a diagnosis to a host: what the login may do there. No content of a file is sent."""

from preflight.collect.questions import LOOK, STANDING
from preflight.shell_text import ShellText, fixed, joined

#: Programs that the questions of a check run on a host, besides those that every host has; of those in one text, one
#: suffices. The firewall's programs are not among them: without them a host may have no firewall.
PROGRAMS = ("virt-admin", "virsh", "ip", "setpriv", "flock", "bash nc")

_LACKING = """for words in {}; do
  for program in $words; do if command -v "$program" >/dev/null; then continue 2; fi; done
  printf '%s\\n' "${{words%% *}}"
done"""

#: By record. The answer to a question about a right is the exit code.
QUESTIONS: dict[str, ShellText] = {
    **{name: STANDING[name] for name in ("session", "os-release", "openssh")},
    **fixed(
        {
            "may.root": "as_root true",
            "may.qemu.conf": "slurp /etc/libvirt/qemu.conf >/dev/null",
            "may.sshd": "as_root sshd -T >/dev/null",
            "may.firewall": "nft_rules >/dev/null",
            "programs": _LACKING.format(" ".join(f"'{words}'" for words in PROGRAMS)),
        }
    ),
    "may.limits": joined((LOOK, *fixed({"": "limits"}).values())),
}
