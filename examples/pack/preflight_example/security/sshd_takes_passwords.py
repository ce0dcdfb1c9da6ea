"""sshd accepts passwords.

Why it matters
    Our hosts are reached with keys alone: a password can be guessed, and is not revoked with its owner's key.

How to fix
    Set `PasswordAuthentication no` and `KbdInteractiveAuthentication no` in sshd's configuration, also in Match blocks,
    and reload sshd.
"""

from preflight.facts import EffectiveSshd
from preflight.rule import Findings, Severity, on_host, rule

#: The second was called ChallengeResponseAuthentication before OpenSSH 8.7.
KEYWORDS = ("passwordauthentication", "kbdinteractiveauthentication", "challengeresponseauthentication")


@rule(Severity.ERROR)
def check(host: EffectiveSshd) -> Findings:
    for keyword in KEYWORDS:
        for setting in host.anywhere(keyword) if keyword in host.settings else ():
            if setting.value.lower() != "no":
                yield on_host(f"sshd accepts passwords: {keyword} is {setting}", at=setting)
