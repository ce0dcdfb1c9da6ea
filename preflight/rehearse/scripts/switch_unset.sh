# shellcheck shell=sh
# Removes the file of the switch for the guest $3 of the run $2 in the directory $1, which then ends by itself.

cd "$1" && rm -f "$2.abort.$3"
