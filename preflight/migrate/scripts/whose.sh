# shellcheck shell=sh
# Says "both" where this host sees $2 in the directory $1, else "own". By the directory's list, which NFS reads anew
# where it would answer for a single name from memory. In words, since sudo does not tell a failure from a "no".

names=$(ls -a -- "$1") || exit
case "
$names
" in *"
$2
"*) echo both;; *) echo own;; esac
