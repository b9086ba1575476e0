# shellcheck shell=bash disable=SC2034 # variables are for those who read this
# SPDX-License-Identifier: GPL-2.0-or-later
# For tests of the answer about updates below a made-up root. Source it; what it makes goes away at
# the end. "$clean" is what is said of a host that is up to date: nothing runs in another root, so
# that part of the question stays open.
# shellcheck source=tests/hostile/apart.bash
. "$(dirname "$0")/apart.bash"
hulltop=$(cd "${HT_BUILDDIR:-.}" && pwd)/hulltop
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
export LC_ALL=C.UTF-8 XDG_CACHE_HOME=$dir/cache
unset SUDO_UID
failed=0 clean='PASS PASS PART'
root=$dir/root
lists=$root/var/lib/apt/lists
base=$lists/deb.example.net_debian-security_dists_bookworm-security
list=${base}_main_binary-amd64_Packages

command -v jq >/dev/null 2>&1 || { echo 'SKIP packages: jq: not here'; exit 0; }

ok() { echo "ok $1"; }
not_ok() {
    echo "not ok $1: $2"
    failed=1
}

stanza() { printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nDescription: %s\n\n' "$1" "$2" "$1"; }

# A host that is up to date, with fresh lists.
make_root() {
    rm -rf "$root" "$dir/cache"
    mkdir -p "$lists/partial" "$root"/etc/apt/{apt.conf.d,sources.list.d,preferences.d} \
        "$root"/var/lib/dpkg/info "$root/usr/share/distro-info" "$root/run"
    printf 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian 12"\n' >"$root/etc/os-release"
    echo 'APT::Architecture "amd64";' >"$root/etc/apt/apt.conf.d/01arch"
    echo 'deb http://deb.example.net/debian-security bookworm-security main' >"$root/etc/apt/sources.list"
    printf 'Package: one\nStatus: install ok installed\nVersion: 1.0-2\nArchitecture: amd64\n' >"$root/var/lib/dpkg/status"
    { stanza one 1.0-2; seq -f 'x%g' 400 | while read -r name; do stanza "$name" 1; done; } >"$list"
    release
}

# The Release file, which names the size that the list has now.
release() {
    printf '%s\n' 'Origin: Debian' 'Label: Debian-Security' 'Suite: stable-security' 'Codename: bookworm-security' \
        'Version: 12' 'Architectures: amd64' 'Components: main' "Date: $(date -u '+%a, %d %b %Y %H:%M:%S UTC')" SHA256: \
        " $(printf %064d 0) $(wc -c <"$list") main/binary-amd64/Packages" >"${base}_InRelease"
}

# is NAME WANTED: what is said of pending updates and of the lists.
is() {
    local said status
    if [ -f "$list" ] && [ -f "${base}_InRelease" ] && ! [ -L "${base}_InRelease" ]; then release; fi
    timeout 60 "$hulltop" check --root "$root" --only packages --docker none --format json \
        >"$dir/report" 2>"$dir/error"
    status=$?
    said=$(jq -r '.packages | if . then .verdicts.pending + " " + .verdicts.lists else "none" end' "$dir/report" 2>/dev/null)
    said+=" $(jq -r '.questions[] | select(.number == 4) | .state' "$dir/report" 2>/dev/null)"
    if [ "$status" = 124 ]; then
        not_ok "$1" 'it waits for ever'
    elif [ "$said" = "$2" ]; then
        ok "$1"
    else
        not_ok "$1" "$said instead of $2: $(jq -r '.packages.database.unreadable, .packages.database.problems | .[]?' "$dir/report" 2>/dev/null | head -2 | cut -c1-200 | tr '\n' ' ')$(head -c 200 "$dir/error")"
    fi
}

# names NAME TEXT: the report says it.
names() {
    if grep -qF -- "$2" "$dir/report"; then ok "$1"; else not_ok "$1" "no \"$2\""; fi
}
