#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real builds beside applications: classic docker build, BuildKit inside dockerd, Buildah, and a build
# through the daemon's socket. Each appears while it runs, with what it shares, and is remembered
# when it is over.
set -u
# shellcheck source=tests/lab/docker-kinds.sh
. "$(dirname "$0")/docker-kinds.sh"

# How long a step takes: longer than a look takes on any machine. What was seen is ended.
STEP=${LAB_STEP:-300}
RECORDER='' BUILD='' STEP_ID=''

# The first docker client that can ask BuildKit without a plug-in, or the first one.
build_client() {
    local client
    for client in /usr/bin/docker "$(command -v docker)"; do
        [ -x "$client" ] || continue
        "$client" version --format '{{.Client.Version}}' 2>/dev/null | grep -q '^20\.' || continue
        echo "$client"
        return
    done
    command -v docker
}

# start_build BUILDKIT TAG: a docker build that takes STEP seconds.
start_build() {
    env DOCKER_BUILDKIT="$1" DOCKER_CONFIG="$LAB/client" DOCKER_HOST="unix://$LAB_SOCK" \
        "$CLIENT" build --network none --no-cache -t "$2" "$LAB/context" >"$LAB/build.log" 2>&1 &
    BUILD=$!
}

end_build() {
    lab_end_process "$BUILD"
    BUILD=''
}

look() {
    "$HULLTOP" check --docker "unix://$LAB_SOCK" --cri none --kubeconfig none --only builds \
        --timeout "$LAB_LONG" --format json >"$LAB/builds.json" 2>"$LAB/builds.err"
}
build_is() { jq -e "[.builds[] | select($1)] | length == 1" "$LAB/builds.json"; }
appears() { look; build_is "$1"; }
fires() { jq -e --arg c "$1" '.findings | any(.check == $c)' "$LAB/builds.json"; }
said() { jq -c '[.builds[] | {system, name, state, grade}]' "$LAB/builds.json" 2>/dev/null | head -c 300; }

# seen NAME FILTER: a build that the filter matches appears, beside two applications it is named with.
seen() {
    expect "builds/$1: appears while it runs" "no such build: $(said)" lab_poll "$LAB_LONG" appears "$2"
    expect "builds/$1: shares the kernel with the applications" "$(said)" build_is \
        "($2) and any(.shares[]; .kind == \"kernel\" and (.with | contains([\"shop-db\", \"shop-web\"])))"
    expect "builds/$1: BLD-002 fires" "it does not" fires BLD-002
}

docker_builds() {
    start_build 0 shop/classic:1
    seen classic '.system == "docker-classic" and .name == "shop/classic:1" and .grade == "D"'
    expect "builds/classic: the daemon is shared" "$(said)" build_is \
        '.state == "running" and any(.shares[]; .kind == "engine")'
    end_build
    start_build 1 shop/kit:1
    lab_poll "$LAB_LONG" test -s "$LAB/build.log" # what it does, or why it does not
    if grep -qiE 'buildx|BuildKit is enabled but' "$LAB/build.log"; then
        echo "SKIP builds/buildkit: lab-buildkit: this client needs a plug-in for it"
    else
        seen buildkit '.system == "buildkit" and .name == "shop/kit:1" and .grade == "D"'
    fi
    end_build
}

# The client runs in a container that has the daemon's socket, as a CI runner would.
socket_build() {
    lab_docker run -d --name runner --network none -v "$LAB_SOCK:/var/run/docker.sock" \
        -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro -v "$LAB/context:/context:ro" \
        -e DOCKER_BUILDKIT=0 "$LAB_IMAGE" "$CLIENT" build --network none --no-cache \
        -t shop/socket:1 /context >/dev/null
    expect "builds/socket: the step is linked to who holds the socket" "$(said)" lab_poll "$LAB_LONG" \
        appears '.system == "docker-classic" and .started_by != null and .grade == "E"'
    expect "builds/socket: BLD-004 fires" "it does not" fires BLD-004
    lab_docker rm -f runner >/dev/null 2>&1
}

buildah_build() {
    local runtime
    if ! command -v buildah >/dev/null; then
        echo "SKIP builds/buildah: lab-buildah: buildah is not installed"
        return
    fi
    runtime=$(command -v runc)
    [ ! -x "$LAB/runc-fewer-caps" ] || runtime=$LAB/runc-fewer-caps
    mkdir "$LAB/ah"
    tar -C "$LAB/image" -cf "$LAB/ah/image.tar" .
    printf 'FROM scratch\nADD image.tar /\nRUN ["/bin/busybox","sleep","%s"]\n' "$STEP" \
        >"$LAB/ah/Dockerfile"
    echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$LAB/policy.json"
    env BUILDAH_ISOLATION=oci TMPDIR="$LAB" buildah --root "$LAB/ah-root" --runroot "$LAB/ah-run" \
        --storage-driver vfs build --signature-policy "$LAB/policy.json" --runtime "$runtime" \
        --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --network none -t localhost/pay:3 \
        "$LAB/ah" >"$LAB/build.log" 2>&1 &
    BUILD=$!
    seen buildah '.system == "buildah" and .name == "localhost/pay:3" and .grade == "D"'
    expect "builds/buildah: BLD-016 fires" "it does not" fires BLD-016
    end_build
    lab_end_steps buildah-buildah
}

# What a builder that was ended leaves running, by its cgroup.
lab_end_steps() {
    local file pid
    grep -ls "$1" /proc/[0-9]*/cgroup | while read -r file; do
        pid=${file//[!0-9]/}
        kill -KILL "$pid" 2>/dev/null
    done
}

# The container of the step that runs, as soon as there is one.
step_runs() {
    STEP_ID=$(lab_docker ps --no-trunc --format '{{.ID}} {{.Command}}' | awk '/sleep '"$STEP"'/ { print $1 }')
    [ -n "$STEP_ID" ]
}

recorded() { grep -q "$1" "$LAB/watched.ndjson"; }

# A build that ends while hulltop watches is still told of.
watched_build() {
    "$HULLTOP" record "$LAB/watched.ndjson" --docker "unix://$LAB_SOCK" --cri none \
        --kubeconfig none --plain </dev/null >/dev/null 2>"$LAB/record.err" &
    RECORDER=$!
    lab_poll "$LAB_LONG" recorded shop-web
    start_build 0 shop/over:2
    expect "builds/watched: the build is recorded" "not recorded" lab_poll "$LAB_LONG" recorded 'shop/over:2'
    lab_poll "$LAB_LONG" step_runs && lab_docker kill "$STEP_ID" >/dev/null
    wait "$BUILD"
    BUILD=''
    expect "builds/watched: its end is recorded" "not recorded" lab_poll "$LAB_LONG" recorded '"state":"ended"'
    kill -TERM "$RECORDER" 2>/dev/null
    lab_poll "$LAB_LONG" lab_gone "$RECORDER"
    RECORDER=''
    "$HULLTOP" check --from "$LAB/watched.ndjson" --only builds --format json \
        >"$LAB/builds.json" 2>/dev/null
    expect "builds/watched: BLD-020 fires" "it does not: $(said)" fires BLD-020
}

write_context() {
    printf 'FROM %s\nRUN /bin/sleep %s\n' "$LAB_IMAGE" "$STEP" >"$LAB/context/Dockerfile"
}

finish() {
    lab_end_process "$RECORDER"
    lab_end_process "$BUILD"
    lab_stop
}

[ -x "$HULLTOP" ] || { echo "not ok builds: no program $HULLTOP"; exit 1; }
if ! lab_start plain; then
    echo "SKIP builds: lab-plain: $LAB_WHY"
    exit 0
fi
trap finish EXIT
CLIENT=$(build_client)
mkdir "$LAB/context"
write_context
for name in shop-db shop-web; do
    lab_docker run -d --name $name --network none "$LAB_IMAGE" >/dev/null
done
look
expect "builds/none: no build is seen before one runs" "$(said)" jq -e '.builds == []' "$LAB/builds.json"
expect "builds/none: the question passes" "$(jq -c '.questions[0].state' "$LAB/builds.json")" \
    jq -e '.questions[0].state == "PASS"' "$LAB/builds.json"
docker_builds
socket_build
buildah_build
watched_build
