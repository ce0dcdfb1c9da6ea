"""The death of preflight at any moment of a transfer, and where its guest is a minute later."""
