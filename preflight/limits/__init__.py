"""The readers of each limit: one host's facts in, one `Limit` out. Which of them lie in the path, `capacity` says."""
