#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# This host's packages: the same updates, candidates and lists as apt's own.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export LC_ALL=C.UTF-8 XDG_CACHE_HOME=$tmp/cache
unset SUDO_UID
hulltop=${HT_BUILDDIR:-.}/hulltop

for tool in apt apt-get jq; do
    command -v "$tool" >/dev/null 2>&1 || { echo "SKIP packages: lab-apt: no $tool"; exit 0; }
done
compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || { echo 'SKIP packages: lab-apt: no package lists on this host'; exit 0; }

same() {
    if cmp -s "$tmp/$2" "$tmp/$3"; then
        echo "ok $1"
    else
        echo "not ok $1: $(diff "$tmp/$2" "$tmp/$3" | head -5 | tr '\n' ' ')"
    fi
}

"$hulltop" check --only packages --docker none --format json >"$tmp/report" 2>"$tmp/errors"
status=$?
if [ "$status" -ge 2 ] && [ "$status" -ne 3 ]; then
    echo "not ok report: status $status: $(head -1 "$tmp/errors")"
    exit 0
fi
missing=$(jq -r -f "$here/contract.jq" "$tmp/report")
[ -z "$missing" ] && echo 'ok contract' || echo "not ok contract: $missing"

jq -r '.packages.upgradable[] | [.name, .installed, .candidate] | @tsv' "$tmp/report" | sort >"$tmp/ours"
# "one/stable 1.2 amd64 [upgradable from: 1.1]"
apt list --upgradable 2>/dev/null |
    sed -nE 's,^([^/]+)/[^ ]* ([^ ]+) [^ ]+ \[upgradable from: ([^]]+)\]$,\1\t\3\t\2,p' | sort >"$tmp/theirs"
same updates ours theirs
jq -r '.packages.index_files[]' "$tmp/report" >"$tmp/ours"
apt-get indextargets --format '$(FILENAME)' 'Created-By: Packages' 2>/dev/null |
    while read -r file; do
        for path in "$file".{xz,bz2,lzma,gz,lz4,zst} "$file"; do
            [ -e "$path" ] && basename "$path" && break
        done
    done >"$tmp/theirs"
same index-files ours theirs
jq -r '.packages.database.installed' "$tmp/report" >"$tmp/ours"
# shellcheck disable=SC2016 # dpkg's own variable
dpkg-query -W -f '${db:Status-Status}\n' | grep -cvE '^(not-installed|config-files)$' >"$tmp/theirs"
same installed ours theirs

# From the cache it is the same answer.
"$hulltop" check --only packages --docker none --format json >"$tmp/again" 2>/dev/null
jq -S .packages.upgradable "$tmp/report" >"$tmp/ours"
jq -S .packages.upgradable "$tmp/again" >"$tmp/theirs"
same again ours theirs
