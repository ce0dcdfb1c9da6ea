# shellcheck shell=sh
# Prints the file whose path is $1, packed, in base64.

cd -P -- "${1%/*}/" && [ -f "./${1##*/}" ] && gzip -c <"./${1##*/}" | base64 -w 0
