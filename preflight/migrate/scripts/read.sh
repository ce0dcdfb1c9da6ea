# shellcheck shell=sh
# Prints the file at the path $1, compressed, in base64.

cd -P -- "${1%/*}/" && [ -f "./${1##*/}" ] && gzip -c <"./${1##*/}" | base64 -w 0
