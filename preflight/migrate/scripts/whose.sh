# shellcheck shell=sh
# Prints "both" if this host sees $2 in the directory $1, else "own". It reads the directory's list, which NFS fetches
# again, while it would answer for a single name from its cache. It prints words, since sudo does not distinguish a
# failure from a "no".

names=$(ls -a -- "$1") || exit
case "
$names
" in *"
$2
"*) echo both;; *) echo own;; esac
