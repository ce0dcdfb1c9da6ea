"""What lies at the paths of guests' disks, and who may read it: files, devices, images, pools, servers, secrets."""
