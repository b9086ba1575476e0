#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# This host's packages: the same updates, candidates and lists as apt's own; and processes kept on
# replaced libraries, as needrestart sees them.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
export LC_ALL=C.UTF-8 XDG_CACHE_HOME=$tmp/cache
unset SUDO_UID
hulltop=${HT_BUILDDIR:-.}/hulltop


# --- old code that runs, on real files and processes ---

place='' passing='' process=''
stop_process() {
    [ -z "$process" ] || kill "$process" 2>/dev/null
    [ -z "$process" ] || wait "$process" 2>/dev/null
    process=''
}
end_scene() {
    stop_process
    [ -z "$place" ] || rm -rf "$place"
    [ -z "$passing" ] || rm -rf "$passing"
    rm -rf "$tmp"
}
trap end_scene EXIT

# Nobody writes to it: a read from it waits without a program.
exec {never}<> <(:)

# start_process LIBRARY: a process of the node that has it loaded when this returns.
start_process() {
    stop_process
    LD_PRELOAD=$1 sleep 1000 &
    process=$!
    for _ in {1..2000}; do
        grep -qF -- "$1" "/proc/$process/maps" 2>/dev/null && return
        read -rt 0.05 -u "$never" || :
    done
}

# As a package manager does it: the new file takes the name of the old one.
replace() { cp -p "$1" "$1.dpkg-new" && mv "$1.dpkg-new" "$1"; }

# seen LIBRARY: whether hulltop finds the process on it; its package is in $tmp/package.
seen() {
    "$hulltop" check --only packages --docker none --timeout 300 --format json >"$tmp/scene" 2>/dev/null
    jq -r --argjson pid "$process" --arg path "$1" '.packages.running_old[]
        | select(.pid == $pid and (.files | index($path))) | .package // "-"' "$tmp/scene" >"$tmp/package"
    [ -s "$tmp/package" ]
}

# needrestart names the processes that it would have restarted when it is asked to be verbose.
seen_by_needrestart() {
    needrestart -v -b -r l 2>&1 | grep -E "#$process uses (deleted|obsolete|obsolete binary|non-existing) " | grep -qF -- "$1"
}

# agree NAME LIBRARY WANTED: both say yes, or no.
agree() {
    local ours=no theirs=no
    ! seen "$2" || ours=yes
    [ "$ours" = "$3" ] && echo "ok $1" || echo "not ok $1: hulltop says $ours"
    command -v needrestart >/dev/null 2>&1 || { echo "SKIP $1, as needrestart says: lab-needrestart: no needrestart"; return; }
    ! seen_by_needrestart "$2" || theirs=yes
    [ "$theirs" = "$ours" ] && echo "ok $1, as needrestart says" || echo "not ok $1, as needrestart says: it says $theirs"
}

# scene NAME LIBRARY
scene() {
    start_process "$2"
    agree "$1 that is as it was" "$2" no
    replace "$2"
    agree "$1 that was replaced" "$2" yes
    start_process "$2"
    agree "$1 that was replaced before the restart" "$2" no
    stop_process
}

# start_program PATH: a process of the node that runs a copy of sleep there.
start_program() {
    stop_process
    cp "$(command -v sleep)" "$1" || exit 1
    "$1" 1000 &
    process=$!
    for _ in {1..2000}; do
        [ "$(readlink "/proc/$process/exe")" != "$1" ] || return
        read -rt 0.05 -u "$never" || :
    done
}

# A library of a package: a copy of its folder lies over it, for this script and its children alone.
if [ "${1:-}" = package ]; then
    folder=$(dirname "$2")
    place=$(mktemp -d /usr/local/lib/hulltop-lab.XXXXXX)
    cp -a "$folder/." "$place" && mount --bind "$place" "$folder" || exit 1
    scene "a package's library" "$2"
    start_process "$2" && replace "$2" && seen "$2"
    wanted=$(dpkg -S "$2" 2>/dev/null | sed -n '1s/[:,].*//p')
    [ "$(cat "$tmp/package")" = "$wanted" ] && echo "ok which is of $wanted" ||
        echo "not ok which is of $wanted: $(cat "$tmp/package")"
    stop_process
    umount -l "$folder"
    exit 0
fi

# --- what apt says ---

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
# shellcheck disable=SC2016 # apt fills it in
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

jq -r '.packages.database.unoffered' "$tmp/report" >"$tmp/ours"
apt list '?obsolete' 2>/dev/null | grep -c '\[installed' >"$tmp/theirs"
same 'packages of no list' ours theirs

# From the cache it is the same answer.
"$hulltop" check --only packages --docker none --format json >"$tmp/again" 2>/dev/null
jq -S .packages.upgradable "$tmp/report" >"$tmp/ours"
jq -S .packages.upgradable "$tmp/again" >"$tmp/theirs"
same again ours theirs

# --- files that dpkg put there ---

# sealed NAME UNREAD DIFFERENT: of the one file of a root, whether it is read, and is another.
sealed() {
    local answer
    answer=$("$hulltop" check --root "$tmp/root" --only packages --docker none --format node 2>/dev/null |
        jq -c '.package_seals[0] | [.compared, .unchanged, (.differing | length)]')
    [ "$answer" = "[1,$2,$3]" ] && echo "ok $1" || echo "not ok $1: $answer instead of [1,$2,$3]"
}

seal_scene() {
    mkdir -p "$tmp/deb/DEBIAN" "$tmp/deb/usr/bin" "$tmp/root/var/lib/dpkg"/{info,updates}
    printf 'Package: runc\nVersion: 1-1\nArchitecture: all\nMaintainer: x <x@example.net>\nDescription: x\n' >"$tmp/deb/DEBIAN/control"
    echo one >"$tmp/deb/usr/bin/runc"
    (cd "$tmp/deb" && md5sum usr/bin/runc) >"$tmp/deb/DEBIAN/md5sums"
    : >"$tmp/root/var/lib/dpkg/status"
    dpkg-deb -b "$tmp/deb" "$tmp/runc.deb" && dpkg --root="$tmp/root" --log=/dev/null --force-all -i "$tmp/runc.deb" || return 1
} >/dev/null 2>&1

if [ "$(id -u)" != 0 ] || ! seal_scene; then
    echo 'SKIP files of dpkg: lab-dpkg: not root, or no package can be made'
else
    sealed 'a file as dpkg put it there is not read' 1 0
    cp -p "$tmp/root/usr/bin/runc" "$tmp/kept"
    printf two >"$tmp/root/usr/bin/runc" && echo >>"$tmp/root/usr/bin/runc"
    touch -r "$tmp/kept" "$tmp/root/usr/bin/runc"
    # As if dpkg had been a while ago: clocks of files go in steps.
    touch -d '1 minute ago' "$tmp/root/var/lib/dpkg/info/runc.list"
    sealed 'a file of the same size and time that was written to is told' 0 1
    cp -a "$tmp/root" "$tmp/later" && rm -rf "$tmp/root" && mv "$tmp/later" "$tmp/root"
    cp -p "$tmp/kept" "$tmp/root/usr/bin/runc"
    sealed 'a copy of the root is read' 0 0
fi

# --- what needrestart says ---

if [ "$(id -u)" != 0 ]; then
    echo 'SKIP old code: root: not root'
    exit 0
fi
any=$(ldconfig -p | sed -nE 's,.* => (/.*/libz\.so\.1)$,\1,p' | head -1)
place=$(mktemp -d /usr/local/lib/hulltop-lab.XXXXXX)
cp "$(readlink -f "$any")" "$place/libx.so"
scene "a library of nobody's" "$place/libx.so"
start_process "$place/libx.so" && replace "$place/libx.so" && seen "$place/libx.so"
[ "$(cat "$tmp/package")" = - ] && echo "ok which is of no package" || echo "not ok which is of no package: $(cat "$tmp/package")"
stop_process
library=$(compgen -G '/usr/lib/*/gconv/ISO8859-1.so' | head -1)
if [ -z "$library" ] || ! unshare -m --propagation private true 2>/dev/null; then
    echo "SKIP a package's library: lab-plain: no mount namespace, or no gconv"
else
    unshare -m --propagation private bash "$0" package "$library"
fi

# --- programs where files come and go: what is gone is the drift's to tell ---

# told PATH WANTED: whether the program is told as deleted, by DRF-009 or DRF-010.
told() {
    "$hulltop" check --only drift --docker none --timeout 300 --format json >"$tmp/drift" 2>/dev/null
    jq --arg path "$1" '[.findings[] | select((.check == "DRF-009" or .check == "DRF-010")
        and ([.. | strings | select(contains($path))] | length > 0))] | length > 0' "$tmp/drift" >"$tmp/told"
    [ "$(cat "$tmp/told")" = "$2" ]
}

passing=$(mktemp -d /tmp/hulltop-lab.XXXXXX)
program=$passing/program
start_program "$program"
agree 'a program in a temporary folder' "$program" no
replace "$program"
agree 'a program in a temporary folder that was replaced' "$program" yes
told "$program" false && echo 'ok which is told once' || echo 'not ok which is told once: drift tells it too'
start_program "$program.2"
ln "$program.2" "$program.3" && rm "$program.2"
agree 'a program in a temporary folder that has another name left' "$program.2" yes
start_program "$program.4"
rm "$program.4"
seen "$program.4" && echo 'not ok a program that is gone from a temporary folder is no old code' ||
    echo 'ok a program that is gone from a temporary folder is no old code'
told "$program.4" true && echo 'ok but was deleted' || echo 'not ok but was deleted: drift does not tell it'
stop_process
