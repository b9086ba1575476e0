# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# docker_kinds VARIANT EXPECTED: a lab with every kind of container, one report, and what the table
# expects of it. Sourced by docker.sh, docker-userns.sh and docker-cgroup2.sh.

# One lab at a time: a report counts the containers of the whole machine.
# Who holds the lock lives beside the test as long as that does, also while it takes down what it set up:
# a signal to the test's whole group ends who still waits for the lock only, and no daemon inherits it.
if [ "$(id -u)" = 0 ] && [ -z "${HT_LAB_ALONE:-}" ]; then
    read -r held < <(exec flock -F -w 800 /run/hulltop-lab.lock \
        sh -c "echo held; exec setsid tail -s 0.2 --pid=$$ -f /dev/null >/dev/null 2>&1")
    [ "$held" = held ] || { echo "not ok ${0##*/}: another lab ran for 800 s"; exit 1; }
    export HT_LAB_ALONE=1
fi

# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

HULLTOP=${HULLTOP:-${HT_BUILDDIR:-.}/hulltop}

# The control groups a daemon sees are those of its mount namespace: look from there.
lab_check() {
    "${LAB_NS[@]}" "$HULLTOP" check --docker "unix://$LAB_SOCK" --cri none --kubeconfig none \
        --only privileged,drift --timeout "$LAB_LONG" "$@"
}

# containers_of SOURCE: a node as it comes in, without what runs beside these, as other tests do.
containers_of() {
    jq --arg source "$1" '[.containers[] | select(.source == $source).id] as $ids
        | .containers |= map(select(.id | IN($ids[])))
        | (.processes, .codes | values) |= map(select(.container | IN($ids[])))'
}

# expect NAME WHY COMMAND...: one line, by the command's status.
expect() {
    local name=$1 why=$2
    shift 2
    if "$@" >/dev/null 2>&1; then
        printf 'ok %s\n' "$name"
    else
        printf 'not ok %s: %s\n' "$name" "$why"
    fi
}

expect_not() {
    local name=$1 why=$2
    shift 2
    if "$@" >/dev/null 2>&1; then
        printf 'not ok %s: %s\n' "$name" "$why"
    else
        printf 'ok %s\n' "$name"
    fi
}

# A terminal may act on these: C0 but tab and line end, DEL, C1 in UTF-8, lone C1, direction marks.
has_control_bytes() {
    LC_ALL=C grep -qaP \
        '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|(?<![\x80-\xbf\xc2-\xf4])[\x80-\x9f]|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]' \
        "$1"
}

# A dashboard in a terminal called dash.
tmux_lab() { tmux -L "ht${LAB##*/}" -f /dev/null "$@"; }
screen() { tmux_lab capture-pane -p -t dash; }
screen_has() { screen | grep -qE "$1"; }

has_secret() { grep -qa -e hunter2 -e wJalrXUtnFEMIEXAMPLEKEY "$1"; }

is_utf8() { iconv -f UTF-8 -t UTF-8 "$1"; }

keeps_contract() { [ -z "$(jq -rf "$LAB_HERE/contract.jq" "$1" 2>&1)" ]; }

names_privileged_beside_proc() {
    jq -e '.findings | map(select(.check == "PRV-001" and .subject.container == "priv")) | .[0].evidence
        | any(.source | test("docker"; "i")) and any(.source | test("proc"))' "$1"
}

docker_kinds_outputs() {
    local format file
    for format in json node text; do
        file=$LAB/report.$format
        [ -s "$file" ] || lab_check --format "$format" >"$file" 2>"$LAB/stderr.$format"
        expect "$1/$format is not empty" "no output: $(tail -n 1 "$LAB/stderr.$format")" test -s "$file"
        expect "$1/$format is UTF-8" "broken UTF-8" is_utf8 "$file"
        expect_not "$1/$format has no control bytes" "hostile bytes pass" has_control_bytes "$file"
        expect_not "$1/$format holds no secret" "an environment value leaks" has_secret "$file"
    done
}

docker_kinds_started() {
    local kind result
    KINDS=()
    while read -r kind; do
        result=$(lab_kind_result "$kind")
        case $result in
        ok) KINDS+=("$kind"); printf 'ok %s/%s runs\n' "$1" "$kind" ;;
        skip*) printf 'SKIP %s/%s: %s\n' "$1" "$kind" "lab-${result##* }: ${result#*$'\t'}" ;;
        *) printf 'not ok %s/%s runs: %s\n' "$1" "$kind" "${result#*$'\t'}" ;;
        esac
    done < <(lab_kinds_each echo | cut -d' ' -f1)
}

docker_kinds() {
    local label=docker-$1 status
    [ "$1" != plain ] || label=docker
    [ -x "$HULLTOP" ] || { printf 'not ok %s: no program %s\n' "$label" "$HULLTOP"; return 1; }
    if ! lab_start "$1"; then
        printf 'SKIP %s: lab-%s: %s\n' "$label" "$1" "$LAB_WHY"
        return 0
    fi
    printf '# conditions: %s; storage %s\n' "$LAB_CONDS" "$LAB_DRIVER"
    lab_kinds_start
    docker_kinds_started "$label"
    lab_check --format json >"$LAB/report.json" 2>"$LAB/stderr.json"
    status=$?
    expect "$label/exit status is 1" "status $status: $(tail -n 1 "$LAB/stderr.json")" test $status = 1
    expect "$label/report is JSON" "jq refuses it" jq -e .schema "$LAB/report.json"
    expect "$label/report keeps its contract" "$(jq -rf "$LAB_HERE/contract.jq" "$LAB/report.json" | head -n 1)" \
        keeps_contract "$LAB/report.json"
    "$LAB_HERE/compare" "$label" "$LAB/report.json" "$LAB_HERE/expected/$2" "$LAB_CONDS" \
        "${KINDS[@]}" || printf 'not ok %s/comparison: jq failed\n' "$label"
    expect "$label/priv shows Docker and /proc" "evidence lacks one of them" \
        names_privileged_beside_proc "$LAB/report.json"
    docker_kinds_outputs "$label"
    [ -z "${LAB_KEEP:-}" ] || cp "$LAB"/report.* "$LAB"/stderr.* "$LAB_KEEP"
}
