# shellcheck shell=sh
# Lists what lies at the path $1, of which $3 names and $2 bytes may lie there: one line a name, then one line a file
# with its digest. What does not exist answers with 44; that is said by the error's text, since neither `[ -e` nor sudo
# tells a failure from a "no". What is empty is not read: some of the kernel's files say that they are, and give no end
# of content.

LC_ALL=C; export LC_ALL; p=$1
e=$(stat -- "$p" 2>&1 >/dev/null) || case $e in
*": No such file or directory") exit 44;;
*) printf '%s\n' "$e" >&2; exit 1;; esac
cd -P -- "${p%/*}/" || exit; n=./${p##*/}
[ "$(find "$n" | head -n "$(($3 + 1))" | wc -l)" -le "$3" ] || { echo "more than $3 files" >&2; exit 1; }
[ -z "$(find "$n" -type f -size "+$(($2 / 1024))k" | head -n 1)" ] || { echo "more than $2 bytes" >&2; exit 1; }
find "$n" -exec stat -c '%f %s %n' -- {} + && find "$n" -type f ! -size 0 -exec sha256sum -- {} +
