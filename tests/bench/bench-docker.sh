#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Which of 100 containers are risky: ours against "docker inspect" of all and against the floor,
# medians of interleaved rounds; then the daemon's CPU while it is watched and while it is not.
# usage: bench-docker.sh [ROUNDS [CONTAINERS [PAIRS [SECONDS [SETTLE]]]]]
set -u
src=$(cd "${HT_SRCDIR:-.}" && pwd) build=$(cd "${HT_BUILDDIR:-.}" && pwd)
rounds=${1:-7} count=${2:-100} pairs=${3:-3} seconds=${4:-120} settle=${5:-65}
export HT_SRCDIR=$src HT_BUILDDIR=$build
# A lab that was ended from the keyboard leaves as if of itself.
trap 'exit 130' INT
names=(docker-risky-wall docker-risky-cpu docker-risky-floor docker-node-wall docker-node-cpu docker-node-floor
    containerd-source-floor docker-watch)

not_measured() {
    local name
    for name in "${names[@]}"; do
        echo "bench $name not measured: $1"
    done
    exit 0
}

if [ -z "${LAB_DOCKERD:-}" ]; then
    command -v docker >/dev/null || not_measured "no docker client"
    output=$("$src/tests/lab/many.sh" "$count" "$src/tests/bench/bench-docker.sh" "$rounds" "$count" "$pairs" "$seconds" "$settle") &&
        echo "$output" || not_measured "${output#SKIP many: }"
    exit
fi

socket=${DOCKER_HOST#unix://}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/empty"

# Runs a command; adds its wall and CPU microseconds to $tmp/NAME.wall and .cpu.
measure() {
    local name=$1 used
    shift
    TIMEFORMAT='%R %U %S'
    used=$({ time "$@" >"$tmp/$name.out" 2>"$tmp/$name.err"; } 2>&1)
    awk -v wall="$tmp/$name.wall" -v cpu="$tmp/$name.cpu" \
        '{ printf "%.0f\n", $1 * 1e6 >wall; printf "%.0f\n", ($2 + $3) * 1e6 >cpu }' <<<"$used"
    cat "$tmp/$name.wall" >>"$tmp/$name.walls"
    cat "$tmp/$name.cpu" >>"$tmp/$name.cpus"
}

peer() {
    local ids
    mapfile -t ids < <(docker ps -aq)
    docker inspect "${ids[@]}"
}

# Both to the end, with a report: by what Docker tells alone, as the client and the floor have it
# (below an empty root there are no processes to be seen); and with what the node's kernel says of
# each container, which neither of them asks.
program() {
    "$build/hulltop" check --only privileged --docker "$DOCKER_HOST" --cri none --kubeconfig none --format json "$@"
}
declared() { program --root "$tmp/empty"; }
whole() { program; }

# containerd below it has them all too, in the namespace of Docker.
csocket=${socket%/run/docker.sock}/c.sock
containerd_alone() { "$build/tests/bench/dwatch" "containerd:$csocket"; }
containerd_floor() { "$build/tests/bench/cpoll" "$csocket" moby; }

source_alone() { "$build/tests/bench/dwatch" "$DOCKER_HOST"; }
floor() { "$build/tests/bench/dpoll" "$socket" "$1"; }

median() {
    sort -n "$tmp/$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# Name, ours, peer, limit ("-" for none).
row() {
    awk -v name="$1" -v ours="$(median "$2")" -v peer="$(median "$3")" -v limit="$4" \
        'BEGIN { printf "bench %s ours=%.0fus peer=%.0fus ratio=%.3f limit=%s\n", name, ours, peer, ours / peer, limit }'
}

# One privileged container, so that the answer is not nothing.
image=$(docker ps -a --format '{{.Image}}' | head -n 1)
docker create --privileged --network none "$image" >/dev/null || exit 1

# Who is younger than ten seconds is read twice, a second apart.
timeout 11 tail -f /dev/null

ours=(source_alone)
whole >"$tmp/probe" 2>&1
! jq -e '.schema == "hulltop/1"' "$tmp/probe" >/dev/null 2>&1 || ours+=(declared whole)

for ((i = 0; i < rounds; i++)); do
    for one in "${ours[@]}"; do
        measure "$one" "$one"
    done
    measure peer peer
    measure seq floor seq
    measure pipe floor pipe
    measure both floor both
    measure containerd_alone containerd_alone
    measure containerd_floor containerd_floor
done

# Equal answers first.
privileged=$(jq '[.[] | select(.HostConfig.Privileged)] | length' "$tmp/peer.out")
total=$(jq length "$tmp/peer.out")
for one in source_alone seq pipe both; do
    answer=$(cut -d ' ' -f 3,4 "$tmp/$one.out")
    [ "$answer" = "$total $privileged" ] ||
        { echo "bench-docker: $one saw '$answer', docker '$total $privileged'" >&2; exit 1; }
done
if [ ${#ours[@]} -gt 1 ]; then
    for one in declared whole; do
        answer=$(jq -r '[.containers | length, (map(select(.declared.privileged)) | length)] | join(" ")' "$tmp/$one.out")
        [ "$answer" = "$total $privileged" ] ||
            { echo "bench-docker: hulltop ($one) saw '$answer', docker '$total $privileged'" >&2; exit 1; }
    done
    # Docker of another may have containers, too.
    answer=$(jq '[.containers[] | select(.effective.caps)] | length' "$tmp/whole.out")
    [ "$answer" -gt 0 ] && [ "$(cut -d ' ' -f 5 "$tmp/both.out")" -ge "$answer" ] ||
        { echo "bench-docker: hulltop read $answer in /proc, the floor '$(<"$tmp/both.out")'" >&2; exit 1; }
    row docker-risky-wall declared.walls peer.walls 0.5
    row docker-risky-cpu declared.cpus peer.cpus 0.4
    row docker-risky-floor declared.walls pipe.walls 1.5
    # What only the node can tell of them costs the kernel alone as much as that floor.
    row docker-node-wall whole.walls peer.walls -
    row docker-node-cpu whole.cpus peer.cpus -
    row docker-node-floor whole.walls both.walls -
else
    for name in docker-risky-wall docker-risky-cpu docker-risky-floor docker-node-wall docker-node-cpu docker-node-floor; do
        echo "bench $name not measured: hulltop check does not answer: $(head -c 100 "$tmp/probe")"
    done
fi
row docker-source-floor source_alone.walls pipe.walls -
row docker-source-floor-seq source_alone.walls seq.walls -

# Those that run; who was only created is Docker's alone.
answer=$(cut -d ' ' -f 3 "$tmp/containerd_alone.out") floor=$(cut -d ' ' -f 3,4 "$tmp/containerd_floor.out")
if [ -z "$answer" ] || [ "$answer $answer" != "$floor" ]; then
    echo "bench-docker: the containerd source saw '$answer', the floor '$floor'" >&2
    exit 1
fi
row containerd-source-floor containerd_alone.walls containerd_floor.walls 2
row containerd-source-cpu containerd_alone.cpus containerd_floor.cpus -

# CPU microseconds of dockerd's threads, which the scheduler counts in nanoseconds: at rest it uses
# less than the tick that stat has.
daemon_us() {
    cat "/proc/$LAB_DOCKERD/task/"*/schedstat | awk '{ ns += $1 } END { printf "%.0f\n", ns / 1000 }'
}

# The daemon's CPU in a time in which nothing else happens, with and without us. What it does at rest
# comes in lumps, so these times come in turns, each as long as its runtime takes from one cleaning
# up to the next, and each begins as long after all containers were inspected.
added_in() {
    local from
    timeout "$settle" tail -f /dev/null
    from=$(daemon_us)
    timeout "$seconds" tail -f /dev/null
    echo $(($(daemon_us) - from)) >>"$tmp/$1"
}
unwatched() {
    source_alone >/dev/null
    added_in unwatched
}
watched() {
    "$build/tests/bench/dwatch" "$DOCKER_HOST" "$((settle + seconds + 1))" >/dev/null &
    added_in watched
    wait "$!"
}
# What falls into none of these times, of one hour: two lists, and one in which each is inspected.
for ((i = 0; i < rounds; i++)); do
    from=$(daemon_us)
    docker ps -aq >/dev/null
    listed=$(daemon_us)
    source_alone >/dev/null
    echo $((2 * (listed - from) + $(daemon_us) - listed)) >>"$tmp/hourly"
done
for ((i = 0; i < pairs; i++)); do
    if ((i % 2)); then
        watched
        unwatched
    else
        unwatched
        watched
    fi
done
paste -d ' ' "$tmp/unwatched" "$tmp/watched" >"$tmp/pairs"
sed 's/^/bench-docker: dockerd unwatched and watched, in us: /' "$tmp/pairs" >&2
awk '{ print $2 - $1 }' "$tmp/pairs" >"$tmp/added"
awk -v idle="$(median unwatched)" -v added="$(median added)" -v hourly="$(median hourly)" -v s="$seconds" 'BEGIN {
    if (idle == 0) { print "bench docker-watch not measured: the scheduler does not count"; exit }
    idle /= s
    added = added / s + hourly / 3600
    printf "bench docker-watch ours=%.0fus/s peer=%.0fus/s ratio=%.3f limit=1\n", added, idle, added / idle }'
