"""The answer of a rehearsal beside the result of virsh, on the broken and the sound hosts of `tests.lab.truth`."""
