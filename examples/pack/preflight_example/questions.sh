# shellcheck shell=sh
# Questions of this pack, each a function that prints an answer and changes nothing.
# preflight: read-only

tuned_profile() {
  # the exit code is 44 on a host without tuned
  slurp /etc/tuned/active_profile
}
