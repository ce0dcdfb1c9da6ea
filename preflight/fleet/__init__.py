"""Many hosts: which they are, what is judged about all pairs of them, and what differs between them."""
