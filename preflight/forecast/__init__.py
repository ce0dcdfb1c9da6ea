"""What to expect of a migration that can be done: how long it takes, and how many guests the destination can hold."""
