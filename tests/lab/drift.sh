#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real containers whose programs come from everywhere: each must be told its origin as drift.tsv has
# it, with the checks that follow from it, and a busy container that nobody changed must be silent.
# Under Docker with overlay2, with user namespaces, with vfs, btrfs and fuse-overlayfs; and under
# containerd alone. Podman is in podman.sh.
set -u
# shellcheck source=tests/lab/docker-kinds.sh
. "$(dirname "$0")/docker-kinds.sh"
# shellcheck source=tests/lab/drift-steps.sh
. "$(dirname "$0")/drift-steps.sh"

DRIFT_IMAGE=lab/drift:1

drift_image() {
    local root=$LAB/drift
    [ -d "$root" ] || drift_tree "$root" || return 1
    tar -C "$root" --owner=0 --group=0 --numeric-owner -c . |
        lab_docker import -c 'ENV PATH=/bin' -c 'CMD ["/bin/idle"]' - "$DRIFT_IMAGE" >/dev/null
}

drift_start() {
    drift_script
    lab_docker run -d --name drift --network none --tmpfs /scratch:exec -v drift-data:/data \
        -v "$LAB/bind:/host" "$DRIFT_IMAGE" >/dev/null &&
        lab_docker run -d --name busy --network none "$DRIFT_IMAGE" /bin/busy.sh >/dev/null &&
        lab_docker exec -d drift /bin/sh /host/start.sh &&
        lab_poll "$LAB_LONG" drift_done
}

# Bytes of both sides stand beside what was modified, and whose file it is.
digests() {
    local ours
    ours=$(lab_docker exec drift /bin/sha256sum /bin/t-modified | cut -d' ' -f1)
    expect "drift/digest: that of the modified file" "another one" \
        jq -e --arg d "$ours" '.codes[] | select(.path == "/bin/t-modified" and .sha256 == $d
            and .image_sha256 != null and .image_sha256 != $d and .package == "busybox")' "$LAB/node.json"
}

packages() {
    local wanted='[["apk","nmap","added"],["gem","rake","added"],["npm","pad","changed"],["pip","evil","added"],["pip","left","changed"]]'
    local got
    got=$(jq -c --arg c "$(drift_id drift)" '[.layers[] | select(.container == $c) | .packages[]
        | [.manager, .name, .change]] | sort' "$LAB/node.json")
    expect "drift/packages: those that were added and changed are told" "$got" test "$got" = "$wanted"
    expect "drift/packages: DRF-012 fires" "it does not" jq -e '.findings
        | any(.check == "DRF-012" and .subject.container == "drift")' "$LAB/drift.json"
}

# silence LABEL
silence() {
    local said
    said=$(jq -c '[.findings[] | select(.subject.container == "busy" and .check != "DRF-037")
        | [.check, .object]]' "$LAB/drift.json")
    expect "$1/busy: a busy container that nobody changed is silent" "$said" test "$said" = '[]'
    expect "$1/busy: it was looked at" "no layer" jq -e \
        --arg c "$(drift_id busy)" \
        '.layers[] | select(.container == $c and .unread == 0 and .blind == null)' "$LAB/node.json"
}

# What the recording says by now, asked by a filter.
recorded() {
    "$HULLTOP" check --from "$LAB/live.ndjson" --only drift --format node 2>/dev/null | jq -e "$1" >/dev/null
}

# Programs that start while it is watched: one without a file, one that has ended before any list of
# processes can show it, and many that have also lost their files by then.
live() {
    local recorder
    "$HULLTOP" record "$LAB/live.ndjson" --docker "unix://$LAB_SOCK" --cri none --kubeconfig none \
        --only drift,added-code --plain </dev/null >/dev/null 2>&1 &
    recorder=$!
    # Not before it knows the containers: a first answer may be about none.
    lab_poll "$LAB_LONG" recorded '(.sources[] | select(.name == "drift") | .state | IN("OK", "PART")) and
        any(.layers[]?; .unread == 0) and any(.containers[]?; .name == "busy")'
    lab_docker exec -d busy /bin/idle memfd
    lab_docker exec -d busy /bin/idle hidden
    lab_docker exec busy /bin/sh -c 'cp /bin/true /tmp/short; /tmp/short' 2>/dev/null
    expect "drift/live: a program without a file is told as it starts" "it is not" lab_poll "$LAB_LONG" recorded \
        '[.codes[]? | select(.path == "/memfd:evil" and .running and .seen_by != "polling") | .origin]
            | any(. == "memfd")'
    expect "drift/live: one that took a runtime's name is told" "it is not" lab_poll "$LAB_LONG" recorded \
        '[.codes[]? | select(.path == "/memfd:hidden" and .kind == "executable") | .origin] == ["memfd"]'
    expect "drift/live: one that has ended is told" "it is not" lab_poll "$LAB_LONG" recorded \
        '[.codes[]? | select(.path == "/tmp/short" and .running == false) | .origin] == ["added"]'
    lab_docker exec busy /bin/sh -c 'i=0
        while [ $i -lt 20 ]; do i=$((i + 1)); cp /bin/true /tmp/g$i; /tmp/g$i; rm /tmp/g$i; done' \
        2>/dev/null
    expect "drift/live: of many whose files are gone none is lost" "one is" lab_poll "$LAB_LONG" recorded \
        '[.codes[]? | select(.path | test("^/tmp/g[0-9]+$")) | select(.origin != "image")] | length == 20'
    kill -TERM "$recorder"
    wait "$recorder" 2>/dev/null || :
}

# A person locks the image of a container; what starts in it then is told at once, and again when the
# dashboard was closed and opened. The state that it keeps is the lab's own.
locked() {
    local dashboard="'$HULLTOP' --open containers --docker 'unix://$LAB_SOCK' --cri none --kubeconfig none"
    command -v tmux >/dev/null || { echo "SKIP drift/lock: tmux: not here"; return; }
    tmux_lab new-session -d -x 140 -y 40 -s dash "exec unshare -m --propagation private sh -c \
        \"mkdir -p /var/lib/hulltop; mount -t tmpfs -o mode=700 lab /var/lib/hulltop && $dashboard; $dashboard\""
    lab_poll "$LAB_LONG" screen_has 'drift +(ok|OK|PART)' && lab_poll "$LAB_LONG" screen_has 'busy'
    tmux_lab send-keys -t dash / 'name=busy' Enter
    lab_poll "$LAB_LONG" screen_has '1 of .* shown'
    tmux_lab send-keys -t dash Enter
    lab_poll "$LAB_LONG" screen_has '> Containers > busy'
    tmux_lab send-keys -t dash L 6
    expect "drift/lock: L locks the image of a container" "$(screen | head -n 5 | tr '\n' ' ')" \
        lab_poll "$LAB_LONG" screen_has 'Image locks 1'
    lab_docker exec -d busy /bin/sh -c 'cp /bin/busybox /tmp/sleep; exec /tmp/sleep 1000'
    expect "drift/lock: what starts then is critical" "$(screen | head -n 12 | tr '\n' ' ')" \
        lab_poll "$LAB_LONG" screen_has 'CRIT.*/tmp/sleep runs in a locked container'
    tmux_lab send-keys -t dash Q
    lab_poll "$LAB_LONG" screen_has '> Containers  '
    tmux_lab send-keys -t dash 6
    expect "drift/lock: it lasts" "$(screen | head -n 12 | tr '\n' ' ')" \
        lab_poll "$LAB_LONG" screen_has 'CRIT.*/tmp/sleep runs in a locked container'
    tmux_lab kill-server
}

# The first daemon's containers are gone; the next has another storage driver.
anew() {
    lab_remove_containers
    lab_end_process "$LAB_DOCKERD"
    # shellcheck disable=SC2034 # lib.sh's
    LAB_DRIVER=$1
    [ "$1" != btrfs ] || mount --bind "$LAB/disk.d" "$LAB/root" || return 1
    lab_spawn_dockerd && drift_image && drift_start
}

# What a driver needs besides the daemon; false with LAB_WHY set.
driver_has_all() {
    case $1 in
    fuse-overlayfs)
        command -v fuse-overlayfs >/dev/null || { LAB_WHY="no fuse-overlayfs"; return 1; }
        [ -c /dev/fuse ] || { LAB_WHY="no /dev/fuse"; return 1; } ;;
    btrfs)
        command -v mkfs.btrfs >/dev/null || { LAB_WHY="no mkfs.btrfs"; return 1; }
        truncate -s 1G "$LAB/disk" && mkfs.btrfs -q "$LAB/disk" && mkdir -p "$LAB/disk.d" &&
            mount -o loop "$LAB/disk" "$LAB/disk.d" 2>/dev/null ||
            { LAB_WHY="no file system of btrfs can be mounted"; return 1; } ;;
    esac
}

# with_driver DRIVER [listed]: the same under a daemon with that storage driver.
with_driver() {
    if ! driver_has_all "$1"; then
        echo "SKIP drift-$1: lab-$1: $LAB_WHY"
    elif anew "$1"; then
        in_docker "drift-$1" "${2:-}"
    else
        echo "not ok drift-$1: $(tail -n 1 "$LAB/dockerd.log")"
    fi
}

# From here on what is bound lies in memory of the node, as its /tmp may: that is its path all the same. Not
# where init, whose mounts are the node's, is apart from the lab. Sets volumes.
in_memory() {
    volumes=$LAB/volumes
    if grep -qF " $LAB/shared " /proc/1/mountinfo; then
        volumes=$LAB/shared/volumes
        mkdir -m 777 "$LAB/shared/bind" && mv "$LAB/bind" "$LAB/bind.disk" && ln -s "$LAB/shared/bind" "$LAB/bind"
    fi
    mkdir -p "$volumes/drift-data/_data"
}

# The same image and steps, and no Docker: containerd's own containers, on its overlayfs.
in_containerd() {
    local ctr=(ctr -a "$LAB/c.sock" -n lab) volumes
    in_memory
    drift_script
    lab_docker save "$DRIFT_IMAGE" | "${ctr[@]}" images import --base-name lab - >/dev/null 2>"$LAB/ctr.log" &&
        "${ctr[@]}" run -d --snapshotter overlayfs \
            --mount type=tmpfs,src=tmpfs,dst=/scratch,options=mode=777 \
            --mount "type=bind,src=$volumes/drift-data/_data,dst=/data,options=rbind:rw" \
            --mount "type=bind,src=$LAB/bind,dst=/host,options=rbind:rw" \
            "docker.io/$DRIFT_IMAGE" drift </dev/null >/dev/null 2>"$LAB/ctr.log" ||
        { echo "not ok drift-containerd: $(tail -n 1 "$LAB/ctr.log")"; return; }
    "${ctr[@]}" tasks exec --exec-id start drift /bin/sh /host/start.sh </dev/null >"$LAB/ctr.log" 2>&1 &
    lab_poll "$LAB_LONG" drift_done || echo "not ok drift-containerd: $(tail -n 1 "$LAB/ctr.log")"
    lab_poll "$LAB_LONG" drift_is_settled --docker none --cri "$LAB/c.sock"
    drift_compare drift-containerd drift
    "${ctr[@]}" tasks kill -a -s KILL drift >/dev/null 2>&1
    lab_poll "$LAB_LONG" "${ctr[@]}" tasks rm drift
    "${ctr[@]}" containers rm drift >/dev/null 2>&1
}

in_docker() {
    lab_poll "$LAB_LONG" drift_is_settled --docker "unix://$LAB_SOCK" --cri none
    drift_compare "$1" drift "${2:-}"
    silence "$1"
}

main() {
    lab_start plain || { echo "SKIP drift: lab-plain: $LAB_WHY"; exit 0; }
    mkdir -m 777 "$LAB/bind"
    drift_image || { echo "not ok drift: no image"; exit 1; }
    drift_start || { echo "not ok drift: $(tail -n 1 "$LAB/dockerd.log")"; exit 1; }
    in_docker drift
    digests
    packages
    live
    locked
    in_containerd
    with_driver vfs listed
    with_driver fuse-overlayfs listed
    with_driver btrfs listed
    lab_stop
    lab_start userns || { echo "SKIP drift-userns: lab-userns: $LAB_WHY"; exit 0; }
    mkdir -m 777 "$LAB/bind"
    if drift_image && drift_start; then
        in_docker drift-userns
    else
        echo "not ok drift-userns: $(tail -n 1 "$LAB/dockerd.log")"
    fi
}

main
