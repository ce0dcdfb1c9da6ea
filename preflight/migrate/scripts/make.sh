# shellcheck shell=sh
# Makes the directory $3 with mode $4 in our staging directory; sent after enter.sh.

enter "$1" "$2"; mkdir -- "./$3" && chmod -- "$4" "./$3"
