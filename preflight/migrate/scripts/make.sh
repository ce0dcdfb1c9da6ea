# shellcheck shell=sh
# Makes the directory $3 of mode $4 in our own; behind enter.sh.

enter "$1" "$2"; mkdir -- "./$3" && chmod -- "$4" "./$3"
