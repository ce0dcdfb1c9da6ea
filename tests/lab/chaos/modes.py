"""Each mode of a migration, and the words that ask for it; virsh and preflight have the same."""

MODES = {"managed": (), "p2p": ("--p2p",), "tunnelled": ("--p2p", "--tunnelled")}
