# shellcheck shell=sh
# Prints for each log file named from $2 on, in the directory $1, its inode and its size in bytes, or "-" without one.

cd -- "$1" || exit; shift
for f; do stat -c '%i %s' -- "./$f" 2>/dev/null || echo -; done
