# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The lab: a private dockerd with a containerd of its own, below one fresh directory. Nothing of a
# system Docker is used or touched: own data, own sockets, no bridge, no packet filter rules, no
# files outside the directory. Source this file; it needs bash, curl, jq, a docker client and root.
#
#   lab_start VARIANT    plain | userns | cgroup2; false with LAB_WHY set when it cannot run here
#   lab_stop             removes everything again; also run by the EXIT trap
#   lab_docker ARGS...   the docker client on the lab's socket
#   lab_api PATH         body of one GET
#   lab_kinds_start      starts every row of kinds.tsv that this machine can run
#   lab_poll SECONDS COMMAND...   true as soon as COMMAND is
#
# What must happen is waited for LAB_LONG seconds: a bound costs nothing when it does, and machines
# are busy.
#
# Set by lab_start: LAB (directory), LAB_SOCK, LAB_CONDS (words for the expected tables),
# LAB_NS (prefix to run a command in the daemon's mount namespace).

LAB_LONG=120
# Nobody writes to it: a read from it waits without a program.
exec {never}<> <(:)
LAB_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB='' LAB_SOCK='' LAB_WHY='' LAB_CONDS='' LAB_DRIVER='' LAB_DOCKERD='' LAB_CONTAINERD=''
LAB_BRIDGE='' LAB_BLOCKDEV='' LAB_SHIMS_WERE='' LAB_CGROUPS_WERE='' LAB_OWN='' LAB_IMAGE=lab/app:1.0
LAB_NS=() LAB_JOBS=()
LAB_CAPS=(chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap
    linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module
    sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time
    sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog
    wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore)

lab_poll() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        read -rt 0.05 -u "$never" || :
    done
}

lab_api() { curl -s --max-time 20 --unix-socket "$LAB_SOCK" "http://lab$1"; }

lab_docker() {
    env -u DOCKER_CONTEXT -u DOCKER_TLS_VERIFY -u DOCKER_API_VERSION DOCKER_CONFIG="$LAB/client" \
        DOCKER_HOST="unix://$LAB_SOCK" ${LAB_LIMIT:+timeout "$LAB_LIMIT"} docker "$@"
}

lab_pid() { lab_docker inspect -f '{{.State.Pid}}' "$1"; }

# --- probes: each says in LAB_WHY why it fails ------------------------------------------------

lab_probe() {
    local tool
    [ "$(id -u)" = 0 ] || { LAB_WHY="not root"; return 1; }
    for tool in dockerd containerd runc docker curl jq busybox unshare nsenter; do
        command -v $tool >/dev/null || { LAB_WHY="no $tool"; return 1; }
    done
    ! ldd "$(command -v busybox)" >/dev/null 2>&1 || { LAB_WHY="busybox is not static"; return 1; }
    case $1 in
    plain) ;;
    userns)
        if [ ! -f /etc/subuid ] || [ ! -f /etc/subgid ]; then
            LAB_WHY="no /etc/subuid"
            return 1
        fi
        unshare -U true 2>/dev/null || { LAB_WHY="user namespaces are off"; return 1; } ;;
    cgroup2)
        grep -qw cgroup2 /proc/filesystems || { LAB_WHY="kernel without cgroup2"; return 1; } ;;
    *) LAB_WHY="no variant $1"; return 1 ;;
    esac
}

# Capabilities that root lacks here, as sed rules that take them out of a runtime specification.
lab_missing_caps() {
    local have last bit
    have=$((16#$(sed -n 's/^CapPrm:\t//p' /proc/self/status)))
    last=$(cat /proc/sys/kernel/cap_last_cap)
    for bit in "${!LAB_CAPS[@]}"; do
        [ "$bit" -le "$last" ] || continue
        [ $((have >> bit & 1)) = 1 ] || printf '%s\n' "CAP_${LAB_CAPS[bit]^^}"
    done
}

# runc refuses --privileged where root lacks a capability; this wrapper asks for the rest.
lab_write_wrapper() {
    local cap
    for cap in "$@"; do
        printf 's/"%s",//g\ns/,"%s"//g\n' "$cap" "$cap"
    done >"$LAB/fewer-caps.sed"
    cat >"$LAB/runc-fewer-caps" <<END
#!/bin/sh
spec= before=
for word in "\$@"; do
    case \$before in --bundle | -b) spec=\$word/config.json ;; --process | -p) spec=\$word ;; esac
    case \$word in --bundle=*) spec=\${word#*=}/config.json ;; --process=*) spec=\${word#*=} ;; esac
    before=\$word
done
[ ! -f "\$spec" ] || sed -i -f "$LAB/fewer-caps.sed" "\$spec"
exec $(command -v runc) "\$@"
END
    chmod 755 "$LAB/runc-fewer-caps"
}

lab_write_config() {
    local missing runtime='{}' remap='{}'
    mapfile -t missing < <(lab_missing_caps)
    if [ ${#missing[@]} -gt 0 ]; then
        lab_write_wrapper "${missing[@]}"
        runtime=$(jq -n --arg p "$LAB/runc-fewer-caps" \
            '{runtimes: {fewercaps: {path: $p}}, "default-runtime": "fewercaps"}')
    fi
    [ "$1" != userns ] || remap=$(jq -n --arg g "nobody:$(id -gn nobody)" '{"userns-remap": $g}')
    jq -n --arg lab "$LAB" --arg sock "$LAB_SOCK" --argjson runtime "$runtime" \
        --argjson remap "$remap" '{
        "data-root": "\($lab)/root", "exec-root": "\($lab)/x", pidfile: "\($lab)/docker.pid",
        hosts: ["unix://\($sock)"], group: "root", containerd: "\($lab)/c.sock",
        bridge: "none", iptables: false, ip6tables: false, "ip-forward": false,
        "exec-opts": ["native.cgroupdriver=cgroupfs"], "shutdown-timeout": 3,
        "log-level": "warn"} + $runtime + $remap' >"$LAB/daemon.json"
    cat >"$LAB/containerd.toml" <<END
version = 2
root = "$LAB/cr"
state = "$LAB/cx"
oom_score = 0
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$LAB/c.sock"
[ttrpc]
  address = "$LAB/c.ttrpc"
END
}

# Shell text run in the daemon's fresh mount namespace before containerd.
lab_namespace_setup() {
    case $1 in
    userns)
        cp /etc/subuid /etc/subgid "$LAB"
        # The name that Docker looks up in the second file depends on its version.
        printf '%s:200000:65536\n' nobody "$(id -gn nobody)" |
            tee -a "$LAB/subuid" >>"$LAB/subgid"
        printf 'mount --bind %s/subuid /etc/subuid && mount --bind %s/subgid /etc/subgid' \
            "$LAB" "$LAB" ;;
    cgroup2)
        printf 'umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup' ;;
    esac
}

lab_containerd_answers() {
    kill -0 "$LAB_CONTAINERD" 2>/dev/null || return 0
    test -S "$LAB/c.sock"
}

lab_spawn_containerd() {
    local setup
    setup=$(lab_namespace_setup "$1")
    if [ -n "$setup" ]; then
        env -i PATH="$PATH" unshare -m --propagation private \
            sh -c "$setup && exec containerd --config $LAB/containerd.toml" \
            >"$LAB/containerd.log" 2>&1 &
    else
        env -i PATH="$PATH" containerd --config "$LAB/containerd.toml" >"$LAB/containerd.log" 2>&1 &
    fi
    LAB_CONTAINERD=$!
    lab_poll "$LAB_LONG" lab_containerd_answers && [ -S "$LAB/c.sock" ] || {
        LAB_WHY="containerd does not start: $(tail -n 1 "$LAB/containerd.log")"
        return 1
    }
    [ -z "$setup" ] || LAB_NS=(nsenter -t "$LAB_CONTAINERD" -m --)
}

lab_dockerd_answers() {
    kill -0 "$LAB_DOCKERD" 2>/dev/null || return 0
    [ "$(lab_api /_ping)" = OK ]
}

# Starts dockerd (again); lab_start has prepared everything else.
lab_spawn_dockerd() {
    rm -f "$LAB/docker.pid"
    "${LAB_NS[@]}" env -i PATH="$PATH" dockerd --config-file "$LAB/daemon.json" \
        --storage-driver "$LAB_DRIVER" >"$LAB/dockerd.log" 2>&1 &
    LAB_DOCKERD=$!
    if lab_poll "$LAB_LONG" lab_dockerd_answers && [ "$(lab_api /_ping)" = OK ]; then
        return 0
    fi
    LAB_WHY="dockerd does not start: $(tail -n 1 "$LAB/dockerd.log")"
    lab_end_process "$LAB_DOCKERD"
    LAB_DOCKERD=
    return 1
}

# One layer with busybox, its applets, and two users; no registry takes part.
lab_import_image() {
    local root=$LAB/image applet
    mkdir -p "$root"/{bin,etc,tmp,proc,sys,dev,run}
    cp "$(command -v busybox)" "$root/bin/busybox"
    for applet in $(busybox --list); do
        [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
    done
    printf 'root:x:0:0:root:/:/bin/sh\napp:x:1000:1000:app:/:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\napp:x:1000:\n' >"$root/etc/group"
    chmod 1777 "$root/tmp"
    tar -C "$root" --owner=0 --group=0 --numeric-owner -c . |
        lab_docker import -c 'ENV PATH=/bin' -c 'CMD ["/bin/sleep","100000"]' - "$LAB_IMAGE" \
            >/dev/null || { LAB_WHY="docker import failed"; return 1; }
}

lab_facts() {
    local info
    info=$(lab_api /info)
    LAB_CONDS="v$(jq -r '.CgroupVersion // "1"' <<<"$info") $1"
    jq -e '.SecurityOptions | any(startswith("name=apparmor"))' <<<"$info" >/dev/null &&
        LAB_CONDS+=" apparmor"
    [ -n "$(lab_block_device)" ] && LAB_CONDS+=" blockdev"
    command -v docker-init >/dev/null && LAB_CONDS+=" init"
    [ -d /var/lib/kubelet ] || [ -d /etc/kubernetes ] && LAB_CONDS+=" kubelet"
    lab_make_shared && LAB_CONDS+=" shared"
    lab_make_bridge && LAB_CONDS+=" bridge"
    lab_make_disguises
}

lab_block_device() {
    local name
    while read -r _ _ _ name; do
        [ -b "/dev/$name" ] && { printf '/dev/%s\n' "$name"; return; }
    done < <(sed 1,2d /proc/partitions)
}

lab_make_shared() {
    mkdir "$LAB/shared"
    "${LAB_NS[@]}" mount -t tmpfs lab "$LAB/shared" 2>/dev/null &&
        "${LAB_NS[@]}" mount --make-shared "$LAB/shared"
}

# Paths of the host under other names, for kinds that mount them.
lab_make_disguises() {
    ln -s /etc "$LAB/link" &&
        lab_docker volume create -o type=none -o o=bind -o device=/etc etcvolume >/dev/null
}

# A bridge network is the lab's only change to the host's network; it goes with the lab.
lab_make_bridge() {
    lab_docker network create -o com.docker.network.bridge.name="lab${LAB##*.}" labnet >/dev/null 2>&1 ||
        return 1
    LAB_BRIDGE=lab${LAB##*.}
    lab_docker run --rm --network labnet "$LAB_IMAGE" /bin/true >/dev/null 2>&1
}

# Sets LAB to a fresh directory on a disk: of files in memory an overlay does not tell which one another was
# made from, and images take memory.
lab_folder() {
    local place=/tmp
    [ "$(stat -f -c %T /tmp)" != tmpfs ] || place=/var/tmp
    LAB=$(mktemp -d "$place/htlab.XXXXXX")
}

lab_start() {
    local variant=$1
    LAB_BRIDGE=''
    lab_probe "$variant" || return 1
    lab_folder || { LAB_WHY="no directory"; return 1; }
    chmod 711 "$LAB"
    trap lab_stop EXIT
    trap 'exit 130' INT TERM HUP
    mkdir -m 755 "$LAB/run" "$LAB/client"
    LAB_SOCK=$LAB/run/docker.sock
    LAB_SHIMS_WERE=$(lab_shim_files)
    LAB_CGROUPS_WERE=$(lab_cgroups)
    lab_write_config "$variant"
    lab_spawn_containerd "$variant" || return 1
    for LAB_DRIVER in ${LAB_DRIVERS:-overlay2 vfs}; do
        lab_spawn_dockerd && break
    done
    [ -n "$LAB_DOCKERD" ] || return 1
    lab_import_image && lab_facts "$variant"
}

# --- teardown -----------------------------------------------------------------------------------

# Ends one process that the lab started: politely, then not.
lab_end_process() {
    [ -n "$1" ] && kill -0 "$1" 2>/dev/null || return 0
    kill -CONT "$1" 2>/dev/null
    kill -TERM "$1" 2>/dev/null
    lab_poll 15 lab_gone "$1" || kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    return 0
}

lab_gone() {
    local state
    state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 0
    [ -z "$state" ] || [ "$state" = Z ]
}

# Shims outlive their daemons; the address in the command line tells whose they are.
lab_end_shims() {
    local file pid children
    grep -las "containerd-shim.*$LAB/c.sock" /proc/[0-9]*/cmdline | while read -r file; do
        pid=${file//[!0-9]/}
        [ "$pid" != $$ ] || continue
        read -ra children < <(cat "/proc/$pid/task/"*/children 2>/dev/null | tr '\n' ' ')
        kill -KILL "${children[@]}" "$pid" 2>/dev/null
    done
}

lab_unmount_all() {
    local mounts i
    mapfile -t mounts < <(sed -n "s|^[^ ]* \($LAB/[^ ]*\) .*|\1|p" /proc/self/mounts)
    for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do
        umount -l "${mounts[i]}" 2>/dev/null
    done
}

# What Docker and containerd make outside the lab's directory: control groups, by the names of the
# daemon and of the namespaces in containerd.tsv, and what shims leave, with a socket for each.
lab_cgroups() {
    find /sys/fs/cgroup -type d -regextype posix-extended \
        -regex '/sys/fs/cgroup/([^/]+/)?(docker|kubepods|lab|default)(/.*)?' 2>/dev/null | sort
}
lab_shim_files() { find /run/containerd \( -type d -o -type s \) 2>/dev/null | sort; }

# A daemon of the machine makes such files too, meanwhile: only what is called like a container, a
# build or a socket of the lab's is its own, and the folders above, where they were not there before.
lab_note_own() {
    local names
    names=$({
        find "$LAB"/cx/*/* "$LAB"/root/buildkit/executor "$LAB"/root/*/buildkit/executor \
            -mindepth 1 -maxdepth 1 -type d -printf '%f\n'
        sed 's|.*/||' "$LAB"/cx/*/*/*/address
    } 2>/dev/null | grep -xE '[[:alnum:]_-]+' | sort -u | tr '\n' '|')
    LAB_OWN='^/run/containerd(/s)?$|/(docker(/buildkit)?|kubepods(/burstable)?|lab|default)$'
    LAB_OWN+="|/(${names}pod0a1b2c3d-1111-2222-3333-444455556666)(/|\$)"
}

# lab_new WERE COMMAND: what of the lab's the command lists now and did not list then.
lab_new() { comm -13 <(printf '%s\n' "$1") <("$2") | grep -E "$LAB_OWN"; }

# lab_remove_new WERE COMMAND: removes that: folders that are empty, sockets that nobody has. Who was
# killed takes a moment to go; false while some is left.
lab_remove_new() {
    local path
    while read -r path; do
        if [ ! -S "$path" ]; then
            rmdir "$path"
        elif ! grep -qF " $path" /proc/net/unix; then
            rm -f "$path"
        fi
    done < <(lab_new "$1" "$2" | sort -r) 2>/dev/null
    [ -z "$(lab_new "$1" "$2")" ]
}

# lab_remove_containers [FILTER...]: by the daemon, as far as it still can.
lab_remove_containers() {
    local ids
    mapfile -t ids < <(lab_docker ps -aq "$@" 2>/dev/null)
    [ ${#ids[@]} = 0 ] || LAB_LIMIT=60 lab_docker rm -fv "${ids[@]}" >/dev/null 2>&1
}

# Only what is plugged into the host's network has to be taken away by the daemon. One that was ended
# with the test is not waited for: it does not answer any more.
lab_remove_network() {
    lab_api /_ping >/dev/null || return
    lab_remove_containers --filter network=labnet
    LAB_LIMIT=20 lab_docker network rm labnet >/dev/null 2>&1
}

lab_stop() {
    [ -n "$LAB" ] || return 0
    set +e
    trap - EXIT
    lab_note_own
    if [ -n "$LAB_DOCKERD" ] && kill -0 "$LAB_DOCKERD" 2>/dev/null; then
        kill -CONT "$LAB_DOCKERD"
        [ -z "$LAB_BRIDGE" ] || lab_remove_network
        # It would stop one container after the other; all of it goes with the directory.
        disown "$LAB_DOCKERD" 2>/dev/null
        kill -KILL "$LAB_DOCKERD"
    fi
    [ ! -d "$LAB/shared" ] || "${LAB_NS[@]}" umount -l "$LAB/shared" 2>/dev/null
    lab_end_process "$LAB_DOCKERD"
    lab_end_shims
    lab_end_process "$LAB_CONTAINERD"
    [ -z "$LAB_BRIDGE" ] || ip link del "$LAB_BRIDGE" 2>/dev/null
    lab_unmount_all
    rm -rf --one-file-system "$LAB" || printf '# lab: %s is not empty\n' "$LAB" >&2
    lab_poll 5 lab_remove_new "$LAB_SHIMS_WERE" lab_shim_files
    lab_poll 5 lab_remove_new "$LAB_CGROUPS_WERE" lab_cgroups
    LAB='' LAB_DOCKERD='' LAB_CONTAINERD='' LAB_NS=()
}

# --- container kinds ----------------------------------------------------------------------------

# Calls FUNCTION name needs state arguments command for each row of kinds.tsv.
lab_kinds_each() {
    local name needs state arguments command
    while IFS='|' read -r name needs state arguments command; do
        case $name in '' | '#'*) continue ;; esac
        "$1" "${name//[[:space:]]/}" "${needs//[[:space:]]/}" "${state//[[:space:]]/}" \
            "$arguments" "$command"
    done <"${LAB_KINDS:-$LAB_HERE/kinds.tsv}"
}

lab_has() {
    local want
    for want in ${1//,/ }; do
        case " - $LAB_CONDS " in *" $want "*) ;; *) return 1 ;; esac
    done
}

# The table's words are shell words, so that a row can hold any byte.
lab_kind_start() {
    local name=$1 needs=$2 state=$3 words verb=(run -d)
    lab_has "$needs" || { printf 'skip\tneeds %s\n' "$needs" >"$LAB/kinds/$name"; return; }
    eval "words=($4 \"\$LAB_IMAGE\" $5)"
    [ "$state" != created ] || verb=(create)
    # Remapped root may not join the host's namespaces or be privileged: Docker wants it said.
    case "$LAB_CONDS:$4" in
    *userns*:*--privileged* | *userns*:*--pid=host* | *userns*:*--network=host* | \
        *userns*:*--ipc=host*)
        words=(--userns=host "${words[@]}") ;;
    esac
    case $4 in *--network*) ;; *) words=(--network=none "${words[@]}") ;; esac
    [ "$name" != netdefault ] || words=("${words[@]:1}")
    if ! lab_docker "${verb[@]}" --name "$name" "${words[@]}" >"$LAB/kinds/$name.log" 2>&1 &&
        [ "$state" != badcmd ]; then
        printf 'fail\t%s\n' "$(tr '\n' ' ' <"$LAB/kinds/$name.log")" >"$LAB/kinds/$name"
        return
    fi
    case $state in
    paused) lab_docker pause "$name" >/dev/null ;;
    exited) lab_docker wait "$name" >/dev/null ;;
    exec) lab_docker exec -d "$name" /bin/sleep 100001 ;;
    execpriv) lab_docker exec -d --privileged "$name" /bin/sleep 100002 ;;
    esac && printf 'ok\n' >"$LAB/kinds/$name" || printf 'fail\t%s\n' "$state" >"$LAB/kinds/$name"
}

# lab_in_turn COMMAND...: runs it in the background, a few at a time; wait for "${LAB_JOBS[@]}" at the end.
lab_in_turn() {
    "$@" &
    LAB_JOBS+=($!)
    if [ ${#LAB_JOBS[@]} -ge "${LAB_PARALLEL:-3}" ]; then
        wait "${LAB_JOBS[0]}"
        LAB_JOBS=("${LAB_JOBS[@]:1}")
    fi
}

lab_kind_start_in_turn() { lab_in_turn lab_kind_start "$@"; }

lab_kinds_start() {
    LAB_BLOCKDEV=$(lab_block_device)
    ln -s "${LAB_BLOCKDEV:-/dev/null}" "$LAB/disk"
    LAB_JOBS=()
    mkdir -p "$LAB/kinds"
    lab_kinds_each lab_kind_start_in_turn
    [ ${#LAB_JOBS[@]} = 0 ] || wait "${LAB_JOBS[@]}"
}

# ok, "skip TAB reason" or "fail TAB reason" of one kind.
lab_kind_result() { cat "$LAB/kinds/$1" 2>/dev/null || printf 'fail\tnot started\n'; }

# COUNT containers with nothing special, of HT_MANY_PROCESSES (1) processes each, as fast as the daemon
# makes them.
lab_many() {
    local i each=${HT_MANY_PROCESSES:-1}
    for ((i = 1; i <= $1; i++)); do
        [ "$i" = 1 ] || printf 'next\n'
        printf 'url = "http://lab/containers/create?name=web-%d"\ndata = "@%s"\n' "$i" "$LAB/many.json"
        printf 'header = "Content-Type: application/json"\nunix-socket = "%s"\nsilent\n' "$LAB_SOCK"
    done >"$LAB/many.curl"
    jq -n --arg i "$LAB_IMAGE" --argjson n "$each" '{Image: $i, HostConfig: {NetworkMode: "none"}}
        + if $n > 1 then {Cmd: ["sh", "-c", "for i in $(seq 2 \($n)); do sleep 100000 & done; exec sleep 100000"]}
          else {} end' >"$LAB/many.json"
    curl -K "$LAB/many.curl" | jq -r .Id | xargs -P 3 -I '{}' \
        curl -s --unix-socket "$LAB_SOCK" -X POST 'http://lab/containers/{}/start'
}
