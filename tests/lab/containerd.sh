#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# containerd with containers that no Docker knows, in two namespaces (containerd.tsv), and one of
# Docker's beside them; and a container that appears while the dashboard is open.
set -u
# shellcheck source=tests/lab/docker-kinds.sh
. "$(dirname "$0")/docker-kinds.sh"

lab_ctr() { ctr -a "$LAB/c.sock" "$@" </dev/null; }

# each FUNCTION: calls it with name, namespace, arguments, expectation of each row.
each() {
    local name namespace arguments expectation
    while IFS='|' read -r name namespace arguments expectation; do
        case $name in '' | '#'*) continue ;; esac
        "$1" "${name//[[:space:]]/}" "${namespace//[[:space:]]/}" "$arguments" "$expectation"
    done <"$LAB_HERE/containerd.tsv"
}

start() {
    local words
    read -ra words <<<"$3"
    lab_ctr -n "$2" run -d "${words[@]}" --rootfs "$LAB/image" "$1" /bin/sleep 100000 \
        >"$LAB/ctr.log" 2>&1
    expect "containerd/$2/$1 runs" "$(tail -n 1 "$LAB/ctr.log")" \
        lab_ctr -n "$2" tasks metrics "$1"
}

# The second of a name is called by its namespace too.
row() {
    jq -e --arg id "$1" --arg twin "$2/$1" \
        "[.containers[] | select(.id == \$id or .id == \$twin)] | if length > 1 then
            map(select(.id == \$twin) ) else . end | .[0] | $3" "$LAB/node.json"
}

judge() {
    local expectation=$4
    # Which of the two has the plain id is containerd's order of namespaces: default is first.
    if [ "$1/$2" = twin/default ]; then
        expect "containerd/$2/$1 is as expected" "$4" \
            jq -e ".containers[] | select(.id == \"twin\") | $expectation" "$LAB/node.json"
    else
        expect "containerd/$2/$1 is as expected" "$4; it is $(row "$1" "$2" . 2>/dev/null | jq -c . | cut -c1-300)" \
            row "$1" "$2" "$expectation"
    fi
}

check_containerd() {
    "$HULLTOP" check --cri "$LAB/c.sock" --kubeconfig none --only privileged --timeout "$LAB_LONG" "$@"
}

stop() {
    lab_ctr -n "$2" tasks kill -s KILL "$1" >/dev/null 2>&1
    lab_poll "$LAB_LONG" lab_ctr -n "$2" tasks rm "$1"
    lab_ctr -n "$2" containers rm "$1" >/dev/null 2>&1
}

# An image whose variables hold a secret is known by containerd's own store: its history is read there.
# The mark stands in no command line as a whole.
image_history() {
    local mark=never-to
    mark=$mark-be-shown-Q7x
    lab_docker commit --change "ENV DB_PASSWORD=$mark" fromdocker lab/secret:1 >"$LAB/ctr.log" 2>&1 &&
        lab_docker save -o "$LAB/secret.tar" lab/secret:1 >>"$LAB/ctr.log" 2>&1 &&
        lab_ctr -n lab images import --snapshotter native "$LAB/secret.tar" >>"$LAB/ctr.log" 2>&1 &&
        lab_ctr -n lab containers create --snapshotter native docker.io/lab/secret:1 fromimage /bin/sleep 1 \
            >>"$LAB/ctr.log" 2>&1
    "$HULLTOP" check --cri "$LAB/c.sock" --docker none --kubeconfig none --only secrets --timeout "$LAB_LONG" --format json \
        >"$LAB/secrets.json" 2>"$LAB/stderr"
    expect "containerd/secrets in an image's history" "$(tail -n 1 "$LAB/ctr.log") $(tail -n 1 "$LAB/stderr")" \
        jq -e '.containers[] | select(.id == "fromimage") | .image_secrets | map(.name) == ["DB_PASSWORD"]' \
        "$LAB/secrets.json"
    expect_not "containerd/history shows no value" "it does" grep -q "$mark" "$LAB/secrets.json"
    lab_ctr -n lab containers rm fromimage >/dev/null 2>&1
}

appears() {
    command -v tmux >/dev/null || { echo "SKIP containerd/live: tmux: not here"; return; }
    tmux_lab new-session -d -x 120 -y 40 -s dash "exec '$HULLTOP' --open privileged \
        --cri '$LAB/c.sock' --docker none --kubeconfig none"
    expect "containerd/dashboard opens" "no answer" \
        lab_poll "$LAB_LONG" screen_has 'containerd +(ok|OK)'
    lab_ctr -n lab run -d --privileged --rootfs "$LAB/image" intruder /bin/sleep 100000 >/dev/null 2>&1
    expect "containerd/dashboard shows a new privileged container" "not on the screen" \
        lab_poll "$LAB_LONG" screen_has intruder
    tmux_lab kill-server
    stop intruder lab
}

lab() {
    local status
    if ! lab_start plain; then
        printf 'SKIP containerd: lab-plain: %s\n' "$LAB_WHY"
        return
    fi
    lab_docker run -d --network none --name fromdocker "$LAB_IMAGE" >/dev/null
    each start
    check_containerd --docker "unix://$LAB_SOCK" --format node >"$LAB/node.json" 2>"$LAB/stderr"
    expect "containerd/node is JSON" "$(tail -n 1 "$LAB/stderr")" jq -e .schema "$LAB/node.json"
    expect "containerd/source is OK" "$(jq -c '.sources' "$LAB/node.json" | cut -c1-300)" \
        jq -e '.sources[] | select(.id == "containerd") | .state == "OK"' "$LAB/node.json"
    each judge
    expect "containerd/one row for what Docker knows too" "by another name, or twice" jq -e \
        '[.containers[] | select(.name == "fromdocker" or .source == "containerd" and (.id | length) == 64)]
            | length == 1 and .[0].source == "docker"' "$LAB/node.json"
    expect_not "containerd/node holds no secret" "an environment value leaks" has_secret "$LAB/node.json"
    check_containerd --docker none --format node 2>"$LAB/stderr" | containers_of containerd |
        "$HULLTOP" check --from - --only privileged --format json >"$LAB/report.json" 2>>"$LAB/stderr"
    status=$?
    expect "containerd/exit status is 1" "$(tail -n 1 "$LAB/stderr")" test $status = 1
    expect "containerd/report says who is privileged" "$(jq -c '[.findings[] | .check]' "$LAB/report.json")" jq -e \
        '[.findings[] | select(.check == "PRV-001") | .subject.name] | sort == ["priv", "twin"]' "$LAB/report.json"
    expect "containerd/question 3 is answered in full" "$(jq -c '.questions[2]' "$LAB/report.json" | cut -c1-400)" \
        jq -e '.questions[] | select(.number == 3) | .partial != true' "$LAB/report.json"
    image_history
    appears
    each stop
    [ -z "${LAB_KEEP:-}" ] || cp "$LAB"/node.json "$LAB"/report.json "$LAB_KEEP"
}
lab
