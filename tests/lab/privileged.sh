#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Privileges as they come together, and what looks like them: privileged.tsv says what is told of each
# container, and how grave. kinds.tsv has the plain case of each.
set -u
# shellcheck source=tests/lab/docker-kinds.sh
. "$(dirname "$0")/docker-kinds.sh"

# rows COMMAND: calls it with the five fields of each row.
rows() {
    local name expected options exec command
    while IFS='|' read -r name expected options exec command; do
        case $name in '#'* | '') continue ;; esac
        "$1" "${name//[[:space:]]/}" "$expected" "$options" "$exec" "$command"
    done <"$LAB_HERE/privileged.tsv"
}

# Paths of the host under other names, and a profile that lets every call pass.
disguises() {
    mkdir -p "$LAB/alias" "$LAB/data" "$LAB/above/run"
    mount --bind "$LAB/run" "$LAB/alias" && mount --bind "$LAB/run" "$LAB/above/run"
    ln -s "$LAB_SOCK" "$LAB/socklink"
    ln -s run "$LAB/runlink"
    lab_docker volume create -o type=none -o o=bind -o device="$LAB/run" runvolume >/dev/null
    echo '{"defaultAction": "SCMP_ACT_ALLOW"}' >"$LAB/open.json"
}

# What read-only reaches depends on Docker's age, and so do the capabilities that it knows.
conditions() {
    local version
    version=$(lab_api /version | jq -r .Version)
    # shellcheck disable=SC2034 # words of the table
    NEWEST=''
    if [ "${version%%.*}" -lt 25 ]; then LAB_CONDS+=' shallow'; fi
    # shellcheck disable=SC2034
    if [ "${version%%.*}" -ge 23 ]; then NEWEST='PERFMON BPF CHECKPOINT_RESTORE'; fi
}

start() {
    local words exec
    eval "words=($3 \"\$LAB_IMAGE\" $5)"
    case $3 in *--network*) ;; *) words=(--network=none "${words[@]}") ;; esac
    lab_docker run -d --name "$1" "${words[@]}" >"$LAB/run.$1" 2>&1 ||
        { echo "not ok privileged/$1: $(tail -n 1 "$LAB/run.$1")"; return; }
    read -ra exec <<<"$4"
    [ "${exec[0]}" = - ] || lab_docker exec -d "${exec[@]}" "$1" /bin/sleep 100001
}
start_in_turn() { lab_in_turn start "$@"; }

# The last are in namespaces of the first.
start_base() { case $1 in plain | pidhost | sock | nethost) start "$@" ;; esac; }
start_other() { case $1 in plain | pidhost | sock | nethost) ;; *) start_in_turn "$@" ;; esac; }

# By container: all that is told of it.
declare -A TOLD

look() {
    local name found
    lab_check --only privileged --format json >"$LAB/privileged.json" 2>"$LAB/privileged.err"
    jq -r '.findings[] | select(.subject.container != null and (.check | startswith("PRV-")))
        | "\(.subject.container) \(.check[4:]):\(.severity)"' "$LAB/privileged.json" | sort -u \
        >"$LAB/privileged.found"
    TOLD=()
    while read -r name found; do TOLD[$name]+=" $found"; done <"$LAB/privileged.found"
}

# told NAME EXPECTED: whether what is told of it is that and nothing else. Asked of every row again and
# again, it starts no program.
told() {
    local word may='' want='' found=${TOLD[$1]-}
    for word in $2; do
        case $word in
        ~*) may+=" ${word#\~}" ;;
        *@*) ! lab_has "${word#*@}" || want+=" ${word%@*}" ;;
        *) want+=" $word" ;;
        esac
    done
    for word in $want; do
        case "$found " in *" $word "* | *" $word:"*) ;; *) return 1 ;; esac
    done
    for word in $found; do
        case "$want$may " in *" $word "* | *" ${word%:*} "*) ;; *) return 1 ;; esac
    done
}

# What is there is seen when all of it is; before, silence of the others says nothing.
is_there() { told "$1" "$2" || echo "$1" >>"$LAB/privileged.waits"; }
all_seen() {
    look
    : >"$LAB/privileged.waits"
    rows is_there
    [ ! -s "$LAB/privileged.waits" ]
}

judge() {
    expect "privileged/$1: $(xargs <<<"$2")" "told:${TOLD[$1]-}" told "$1" "$2"
}

[ -x "$HULLTOP" ] || { echo "not ok privileged: no program $HULLTOP"; exit 1; }
if ! lab_start plain; then
    echo "SKIP privileged: lab-plain: $LAB_WHY"
    exit 0
fi
disguises
conditions
LAB_JOBS=()
rows start_base
rows start_other
wait "${LAB_JOBS[@]}"
lab_poll "$LAB_LONG" all_seen
expect "privileged/the question is answered" "$(tail -n 1 "$LAB/privileged.err")" \
    jq -e '.questions[] | select(.number == 3) | .state == "FAIL"' "$LAB/privileged.json"
rows judge
# Who may not read the kernel's links has the declaration alone.
lab_check --only privileged --format node >"$LAB/node.json" 2>"$LAB/privileged.err"
expect "privileged/netofhost: declared with the node's network" \
    "$(jq -c '.containers[] | select(.name == "netofhost") | [.joins, .declared.net_ns]' "$LAB/node.json")" \
    jq -e '.containers[] | select(.name == "netofhost") | .declared.net_ns == "host"' "$LAB/node.json"
[ -z "${LAB_KEEP:-}" ] || cp "$LAB"/privileged.* "$LAB_KEEP"
