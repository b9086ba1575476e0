# shellcheck shell=bash disable=SC2034 # variables are for those who read this
# SPDX-License-Identifier: GPL-2.0-or-later
# For benches: samples of a run, their medians, and one line for each figure:
#   bench NAME ours=N peer=N ratio=N limit=N ok|over
#   bench NAME not measured: REASON

src=$(cd "${HT_SRCDIR:-.}" && pwd) build=$(cd "${HT_BUILDDIR:-.}" && pwd)
tools=$build/tests/bench
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# A lab that was ended from the keyboard leaves as if of itself: without this the bench would go on.
trap 'exit 130' INT

have() { command -v "$1" >/dev/null 2>&1; }

# inside DIRECTORY: a script that started itself again goes on with the samples of the first.
inside() {
    rm -rf "$tmp"
    trap - EXIT
    tmp=$1
    export XDG_STATE_HOME=$tmp/state
}

# in_scene SLEEPERS CONTAINERS ARGUMENT...: this script again with those arguments, "inside" and the
# directory of the samples, while so many processes sleep and so many containers run. Without root
# there are no containers, which is said; $with tells how many there were.
in_scene() {
    local command=("$tools/sleepers" "$1" "$0" "${@:3}" inside "$tmp")
    with=$2
    "$src/tests/lab/many.sh" "$with" "${command[@]}" >"$tmp/lab" 2>&1 && return
    [ ! -e "$tmp/done" ] || exit 1
    with=0
    echo "bench ${0##*/}: without containers: $(tail -n 1 "$tmp/lab")"
    "${command[@]}" || exit 1
}

# sample NAME VALUE: one more value of a series.
sample() { echo "$2" >>"$tmp/$1"; }

median() {
    sort -g "$tmp/$1" | awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# row NAME OURS PEER LIMIT [UNIT]: medians of two series, or numbers; the ratio decides. LIMIT "-"
# only tells.
row() {
    local ours peer
    ours=$([ -e "$tmp/$2" ] && median "$2" || echo "$2")
    peer=$([ -e "$tmp/$3" ] && median "$3" || echo "$3")
    awk -v name="$1" -v ours="$ours" -v peer="$peer" -v limit="$4" -v unit="${5:-us}" 'BEGIN {
        ratio = peer > 0 ? ours / peer : 0
        verdict = limit == "-" ? "" : ratio <= limit ? " ok" : " over"
        printf "bench %s ours=%.6g%s peer=%.6g%s ratio=%.3f limit=%s%s\n", name, ours, unit, peer, unit, ratio, limit, verdict }'
}

# atmost NAME OURS LIMIT UNIT: a figure with a limit of its own and no peer.
atmost() {
    local ours
    ours=$([ -e "$tmp/$2" ] && median "$2" || echo "$2")
    awk -v name="$1" -v ours="$ours" -v limit="$3" -v unit="$4" 'BEGIN {
        printf "bench %s ours=%.6g%s peer=- ratio=- limit=%s%s %s\n", name, ours, unit, limit, unit, ours <= limit ? "ok" : "over" }'
}

not_measured() { echo "bench $1 not measured: $2"; }

# value KEY LINE: the number behind KEY in a line of ptytime.
value() { awk -v key="$1" '{ for (i = 1; i < NF; i++) if ($i == key) print $(i + 1) }' <<<"$2"; }

# Nothing of an earlier run (as root it is /var/lib/hulltop all the same).
export XDG_STATE_HOME=$tmp/state
hulltop=$build/hulltop
