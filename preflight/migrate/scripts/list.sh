# shellcheck shell=sh
# Lists what is at the path $1, where at most $3 names and $2 bytes may be: one line for each name, then one line with
# the digest for each file. If nothing exists there, the exit code is 44. The text of the error decides that, since
# neither `[ -e` nor sudo distinguishes a failure from a "no". Empty files are not read: some kernel files report a size
# of 0 and never end.

LC_ALL=C; export LC_ALL; p=$1
e=$(stat -- "$p" 2>&1 >/dev/null) || case $e in
*": No such file or directory") exit 44;;
*) printf '%s\n' "$e" >&2; exit 1;; esac
cd -P -- "${p%/*}/" || exit; n=./${p##*/}
[ "$(find "$n" | head -n "$(($3 + 1))" | wc -l)" -le "$3" ] || { echo "more than $3 files" >&2; exit 1; }
[ -z "$(find "$n" -type f -size "+$(($2 / 1024))k" | head -n 1)" ] || { echo "more than $2 bytes" >&2; exit 1; }
find "$n" -exec stat -c '%f %s %n' -- {} + && find "$n" -type f ! -size 0 -exec sha256sum -- {} +
