# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the lint scripts share. Each works on the tree below HT_SRCDIR.

export LC_ALL=C.UTF-8
cd "${HT_SRCDIR:-.}" || exit 2
lint=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

# sources DIR...: the C files below the directories that exist.
sources() {
    local dir
    for dir in "$@"; do
        [ ! -d "$dir" ] || find "$dir" -name '*.[ch]' | LC_ALL=C sort
    done
}

# scripts: the shell scripts of the project, by their names or first lines.
scripts() {
    {
        find bootstrap .ci/run tests/run -type f -print 2>/dev/null
        find tests -name fixtures -prune -o -name corpus -prune -o -name log -prune -o -type f -print
        [ ! -d contrib ] || find contrib -name '*.bash'
    } | sort -u | tr '\n' '\0' | xargs -0r awk '
        FNR == 1 && (FILENAME ~ /\.bash$/ || /^#!.*[\/ ](ba|da)?sh( |$)/) { print FILENAME }
        { nextfile }'
}

# report NAME: "ok NAME", or "not ok NAME" with the lines of standard input as what is wrong.
report() {
    local wrong
    wrong=$(cat)
    if [ -z "$wrong" ]; then
        echo "ok $1"
    else
        echo "not ok $1: $(grep -c '' <<<"$wrong") places"
        sed 's/^/# /' <<<"$wrong" | head -n 50
    fi
}

# plain FILE...: the code without comments and without the contents of strings, each line with
# "FILE:LINE:" before it.
plain() {
    [ $# -eq 0 ] || awk -f "$lint/plain.awk" "$@"
}
