"""What the user asks for: how guests are to be moved, and with which options. Values; nothing here contacts a host."""
