# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A container whose programs come from everywhere, for labs of any runtime: what its image holds,
# what is done in it, and what must be told of it then (drift.tsv). Sourced; needs expect and LAB.
#
#   drift_tree FOLDER              fills the folder with what the image holds
#   drift_script                   writes $LAB/bind/start.sh, to be run in it as /host/start.sh
#   drift_done                     true as soon as that was run
#   drift_compare LABEL NAME WAY   compares node.json and drift.json with the table; WAY "listed"
#                                  where the runtime's list of changes is all there is to go by,
#                                  "user" on the overlay of a user

# The lab's busybox, a program that waits under many names, a script.
drift_tree() {
    local root=$1 name
    mkdir -p "$root/opt" "$root/tmp" "$root/scratch" "$root/data" "$root/host"
    cp -a "$LAB/image/." "$root"
    ${CC:-cc} -static -O1 -o "$root/bin/idle" "$LAB_HERE/drift.c" || return 1
    for name in replaced again modified chmod touch renamed linked gone; do
        cp "$root/bin/idle" "$root/bin/t-$name"
        echo "$name" >>"$root/bin/t-$name"
    done
    for name in java node python3 perl ruby; do
        cp "$root/bin/idle" "$root/bin/$name"
    done
    mkdir -p "$root/lib/jars" "$root/lib/site"
    echo >"$root/lib/jars/ours.jar"
    echo >"$root/lib/site/sitecustomize.py"
    echo >"$root/bin/ours.jar"
    printf '#!/bin/sh\nwhile :; do /bin/true; /bin/sleep 0.05; done\n' >"$root/bin/busy.sh"
    printf '#!/bin/sh\nwhile :; do /bin/sleep 1000; done\n' >"$root/bin/wait.sh"
    chmod 755 "$root/bin/busy.sh" "$root/bin/wait.sh"
    mkdir -p "$root/lib/apk/db"
    printf 'P:busybox\nV:1.36.1-r5\nF:bin\nR:t-modified\n\n' >"$root/lib/apk/db/installed"
    mkdir -p "$root"/usr/lib/{python3/site-packages/left-1.0.dist-info,node_modules/pad}
    echo 'Name: left' >"$root/usr/lib/python3/site-packages/left-1.0.dist-info/METADATA"
    echo '{"name":"pad","version":"1.0.0"}' >"$root/usr/lib/node_modules/pad/package.json"
    chmod 1777 "$root/tmp"
}

# Makes and starts everything of the table, inside.
drift_script() {
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
rm -f /host/x; cp /bin/idle /host/x && /host/x &
cp /bin/idle /opt/added.so && /bin/idle map /opt/added.so &
/bin/idle map /bin/busybox &
cp /bin/idle /opt/decoy.so && /bin/idle map /opt/decoy.so &
cp /bin/idle /opt/first.so && LD_PRELOAD=/opt/first.so /bin/idle &
cp /bin/wait.sh /opt/wait.sh && echo '# more' >>/opt/wait.sh && /bin/sh /opt/wait.sh &
/bin/sh /bin/wait.sh &
cp /bin/wait.sh /opt/gone.sh && /bin/sh /opt/gone.sh &
cp /bin/wait.sh /opt/input.sh && /bin/sh </opt/input.sh &
cp /bin/wait.sh /opt/read.sh && /bin/sh -c '. /opt/read.sh; true' &
printf 'cd /\n. /bin/wait.sh\n' >/opt/away.sh && cd /opt && /bin/sh away.sh &
echo >/opt/one.jar && /bin/java -cp /bin/busybox:/opt/one.jar Main &
for path in /host /data /scratch /opt; do
    echo >$path/gone.jar && /bin/java -jar $path/gone.jar &
done
# What no word of a command line names.
for name in agent.jar first.jar third.jar fourth.jar req.js hook.mjs opt.rb; do echo >/opt/$name; done
mkdir -p /opt/jars /opt/site /opt/perl
echo >/opt/jars/all.jar; echo >/opt/site/sitecustomize.py; echo >/opt/perl/Evil.pm
JAVA_TOOL_OPTIONS='-Xmx1g -javaagent:/opt/agent.jar=x' /bin/java -jar /bin/ours.jar 1 &
printf '# what it needs\n-cp "/bin/ours.jar:/opt/first.jar"\n' >/opt/words && /bin/java @/opt/words Main 2 &
/bin/java -cp '/lib/jars/*:/opt/jars/*' Main 3 &
printf '/opt/third.jar' >/opt/archive && /bin/java -jar @/opt/archive 8 &
printf '"-javaagent:/opt/fourth.jar"#' >/opt/agents &&
    /bin/java --limit-modules a @/opt/agents Main 9 &
NODE_OPTIONS='--require /opt/req --import=file:///opt/hook.mjs' /bin/node /bin/busy.sh 4 &
PYTHONPATH=/lib/site:/opt/site /bin/python3 /bin/wait.sh 5 &
PERL5LIB=/opt/perl PERL5OPT='-w -MEvil' /bin/perl /bin/wait.sh 6 &
RUBYOPT=-r/opt/opt /bin/ruby /bin/wait.sh 7 &
# What else it has open, or lies where it went, is not what it runs.
cp /bin/wait.sh /opt/kept.sh && /bin/sh /opt/kept.sh 11</bin/wait.sh &
echo >/opt/ours.jar && cd /bin && PWD=/opt /bin/java -jar ours.jar &
printf 'cd /bin\n. /bin/wait.sh\n' >/opt/ls && cd /opt && /bin/sh ls &
cp /bin/idle '/opt/odd (deleted)' && '/opt/odd (deleted)' &
printf 'P:nmap\nV:7.94-r0\n\n' >>/lib/apk/db/installed
cd /usr/lib/python3/site-packages && mv left-1.0.dist-info left-1.1.dist-info &&
    mkdir evil-2.0.dist-info && echo 'Name: evil' >evil-2.0.dist-info/METADATA
mkdir -p /usr/lib/ruby/specifications && echo >/usr/lib/ruby/specifications/rake-13.1.0.gemspec
echo '{"name":"pad","version":"1.3.0"}' >/usr/lib/node_modules/pad/package.json
# Each of them runs: by what it has mapped, the scripts and the library by what they were told.
for path in /tmp/dropped /opt/dropped /bin/t-replaced /bin/t-again /bin/t-modified /bin/t-chmod \
    /bin/t-touch /bin/renamed /bin/linked /tmp/deleted /bin/t-gone /memfd:evil /scratch/x /data/x \
    /host/x /opt/added.so /opt/decoy.so; do
    until /bin/busybox grep -q " $path" /proc/[0-9]*/maps; do sleep 0.1; done
done 2>/dev/null
told() { /bin/busybox cat /proc/[0-9]*/"$1" | /bin/busybox tr '\0' ' ' | /bin/busybox grep -q "$2"; }
until told environ 'LD_PRELOAD=/opt/first[.]so' && told cmdline '/bin/sh /opt/wait[.]sh ' &&
    told cmdline '/bin/sh /bin/wait[.]sh ' && told cmdline '/bin/sh /opt/gone[.]sh ' &&
    told cmdline '[.] /opt/read[.]sh' && told cmdline '/opt/one[.]jar' && told cmdline '/opt/kept[.]sh' &&
    told cmdline '/host/gone[.]jar' && told cmdline '/data/gone[.]jar' && told cmdline '/bin/sh ls ' &&
    told cmdline 'ours[.]jar' &&
    told cmdline ' Main 2 ' && told cmdline ' Main 3 ' && told cmdline 'archive 8 ' &&
    told cmdline ' Main 9 ' && told environ 'agent[.]jar' &&
    told environ 'hook[.]mjs' && told environ '/opt/site' && told environ '[-]MEvil' &&
    told environ '[-]r/opt/opt' &&
    told cmdline '/scratch/gone[.]jar' && told cmdline '/opt/gone[.]jar' && told cmdline '/opt/odd '; do
    sleep 0.1
done 2>/dev/null
rm -f /opt/decoy.so && cp /bin/idle /opt/decoy.so
rm -f /tmp/deleted /bin/t-gone /opt/gone.sh /opt/kept.sh /host/gone.jar /data/gone.jar \
    /scratch/gone.jar /opt/gone.jar /host/start.sh
END
}

drift_done() { test ! -e "$LAB/bind/start.sh"; }

# The id of the container of that name.
drift_id() { jq -r --arg n "$1" '[.containers[] | select(.name == $n) | .id][0]' "$LAB/node.json"; }

# The origin of what runs at that path, of that kind, in a container.
drift_origin() {
    jq -r --arg c "$(drift_id "$1")" --arg k "$2" --arg p "$3" \
        '[.codes[]? | select(.container == $c and .kind == $k and .path == $p) | .origin] | join(" ")' \
        "$LAB/node.json"
}

# The checks that fired on a path.
drift_checks() {
    jq -r --arg c "$1" --arg p "$2" '[.findings[] | select(.subject.container == $c and .object == $p)
        | .check] | sort | unique | join(",")' "$LAB/drift.json"
}

drift_compare_row() {
    local label=$1 name=$2 kind=$3 path=$4 wanted=$5 expected=$6 got
    [ "$wanted" != none ] || wanted=
    got=$(drift_origin "$name" "$kind" "$path")
    expect "$label/$path: comes from $wanted" "told: $got" test "$got" = "$wanted"
    got=$(drift_checks "$name" "$path")
    expect "$label/$path: fires $expected" "fired: $got" test "${got:--}" = "$expected"
}

drift_compare() {
    local kind path wanted expected listed listed_checks
    while IFS=$'\t' read -r kind path wanted expected listed listed_checks; do
        case $kind in '#'* | '') continue ;; esac
        if [ "${3:-}" = listed ] && [ -n "$listed" ]; then
            wanted=$listed expected=$listed_checks
        fi
        # A user's overlay cannot keep what file of the image one with two names was made from.
        [ "${3:-}" != user ] || [ "$path" != /bin/linked ] || wanted=added expected=DRF-001
        # What is gone from a file system that may hang had no descriptor that could be looked at.
        case $1:$path in drift-fuse-overlayfs:*/gone.* | drift-fuse-overlayfs:/opt/kept.sh)
            wanted=blind expected=- ;;
        # Nor is a folder of it listed.
        drift-fuse-overlayfs:/opt/jars/* | drift-fuse-overlayfs:/lib/jars/*)
            wanted=none expected=- ;;
        esac
        drift_compare_row "$1" "$2" "$kind" "$path" "$wanted" "$expected"
    done <"$LAB_HERE/drift.tsv"
}

# What is asked of the program: the arguments tell where.
drift_look() {
    "$HULLTOP" check "$@" --kubeconfig none --only drift,added-code --timeout "$LAB_LONG" --format node \
        >"$LAB/node.json" 2>"$LAB/look.err"
    "$HULLTOP" check --from "$LAB/node.json" --only drift,added-code --format json \
        >"$LAB/drift.json" 2>>"$LAB/look.err"
}

# A list of changes says nothing of files that are as new as itself.
drift_is_settled() {
    drift_look "$@"
    [ "$(drift_origin drift executable /tmp/deleted)" = deleted ]
}
