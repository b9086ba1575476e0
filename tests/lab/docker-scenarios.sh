#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A Docker daemon in trouble, and a container that appears: what check, record and the dashboard say.
set -u
# shellcheck source=tests/lab/docker-kinds.sh
. "$(dirname "$0")/docker-kinds.sh"

screen_lacks() { tmux_lab has-session -t dash && ! screen_has "$1"; }
source_state() { jq -r '.sources[] | select(.name == "docker") | .state' "$1"; }
source_says() { jq -e '.sources[] | select(.name == "docker") | (.detail // "") != ""' "$1"; }
fires() { jq -e --arg c "$2" '.findings | any(.check == $c)' "$1"; }

# state NAME STATES: one report now; Docker's state must be one of STATES and have a reason. An answer
# is waited for; that none comes is known when the time is over.
state() {
    local report=$LAB/scenario.json status seconds=$LAB_LONG
    [ "${2%% *}" != BUSY ] || seconds=10
    "${AS[@]}" "$PROGRAM" check --docker "unix://$LAB_SOCK" --cri none --kubeconfig none \
        --only privileged --strict --timeout "$seconds" --format json >"$report" 2>"$LAB/scenario.err"
    status=$?
    expect "scenario/$1: state is ${2// / or }" \
        "it is '$(source_state "$report" 2>/dev/null)', $(tail -n 1 "$LAB/scenario.err")" \
        grep -qwF "$(source_state "$report" 2>/dev/null || echo none)" <<<"$2"
    [ "$2" = OK ] || {
        expect "scenario/$1: the state has a reason" "detail is empty" source_says "$report"
        expect_not "scenario/$1: exit status is not 0" "no look, yet status 0" test $status = 0
    }
}

small_node() {
    local lines first
    lab_many 60
    lab_docker run -d --privileged --network none --name priv "$LAB_IMAGE" >/dev/null
    lab_check --format node 2>/dev/null | containers_of docker |
        "$PROGRAM" check --from - --only privileged,drift >"$LAB/small.txt" 2>/dev/null
    lines=$(grep -c . "$LAB/small.txt")
    expect "scenario/61 containers: fewer than 15 lines" "$lines lines: $(cat "$LAB/small.txt")" test "$lines" -lt 15
    expect "scenario/61 containers: some lines" "$lines lines" test "$lines" -gt 2
    first=$(grep -nE -m 1 'CRIT|HIGH|MED|LOW' "$LAB/small.txt")
    expect "scenario/61 containers: the privileged one first" "first is: $first" grep -qw priv <<<"$first"
}

daemon_states() {
    state "daemon answers" OK
    chmod 666 "$LAB_SOCK"
    lab_check --format json >"$LAB/wide.json" 2>/dev/null
    expect "scenario/socket mode 666: PRV-033 fires" "it does not" fires "$LAB/wide.json" PRV-033
    chmod 660 "$LAB_SOCK"
    AS=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    state "socket forbidden" DENIED
    AS=()
    kill -STOP "$LAB_DOCKERD"
    state "daemon stopped by SIGSTOP" "BUSY STUCK"
    kill -CONT "$LAB_DOCKERD"
    lab_poll "$LAB_LONG" lab_dockerd_answers
    state "daemon continued" OK
}

# Milliseconds from the container's start, by Docker's clock, to now.
since_start() {
    echo $(($(date +%s%3N) - $(date -d "$(lab_docker inspect -f '{{.State.StartedAt}}' "$1")" +%s%3N)))
}

dashboard() {
    if ! command -v tmux >/dev/null; then
        echo "SKIP scenario/dashboard: tmux: not installed"
        return
    fi
    "$PROGRAM" record "$LAB/incident.ndjson" --docker "unix://$LAB_SOCK" --cri none \
        --kubeconfig none >/dev/null 2>"$LAB/record.err" &
    RECORDER=$!
    tmux_lab new-session -d -x 120 -y 40 -s dash "exec '$PROGRAM' --open privileged \
        --docker 'unix://$LAB_SOCK' --cri none --kubeconfig none"
    expect "scenario/dashboard opens" "no answer of Docker: $(screen | head -3)" \
        lab_poll "$LAB_LONG" screen_has 'docker +(ok|OK)'
    lab_poll "$LAB_LONG" test -s "$LAB/incident.ndjson"
    lab_docker run -d --privileged --network none -v "$LAB_SOCK:/var/run/docker.sock" \
        --name intruder "$LAB_IMAGE" >/dev/null
    expect "scenario/dashboard shows a new privileged container" "not on the screen" \
        lab_poll "$LAB_LONG" screen_has intruder
    echo "# on the screen $(since_start intruder) ms after its start"
    expect "scenario/recording holds the new container" "not recorded" \
        lab_poll "$LAB_LONG" grep -q intruder "$LAB/incident.ndjson"
    kill -TERM "$RECORDER" 2>/dev/null
    lab_poll "$LAB_LONG" lab_gone "$RECORDER"
    expect "scenario/recording can be judged again" "check --from fails" fires \
        <("$PROGRAM" check --from "$LAB/incident.ndjson" --only privileged --format json 2>/dev/null) \
        PRV-001
    kill -KILL "$LAB_DOCKERD"
    wait "$LAB_DOCKERD" 2>/dev/null
    expect "scenario/daemon killed: the dashboard says so" "source still ok" \
        lab_poll "$LAB_LONG" screen_lacks 'docker +(ok|OK)'
    expect "scenario/daemon killed: old rows stay" "intruder is gone" screen_has intruder
    state "daemon killed" "ABSENT BROKEN"
    # It takes over 62 containers that its killed self left, and at times hangs in that.
    lab_spawn_dockerd || lab_spawn_dockerd || echo "not ok scenario/daemon restarts: $LAB_WHY"
    expect "scenario/daemon restarted: the dashboard finds it" "not ok" \
        lab_poll "$LAB_LONG" screen_has 'docker +(ok|OK)'
    expect "scenario/dashboard is still there" "it died" tmux_lab has-session -t dash
    tmux_lab send-keys -t dash Q
    expect "scenario/dashboard leaves by Q" "still there" lab_poll "$LAB_LONG" dashboard_gone
}

dashboard_gone() { ! tmux_lab has-session -t dash; }

finish() {
    tmux_lab kill-server 2>/dev/null
    lab_end_process "${RECORDER:-}"
    lab_stop
}

AS=() RECORDER=''
[ -x "$HULLTOP" ] || { echo "not ok scenario: no program $HULLTOP"; exit 1; }
if ! lab_start plain; then
    echo "SKIP scenario: lab-plain: $LAB_WHY"
    exit 0
fi
trap finish EXIT
# Where other users can run it too.
PROGRAM=$LAB/hulltop
cp "$HULLTOP" "$PROGRAM" && chmod 755 "$PROGRAM"
small_node
daemon_states
dashboard
