"""Many hosts: which they are, and what is judged about all pairs of them."""
