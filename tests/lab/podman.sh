#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Podman with the services of root and of a user at their usual sockets (podman.tsv), a working
# container of Buildah, and a container that drifts, root's and the user's. All of it has a /run of its
# own.
set -u
# shellcheck source=tests/lab/docker-kinds.sh
. "$(dirname "$0")/docker-kinds.sh"
# shellcheck source=tests/lab/drift-steps.sh
. "$(dirname "$0")/drift-steps.sh"

USER_ID=65534
SERVICES=()
USER_SERVICE='' USER_HOME=home

skip() {
    printf 'SKIP podman: lab-podman: %s\n' "$1"
    exit 0
}

# podman of root or of the user; each has storage and settings of its own.
as_root() {
    env CONTAINERS_CONF="$LAB/root.conf" CONTAINERS_STORAGE_CONF="$LAB/root-storage.conf" "$@" </dev/null
}
as_user() {
    (cd / && exec setpriv --reuid $USER_ID --regid $USER_ID --clear-groups env -i PATH="$PATH" \
        HOME="$LAB/$USER_HOME" XDG_RUNTIME_DIR=/run/user/$USER_ID CONTAINERS_CONF="$LAB/user.conf" \
        CONTAINERS_STORAGE_CONF="$LAB/user-storage.conf" "$@" </dev/null)
}

# write_settings WHO GRAPHROOT RUNROOT RUNTIME
write_settings() {
    cat >"$LAB/$1.conf" <<END
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "lab"
tmp_dir = "$3/tmp"
[engine.runtimes]
lab = ["$4"]
END
    printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' "$5" "$2" "$3" \
        >"$LAB/$1-storage.conf"
}

# runc may be asked for less than Podman wants: fewer capabilities, and no limits that are raised.
make_runtime() {
    local missing
    mapfile -t missing < <(lab_missing_caps)
    lab_write_wrapper "${missing[@]}"
    printf '%s\n' 's/,"rlimits":[[][^]]*[]]//' >>"$LAB/fewer-caps.sed"
    chmod 644 "$LAB/fewer-caps.sed"
}

make_image() {
    local root=$LAB/image applet
    mkdir -p "$root"/{bin,etc,tmp,proc,sys,dev,run}
    cp "$(command -v busybox)" "$root/bin/busybox"
    for applet in sh sleep cp rm mv ln chmod touch true mkdir; do
        ln -s busybox "$root/bin/$applet"
    done
    printf 'root:x:0:0:root:/:/bin/sh\n' >"$root/etc/passwd"
    tar -C "$root" --owner=0 --group=0 --numeric-owner -cf "$LAB/image.tar" .
    chmod 644 "$LAB/image.tar"
}

# A user's processes are in the user's slice, as systemd has it.
enter_slice() {
    local hierarchy
    for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
        [ -e "$hierarchy/cgroup.procs" ] && mkdir -p "$hierarchy/user-$USER_ID.slice" &&
            echo "$BASHPID" >"$hierarchy/user-$USER_ID.slice/cgroup.procs"
    done 2>/dev/null
}
remove_cgroups() {
    local dir
    for dir in /sys/fs/cgroup{,/*}/{user-$USER_ID.slice,libpod_parent}; do
        [ ! -d "$dir" ] || find "$dir" -depth -type d -exec rmdir '{}' + 2>/dev/null
    done
    [ -z "$(find /sys/fs/cgroup -maxdepth 2 -type d -name "user-$USER_ID.slice")" ]
}
# The program itself is the child of the shell that was put into the background.
end_service() {
    local children child
    read -ra children < <(cat "/proc/$1/task/"*/children 2>/dev/null | tr '\n' ' ')
    kill -TERM "${children[@]}" "$1" 2>/dev/null
    lab_poll 15 lab_gone "$1" || kill -KILL "$1" 2>/dev/null
    for child in "${children[@]}"; do
        lab_poll 10 lab_gone "$child" || kill -KILL "$child" 2>/dev/null
    done
}

podman_start() {
    local tool
    [ "$(id -u)" = 0 ] || skip "not root"
    for tool in podman runc conmon busybox jq setpriv; do
        command -v $tool >/dev/null || skip "no $tool"
    done
    ! ldd "$(command -v busybox)" >/dev/null 2>&1 || skip "busybox is not static"
    lab_folder || skip "no directory"
    trap podman_stop EXIT
    trap 'exit 130' INT TERM HUP
    chmod 711 "$LAB"
    mount -t tmpfs run /run || skip "no mounts"
    mkdir -p /run/podman "/run/user/$USER_ID/podman" "$LAB/home"
    chown -R $USER_ID:$USER_ID "/run/user/$USER_ID" "$LAB/home"
    chmod 700 /run/user/$USER_ID
    make_runtime
    make_image
    write_settings root "$LAB/root" /run/containers "$LAB/runc-fewer-caps" overlay
    write_settings user "$LAB/home/root" /run/user/$USER_ID/containers "$LAB/runc-fewer-caps" vfs
    as_root podman import "$LAB/image.tar" "$LAB_IMAGE" >"$LAB/import.log" 2>&1 ||
        skip "import: $(tail -n 1 "$LAB/import.log")"
    as_root podman system service -t 0 unix:///run/podman/podman.sock >"$LAB/root.log" 2>&1 &
    SERVICES+=($!)
    lab_poll "$LAB_LONG" test -S /run/podman/podman.sock || skip "$(tail -n 1 "$LAB/root.log")"
}

start_user_service() {
    (enter_slice; as_user podman system service -t 0 \
        unix:///run/user/$USER_ID/podman/podman.sock) >"$LAB/user.log" 2>&1 &
    USER_SERVICE=$!
    SERVICES+=($!)
    lab_poll "$LAB_LONG" test -S /run/user/$USER_ID/podman/podman.sock ||
        USER_WHY="service: $(tail -n 1 "$LAB/user.log")"
}

# Whether this kernel and these packages let a user have containers is no question for hulltop.
start_user() {
    if ! as_user podman import "$LAB/image.tar" "$LAB_IMAGE" >"$LAB/import.log" 2>&1; then
        USER_WHY="import: $(tail -n 1 "$LAB/import.log")"
        return
    fi
    start_user_service
    (enter_slice; as_user podman run -d --network none --name try "$LAB_IMAGE" /bin/sleep 1) \
        >"$LAB/try.log" 2>&1 || USER_WHY="run: $(tail -n 1 "$LAB/try.log")"
}

# What was started with the lab's settings: a service may have started itself again while it was
# ended, and one process holds the user's namespaces while no command runs. Fails while one is left.
end_the_rest() {
    local file left=0
    for file in /proc/[0-9]*/environ; do
        grep -qzF "CONTAINERS_CONF=$LAB/" "$file" 2>/dev/null || continue
        file=${file%/environ}
        kill -KILL "${file##*/}" 2>/dev/null
        left=1
    done
    return $left
}

podman_stop() {
    local pid
    trap - EXIT
    as_root podman rm -fa -t 0 >/dev/null 2>&1
    as_user podman rm -fa -t 0 >/dev/null 2>&1
    as_root buildah rm -a >/dev/null 2>&1
    for pid in "${SERVICES[@]}"; do
        end_service "$pid"
    done
    lab_poll 10 end_the_rest
    lab_unmount_all
    lab_poll 5 remove_cgroups
    rm -rf --one-file-system "$LAB"
}

each() {
    local name service arguments expectation
    while IFS='|' read -r name service arguments expectation; do
        case $name in '' | '#'*) continue ;; esac
        service=${service//[[:space:]]/}
        [ "$service" = root ] || [ -z "$USER_WHY" ] || continue
        "$1" "${name//[[:space:]]/}" "$service" "$arguments" "$expectation"
    done <"$LAB_HERE/podman.tsv"
}

start() {
    local words status
    read -ra words <<<"$3"
    words=("${words[@]//%20/ }")
    case $3 in *--network*) ;; *) words+=(--network none) ;; esac
    ([ "$2" = root ] || enter_slice
        "as_$2" podman run -d "${words[@]}" --name "$1" "$LAB_IMAGE" /bin/sleep 100000) \
        >"$LAB/run.log" 2>&1
    status=$?
    expect "podman/$1 runs" "$(tail -n 1 "$LAB/run.log")" test $status = 0
}

row() { jq -e --arg n "$1" "[.containers[] | select(.name == \$n)] | .[0] | $2" "$LAB/node.json"; }
judge() {
    expect "podman/$1 is as expected" "$4; it is $(row "$1" . 2>/dev/null | jq -c . | cut -c1-300)" \
        row "$1" "$4"
}

look() { "$HULLTOP" check --cri none --kubeconfig none --timeout "$LAB_LONG" "$@"; }

# drifts WHO LABEL [listed]: the container of drift-steps.sh.
drifts() {
    local who=as_$1 label=$2
    drift_script
    { "$who" podman import -c 'ENV PATH=/bin' -c 'CMD ["/bin/idle"]' "$LAB/drift.tar" lab/drift:1 &&
        in_slice_of "$1" "$who" podman run -d --network none --tmpfs /scratch:rw,exec -v drift-data:/data \
            -v "$LAB/bind:/host" --name drift lab/drift:1; } >"$LAB/run.log" 2>&1 ||
        { echo "not ok $label: $(tail -n 1 "$LAB/run.log")"; return; }
    in_slice_of "$1" "$who" podman exec drift /bin/sh /host/start.sh >"$LAB/run.log" 2>&1 &
    SERVICES+=($!)
    lab_poll "$LAB_LONG" drift_done || echo "not ok $label: $(tail -n 1 "$LAB/run.log")"
    lab_poll "$LAB_LONG" drift_is_settled --cri none
    drift_compare "$label" drift "${3:-}"
    "$who" podman rm -f -t 0 drift >/dev/null 2>&1
}

in_slice_of() (
    [ "$1" = root ] || enter_slice
    shift
    "$@"
)

# The user's containers on the kernel's overlay, in a service of their own.
drifts_on_overlay() {
    as_user podman rm -fa -t 0 >/dev/null 2>&1
    end_service "$USER_SERVICE"
    # Podman remembers there what driver it had.
    USER_HOME=home-overlay
    mkdir "$LAB/$USER_HOME" && chown $USER_ID:$USER_ID "$LAB/$USER_HOME"
    write_settings user "$LAB/$USER_HOME/root" /run/user/$USER_ID/overlay "$LAB/runc-fewer-caps" overlay
    rm -f /run/user/$USER_ID/podman/podman.sock
    start_user_service
    drifts user drift-podman-user user
}

lab() {
    local status
    each start
    as_root buildah from --signature-policy "$LAB/policy.json" --name left-behind "$LAB_IMAGE" \
        >"$LAB/buildah.log" 2>&1
    look --only privileged,builds --format node >"$LAB/node.json" 2>"$LAB/stderr"
    expect "podman/node is JSON" "$(tail -n 1 "$LAB/stderr")" jq -e .schema "$LAB/node.json"
    expect "podman/source is OK" "$(jq -c '.sources' "$LAB/node.json" | cut -c1-400)" \
        jq -e '.sources[] | select(.id == "podman") | .state == "OK"' "$LAB/node.json"
    each judge
    if command -v buildah >/dev/null; then
        expect "podman/what Buildah left is there" "$(tail -n 1 "$LAB/buildah.log")" row left-behind \
            '.runtime == "buildah" and .class == "build" and .state == "created"'
    else
        echo "SKIP podman/buildah: lab-buildah: buildah is not installed"
    fi
    expect_not "podman/node holds no secret" "an environment value leaks" grep -q hunter2 "$LAB/node.json"
    look --only privileged --format json >"$LAB/report.json" 2>/dev/null
    status=$?
    expect "podman/exit status is 1" "it is $status" test $status = 1
    expect "podman/report says who is privileged" "$(jq -c '[.findings[] | select(.check == "PRV-001") | .subject.name]' "$LAB/report.json")" \
        jq -e '[.findings[] | select(.check == "PRV-001" and .severity == "critical") | .subject.name] | index("priv") != null' "$LAB/report.json"
    [ -n "$USER_WHY" ] ||
        expect "podman/report says whose root is a user of the node" \
            "$(jq -c '[.findings[] | select(.subject.name == "rootpriv") | [.check, .severity, .title]]' "$LAB/report.json")" \
            jq -e '[.findings[] | select(.subject.name == "rootpriv")] | any(.check == "PRV-001") and
                all(.severity != "critical" and .severity != "high" and .escape == null)' "$LAB/report.json"
    drift_tree "$LAB/drift" && mkdir -m 777 "$LAB/bind"
    tar -C "$LAB/drift" --owner=0 --group=0 --numeric-owner -cf "$LAB/drift.tar" .
    drifts root drift-podman
    [ -n "$USER_WHY" ] || drifts_on_overlay
    [ -z "${LAB_KEEP:-}" ] || cp "$LAB"/node.json "$LAB"/report.json "$LAB/drift.json" "$LAB_KEEP"
}

[ -x "$HULLTOP" ] || { echo "not ok podman: no program $HULLTOP"; exit 1; }
if [ -z "${HT_LAB_RUN:-}" ]; then
    HT_LAB_RUN=1 unshare -m --propagation private true 2>/dev/null || skip "no mount namespace"
    HT_LAB_RUN=1 exec unshare -m --propagation private "$BASH" "$0" "$@"
fi
podman_start
echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$LAB/policy.json"
USER_WHY=''
start_user
[ -z "$USER_WHY" ] || echo "SKIP podman/rootless: lab-rootless: $USER_WHY"
lab
