#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real containers whose programs come from everywhere: each must be told its origin as drift.tsv has
# it, with the checks that follow from it, and a busy container that nobody changed must be silent.
set -u
# shellcheck source=tests/lab/docker-kinds.sh
. "$(dirname "$0")/docker-kinds.sh"

DRIFT_IMAGE=lab/drift:1

# The image: the lab's busybox, a program that waits under many names, a script.
drift_image() {
    local root=$LAB/drift name
    mkdir -p "$root/opt" "$root/tmp" "$root/scratch" "$root/data" "$root/host"
    cp -a "$LAB/image/." "$root"
    ${CC:-cc} -static -O1 -o "$root/bin/idle" "$LAB_HERE/drift.c" || return 1
    for name in replaced again modified chmod touch renamed linked gone; do
        cp "$root/bin/idle" "$root/bin/t-$name"
        echo "$name" >>"$root/bin/t-$name"
    done
    printf '#!/bin/sh\nwhile :; do /bin/true; /bin/sleep 0.05; done\n' >"$root/bin/busy.sh"
    printf '#!/bin/sh\nwhile :; do /bin/sleep 1000; done\n' >"$root/bin/wait.sh"
    chmod 755 "$root/bin/busy.sh" "$root/bin/wait.sh"
    mkdir -p "$root/lib/apk/db"
    printf 'P:busybox\nV:1.36.1-r5\n\n' >"$root/lib/apk/db/installed"
    chmod 1777 "$root/tmp"
    tar -C "$root" --owner=0 --group=0 --numeric-owner -c . |
        lab_docker import -c 'ENV PATH=/bin' -c 'CMD ["/bin/idle"]' - "$DRIFT_IMAGE" >/dev/null
}

# Makes and starts everything of the table, inside.
drift_start() {
    cat >"$LAB/bind/start.sh" <<'END'
cp /bin/idle /tmp/dropped && /tmp/dropped &
cp /bin/idle /opt/dropped && /opt/dropped &
rm /bin/t-replaced && cp /bin/idle /bin/t-replaced && echo other >>/bin/t-replaced && /bin/t-replaced &
cp /bin/t-again /tmp/again && rm /bin/t-again && cp /tmp/again /bin/t-again && /bin/t-again &
echo more >>/bin/t-modified && /bin/t-modified &
chmod 700 /bin/t-chmod && /bin/t-chmod &
touch /bin/t-touch && /bin/t-touch &
mv /bin/t-renamed /bin/renamed && /bin/renamed &
ln /bin/t-linked /bin/linked && /bin/linked &
cp /bin/idle /tmp/deleted && /tmp/deleted &
/bin/t-gone &
/bin/idle memfd &
cp /bin/idle /scratch/x && /scratch/x &
cp /bin/idle /data/x && /data/x &
cp /bin/idle /host/x && /host/x &
cp /bin/idle /opt/added.so && /bin/idle map /opt/added.so &
/bin/idle map /bin/busybox &
cp /bin/idle /opt/first.so && LD_PRELOAD=/opt/first.so /bin/idle &
cp /bin/wait.sh /opt/wait.sh && echo '# more' >>/opt/wait.sh && /bin/sh /opt/wait.sh &
/bin/sh /bin/wait.sh &
printf 'P:nmap\nV:7.94-r0\n\n' >>/lib/apk/db/installed
sleep 1
rm -f /tmp/deleted /bin/t-gone /host/start.sh
END
    lab_docker run -d --name drift --network none --tmpfs /scratch:exec -v drift-data:/data \
        -v "$LAB/bind:/host" "$DRIFT_IMAGE" >/dev/null &&
        lab_docker run -d --name busy --network none "$DRIFT_IMAGE" /bin/busy.sh >/dev/null &&
        lab_docker exec -d drift /bin/sh /host/start.sh &&
        lab_poll 60 test ! -e "$LAB/bind/start.sh"
}

look() {
    "$HULLTOP" check --docker "unix://$LAB_SOCK" --cri none --kubeconfig none \
        --only drift,added-code --format node >"$LAB/node.json" 2>"$LAB/look.err"
    "$HULLTOP" check --from "$LAB/node.json" --only drift,added-code --format json \
        >"$LAB/drift.json" 2>>"$LAB/look.err"
}

# The origin of what runs at that path, of that kind, in a container.
origin() {
    jq -r --arg c "$(lab_docker inspect -f '{{.Id}}' "$1")" --arg k "$2" --arg p "$3" \
        '[.codes[]? | select(.container == $c and .kind == $k and .path == $p) | .origin] | join(" ")' \
        "$LAB/node.json"
}

# The checks that fired on a path.
checks() {
    jq -r --arg c "$1" --arg p "$2" '[.findings[] | select(.subject.container == $c and .object == $p)
        | .check] | sort | unique | join(",")' "$LAB/drift.json"
}

compare_row() {
    local kind=$1 path=$2 wanted=$3 expected=$4 got
    [ "$wanted" != none ] || wanted=
    got=$(origin drift "$kind" "$path")
    expect "drift/$path: comes from $wanted" "told: $got" test "$got" = "$wanted"
    got=$(checks drift "$path")
    expect "drift/$path: fires $expected" "fired: $got" test "${got:--}" = "$expected"
}

compare_table() {
    local kind path wanted expected
    while IFS=$'\t' read -r kind path wanted expected; do
        case $kind in '#'* | '') continue ;; esac
        compare_row "$kind" "$path" "$wanted" "$expected"
    done <"$LAB_HERE/drift.tsv"
}

# Bytes of both sides stand beside what was modified.
digests() {
    local ours
    ours=$(lab_docker exec drift /bin/sha256sum /bin/t-modified | cut -d' ' -f1)
    expect "drift/digest: that of the modified file" "another one" \
        jq -e --arg d "$ours" '.codes[] | select(.path == "/bin/t-modified" and .sha256 == $d
            and .image_sha256 != null and .image_sha256 != $d)' "$LAB/node.json"
}

packages() {
    expect "drift/packages: the one that was added is told" "$(jq -c '[.layers[].packages]' "$LAB/node.json")" \
        jq -e --arg c "$(lab_docker inspect -f '{{.Id}}' drift)" '.layers[] | select(.container == $c)
            | .packages | length == 1 and .[0].name == "nmap" and .[0].change == "added"' "$LAB/node.json"
    expect "drift/packages: DRF-012 fires" "it does not" jq -e '.findings
        | any(.check == "DRF-012" and .subject.container == "drift")' "$LAB/drift.json"
}

silence() {
    local said
    said=$(jq -c '[.findings[] | select(.subject.container == "busy" and .check != "DRF-037")
        | [.check, .object]]' "$LAB/drift.json")
    expect "drift/busy: a busy container that nobody changed is silent" "$said" test "$said" = '[]'
    expect "drift/busy: it was looked at" "no layer" jq -e \
        --arg c "$(lab_docker inspect -f '{{.Id}}' busy)" \
        '.layers[] | select(.container == $c and .unread == 0 and .blind == null)' "$LAB/node.json"
}

# What the recording says by now, asked by a filter.
recorded() {
    "$HULLTOP" check --from "$LAB/live.ndjson" --only drift --format node 2>/dev/null | jq -e "$1" >/dev/null
}

# Programs that start while it is watched: one without a file, and one that has ended before any
# list of processes can show it.
live() {
    local recorder
    "$HULLTOP" record "$LAB/live.ndjson" --docker "unix://$LAB_SOCK" --cri none --kubeconfig none \
        --only drift,added-code --plain </dev/null >/dev/null 2>&1 &
    recorder=$!
    lab_poll 60 recorded '.sources[] | select(.name == "drift") | .state | IN("OK", "PART")'
    lab_docker exec -d busy /bin/idle memfd
    lab_docker exec busy /bin/sh -c 'cp /bin/true /tmp/short; /tmp/short'
    expect "drift/live: a program without a file is told as it starts" "it is not" lab_poll 60 recorded \
        '[.codes[]? | select(.path == "/memfd:evil" and .running and .seen_by != "polling") | .origin]
            | any(. == "memfd")'
    expect "drift/live: one that has ended is told" "it is not" lab_poll 60 recorded \
        '[.codes[]? | select(.path == "/tmp/short" and .running == false) | .origin] == ["added"]'
    kill -TERM "$recorder"
    wait "$recorder" 2>/dev/null || :
}

main() {
    lab_start plain || { echo "SKIP drift: lab-plain: $LAB_WHY"; exit 0; }
    mkdir -m 777 "$LAB/bind"
    drift_image || { echo "not ok drift: no image"; exit 1; }
    drift_start || { echo "not ok drift: $(tail -n 1 "$LAB/dockerd.log")"; exit 1; }
    look
    compare_table
    digests
    packages
    silence
    live
}

main
