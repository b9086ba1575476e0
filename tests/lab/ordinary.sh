#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Busy containers as anybody has them, and intruders in such: ordinary.tsv says what each does and
# what may be told of it. No false alarm is as important as what is found.
set -u
# shellcheck source=tests/lab/docker-kinds.sh
. "$(dirname "$0")/docker-kinds.sh"

IMAGE=lab/ordinary:1
STEP='while :; do sleep 1; done'

# The programs that the table names and busybox is not; what is told by a file is one of its own.
programs() {
    printf '%s\n' cron logrotate redis-server tini dumb-init nginx node npm npx yarn pnpm bundle poetry uv \
        composer pg_dump postgres wal-g python3 sendmail php-fpm java dotnet php ruby perl beam.smp \
        node_exporter prometheus fluent-bit git git-sync tcpdump s6-svscan s6-supervise haproxy consul \
        keepalived erl_child_setup curl grepper dig dnsmasq squid mysql ssh pip rpm dpkg apt-cache apk \
        airflow jspawnhelper mysqld sshd sd-pam xmrig chrome qemu-x86_64 runsvdir runsv
}

bash_of_the_host() {
    local root=$1 library
    cp "$(command -v bash)" "$root/bin/bash"
    ldd "$root/bin/bash" | grep -oE '/[^ ]+' | while read -r library; do
        mkdir -p "$root${library%/*}"
        cp "$library" "$root$library"
    done
}

scripts() {
    local root=$1 name
    for name in app/cleanup.sh app/run.sh www/cgi-bin/status.sh usr/local/bin/check.sh; do
        printf '#!/bin/sh\n%s\n' "$STEP" >"$root/$name"
    done
    printf '#!/bin/sh\n:\n' >"$root/docker-entrypoint.d/10.sh"
    printf '#!/bin/sh\nexec java -Dcatalina.base=/app -classpath /app/bootstrap.jar %s start\n' \
        org.apache.catalina.startup.Bootstrap >"$root/app/catalina.sh"
    printf '#!/bin/bash\njava -cp "/app/lib/*" kafka.Kafka /etc/server.properties\nexit 1\n' \
        >"$root/app/kafka-server-start.sh"
    printf '#!/bin/sh\n(%s) &\nexec nginx\n' "$STEP" >"$root/app/entry.sh"
    printf -- '-cp\n/app/app.jar\n' >"$root/app/java.args"
    chmod 755 "$root"/app/*.sh "$root/www/cgi-bin/status.sh" "$root/usr/local/bin/check.sh"
}

image() {
    local root=$LAB/ordinary name
    mkdir -p "$root"/{usr/bin,usr/lib,usr/local/{bin,lib},app/lib,docker-entrypoint.d,www/cgi-bin,root,var/www}
    mkdir -p "$root"/{archive,data,usr/share/elasticsearch}
    cp -a "$LAB/image/." "$root"
    ${CC:-cc} -static -O1 -o "$root/usr/bin/actor" "$LAB_HERE/actor.c" || return 1
    while read -r name; do
        rm -f "$root/bin/$name"
        cp "$root/usr/bin/actor" "$root/usr/bin/$name"
    done < <(programs)
    for name in app/MyService usr/share/elasticsearch/controller usr/lib/lib.so usr/lib/libjemalloc.so.2 usr/lib/libpcre2-8.so.0; do
        cp "$root/usr/bin/actor" "$root/$name"
    done
    for name in server.js app.jar start.jar agent.jar bootstrap.jar app.dll app.rb app.pl app.py tracing.js \
        x.mjs x.py xmrig.log lib/a.jar; do
        echo x >"$root/app/$name"
    done
    for name in supervisord gunicorn uvicorn; do echo x >"$root/usr/bin/$name"; done
    bash_of_the_host "$root"
    scripts "$root"
    tar -C "$root" --owner=0 --group=0 --numeric-owner -c . |
        lab_docker import -c 'ENV PATH=/usr/local/bin:/usr/bin:/bin' - "$IMAGE" >/dev/null
}

# rows COMMAND: calls it with the four fields of each row.
rows() {
    local name expected options script
    while IFS=$'\t' read -r name expected options script; do
        case $name in '#'* | '') continue ;; esac
        "$1" "$name" "$expected" "$options" "$script"
    done <"$LAB_HERE/ordinary.tsv"
}

start() {
    local options=()
    [ "$3" = - ] || read -ra options <<<"${3//VOL/volume-$1}"
    lab_docker run -d --network none --name "$1" "${options[@]}" "$IMAGE" sh -c "$4" >/dev/null ||
        echo "not ok ordinary/$1: did not start"
}

start_in_turn() { lab_in_turn start "$@"; }

look() {
    "$HULLTOP" check --docker "unix://$LAB_SOCK" --cri none --kubeconfig none --only added-code,drift \
        --timeout "$LAB_LONG" --format json >"$LAB/ordinary.json" 2>"$LAB/ordinary.err"
    jq -r '.findings[] | select(.subject.container != null) | "\(.subject.container) \(.check) \(.severity)"' \
        "$LAB/ordinary.json" | grep -E ' (DRF-(00[125-9]|01[0-9]|02[0-7]|03[124])) ' | sort -u >"$LAB/ordinary.found"
    lab_docker ps --format '{{.Names}}' >"$LAB/ordinary.running"
}

# told NAME EXPECTED: whether what was found is what was expected, of a container that runs.
told() {
    grep -qx "$1" "$LAB/ordinary.running" || return 1
    case $2 in
    -) ! grep -q "^$1 " "$LAB/ordinary.found" ;;
    '~') ! grep -qE "^$1 [^ ]+ (medium|high|critical)\$" "$LAB/ordinary.found" ;;
    *) grep -qx "$1 ${2%:*} ${2#*:}" "$LAB/ordinary.found" ;;
    esac
}

# What intruders do is there when it is seen; before, silence of the others says nothing.
all_intruders_seen() {
    look
    ! grep -vE '^#' "$LAB_HERE/ordinary.tsv" | while IFS=$'\t' read -r name expected _; do
        case $expected in DRF*) told "$name" "$expected" || echo "$name" ;; esac
    done | grep -q .
}

judge() {
    expect "ordinary/$1: $2" "found: $(grep "^$1 " "$LAB/ordinary.found" | cut -d' ' -f2- | tr '\n' ';')" \
        told "$1" "$2"
}

[ -x "$HULLTOP" ] || { echo "not ok ordinary: no program $HULLTOP"; exit 1; }
if ! lab_start plain; then
    echo "SKIP ordinary: lab-plain: $LAB_WHY"
    exit 0
fi
trap lab_stop EXIT
image || { echo "not ok ordinary: no image"; exit 1; }
rows start_in_turn
wait "${LAB_JOBS[@]}"
lab_poll "$LAB_LONG" all_intruders_seen
rows judge
