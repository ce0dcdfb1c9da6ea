"""What befalls a guest between a fault and `--resume`, really made on the hosts of the lab."""
