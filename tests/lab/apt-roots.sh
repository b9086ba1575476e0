#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Made-up roots (apt-roots.awk) against the host's own apt: what it would update, and which lists it
# uses, must come out the same. "apt-roots.sh NUMBER" makes one again, in ./root-NUMBER.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export LC_ALL=C.UTF-8 XDG_CACHE_HOME=$tmp/cache
unset SUDO_UID
hulltop=$(cd "${HT_BUILDDIR:-.}" && pwd)/hulltop
first=${HT_APT_ROOTS_FIRST:-1} roots=${HT_APT_ROOTS:-16}

for tool in apt apt-get jq; do
    command -v "$tool" >/dev/null 2>&1 || { echo "SKIP apt-roots: lab-apt: no $tool"; exit 0; }
done

make_root() { # make_root NUMBER DIRECTORY
    local program file
    mkdir -p "$2"/var/lib/apt/lists/partial "$2"/etc/apt/{apt.conf.d,preferences.d,sources.list.d} \
        "$2"/var/lib/dpkg "$2"/var/cache/apt/archives/partial
    awk -v "seed=$1" -v "root=$2" -f "$here/apt-roots.awk" </dev/null |
        while read -r program file; do
            command -v "$program" >/dev/null 2>&1 || continue
            case $program in
            lz4) lz4 -q --rm "$file" "$file.lz4" ;;
            zstd) zstd -q --rm "$file" ;;
            *) "$program" -f "$file" ;;
            esac
        done
}

theirs() { # theirs DIRECTORY COMMAND...: apt there
    printf 'Dir "%s/";\nDir::State::status "%s/var/lib/dpkg/status";\nDir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n' \
        "$1" "$1" >"$tmp/apt.conf"
    shift
    APT_CONFIG=$tmp/apt.conf "$@" 2>"$tmp/apt.err"
}

ours() {
    "$hulltop" check --root "$1" --only packages --docker none --format json 2>/dev/null >"$tmp/report"
}

# compare DIRECTORY: prints what differs.
compare() {
    local list path
    theirs "$1" apt list --upgradable |
        sed -nE 's,^([^/]+)/[^ ]* ([^ ]+) ([^ ]+) \[upgradable from: ([^]]+)\]$,\1 \3 \4 \2,p' | sort >"$tmp/apt.updates"
    ours "$1"
    if grep -q '^E:' "$tmp/apt.err"; then
        # What apt refuses is named.
        jq -e '.packages.database.problems | length > 0' "$tmp/report" >/dev/null ||
            echo "apt refuses it ($(head -1 "$tmp/apt.err"))"
        return
    fi
    # shellcheck disable=SC2016 # apt fills it in
    theirs "$1" apt-get indextargets --format '$(FILENAME)' 'Created-By: Packages' |
        while read -r list; do
            for path in "$list".{xz,bz2,lzma,gz,lz4,zst} "$list"; do
                [ -e "$path" ] && basename "$path" && break
            done
        done >"$tmp/apt.lists"
    jq -r '.packages.upgradable[] | [.name, .architecture, .installed, .candidate] | join(" ")' "$tmp/report" | sort >"$tmp/our.updates"
    jq -r '.packages.index_files[]' "$tmp/report" >"$tmp/our.lists"
    theirs "$1" apt list '?obsolete' | sed -nE 's,^([^/]+)/.* \[(installed|residual|upgradable).*,\1,p' | sort >"$tmp/apt.obsolete"
    jq -r '.packages.database.unoffered_names[]' "$tmp/report" | sort >"$tmp/our.obsolete"
    diff "$tmp/apt.obsolete" "$tmp/our.obsolete"
    diff "$tmp/apt.updates" "$tmp/our.updates"
    diff "$tmp/apt.lists" "$tmp/our.lists"
}

if [ $# -gt 0 ]; then
    make_root "$1" "$PWD/root-$1"
    compare "$PWD/root-$1"
    exit
fi
updates=0
for ((number = first; number < first + roots; number++)); do
    make_root "$number" "$tmp/root"
    difference=$(compare "$tmp/root" | head -6 | tr '\n' ' ')
    updates=$((updates + $(wc -l <"$tmp/apt.updates")))
    [ -z "$difference" ] || echo "not ok root $number: $difference"
    rm -rf "$tmp/root"
done
# Roots in which nothing happens prove nothing.
if [ "$updates" -ge "$roots" ]; then
    echo "ok $roots roots with $updates updates"
else
    echo "not ok enough to compare: $updates updates in $roots roots"
fi
