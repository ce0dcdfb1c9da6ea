# shellcheck shell=sh
# Prints the answer to the question $2 under the name $1; shell.py fills in the token. With `together`, questions run in
# one process, one after the other: the standard output of each is followed by its exit code, and `told` prints what all
# of them wrote to standard error.

together=
emit() {
  if [ -n "$together" ]; then
    eval "$2"
    printf '\n%s %s %s\n' @token@ "$1" $?
    printf '\n%s\n' @token@ >&2
  else
    { e=$( eval "$2" 2>&1 >&3 3>&- </dev/null ); c=$?; } 3>&1
    printf '\n%s %s %s\n%s\n%s\n' @token@ "$1" $c "$e" @token@
  fi
}
# what a question that ended the process printed belongs to none
told() { printf '\n%s -\n%s\n%s .\n' @token@ "$e" @token@; }
