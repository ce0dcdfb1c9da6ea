"""Texts that an attacker would have a host say, for tests of whatever takes them."""

#: What an attacker would have a host announce as its name: each runs something where it is not quoted.
HOSTILE_NAMES = (
    "x;do(:);done;touch @here@/pwned;for n in y",
    "x$(touch @here@/pwned)",
    "`touch @here@/pwned`",
    "'; touch @here@/pwned; '",
    '"; touch @here@/pwned; "',
    "x\ntouch @here@/pwned\n",
    "x | touch @here@/pwned",
    "x & touch @here@/pwned &",
    "@content@ @path@ @judge@",
)
