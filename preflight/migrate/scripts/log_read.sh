# shellcheck shell=sh
# Prints what log_since does of the log $1 with the inode $2 behind $3 bytes.

log_since "$1" "$2" "$3"
