"""The files of examples/gates, run as they stand: `make gates`.

They need root, git, apt and a network; what they install goes into a cache outside of the checkout. The outcome is in
recorded.json with the digest of the files, so that `make check` notices a file that was changed and not run again.
"""
