# shellcheck shell=sh
# Adds a guest to what the process of the run ($2) in the directory $1 has to start: its UUID $3, the inode $4 and the
# size $5 of its log as its move begins, and its name $6.

cd "$1" && [ -f "$2.start" ] && printf '%s %s %s %s\n' "$3" "$4" "$5" "$6" >> "$2.start"
