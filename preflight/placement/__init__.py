"""The plan of an evacuation: which guest goes to which destination, in which order. Values; asks no host."""
