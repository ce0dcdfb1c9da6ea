"""What preflight has and lacks, as `doctor` shows it."""
