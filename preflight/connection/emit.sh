# shellcheck shell=sh
# Prints the answer to the question $2 under the name $1; shell.py fills in the token.

emit() { { e=$( eval "$2" 2>&1 >&3 3>&- </dev/null ); c=$?; } 3>&1
printf '\n%s %s %s\n%s\n%s\n' @token@ "$1" $c "$e" @token@; }
