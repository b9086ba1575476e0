#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A real etcd with secrets, a third of them in plaintext: what hulltop tells of its file and through
# its API must be exact, while 200 values a second are put, and after encryption, compaction and
# defragmentation. HT_ETCD_SECRETS: how many secrets [1000].
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lab/lib.sh
. "$here/lib.sh"
tmp=$(mktemp -d)
build=${HT_BUILDDIR:-.} secrets=${HT_ETCD_SECRETS:-1000} per_second=200
hulltop=$build/hulltop
plain=$(((secrets + 2) / 3))
etcd=0 watcher=0 load=0 relay=0
export XDG_STATE_HOME=$tmp/state ETCDCTL_API=3

end() {
    local pid
    for pid in $watcher $load $relay $etcd; do
        [ "$pid" = 0 ] || { kill "$pid" && wait "$pid"; } 2>/dev/null
    done
    rm -rf "$tmp"
}
trap end EXIT

for tool in etcd etcdctl curl jq openssl; do
    command -v $tool >/dev/null 2>&1 || { echo "SKIP etcd: lab-etcd: no $tool"; exit 0; }
done

# says NAME EXPECTED SEEN
says() { if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: $3, not $2"; fi; }
fail() { echo "not ok $1"; exit 0; }

# --- etcd ------------------------------------------------------------------------------------------

make_certificates() (
    cd "$tmp" || exit
    extensions() { printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n'; }
    key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
    key ca && openssl req -x509 -new -key ca.key -subj /CN=lab-ca -days 2 -out ca.crt || exit
    for name in server client; do
        key $name && openssl req -new -key $name.key -subj /CN=lab-$name -out $name.csr &&
            openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
                -extfile <(extensions) -out $name.crt || exit
    done
) >"$tmp/openssl.log" 2>&1

api() { curl -sf --max-time 10 "$plain_url$1" -d "$2"; }
answers() { api /v3/kv/range '{"key":"AA=="}'; }
# It ends at once where one of its ports is taken.
answers_or_ended() { lab_gone "$etcd" || answers; }

start_etcd() {
    local base _
    for _ in 1 2 3 4 5; do
        base=$((20000 + RANDOM % 30000 / 3 * 3))
        tls_url=https://127.0.0.1:$base plain_url=http://127.0.0.1:$((base + 1))
        etcd --name lab --data-dir "$tmp/data" --listen-client-urls "$tls_url,$plain_url" \
            --advertise-client-urls "$tls_url" --listen-peer-urls "http://127.0.0.1:$((base + 2))" \
            --initial-advertise-peer-urls "http://127.0.0.1:$((base + 2))" \
            --initial-cluster "lab=http://127.0.0.1:$((base + 2))" --client-cert-auth \
            --trusted-ca-file "$tmp/ca.crt" --cert-file "$tmp/server.crt" \
            --key-file "$tmp/server.key" >"$tmp/etcd.log" 2>&1 &
        etcd=$!
        if lab_poll "$LAB_LONG" answers_or_ended && answers >/dev/null; then return 0; fi
        { kill "$etcd" && wait "$etcd"; } 2>/dev/null
        rm -rf "$tmp/data"
    done
    return 1
}

ctl() { etcdctl --endpoints "$tls_url" --cacert "$tmp/ca.crt" --cert "$tmp/client.crt" --key "$tmp/client.key" "$@"; }
revision() { ctl endpoint status -w json | jq '.[0].Status.header.revision'; }

# --- what is put into it ---------------------------------------------------------------------------

# puts FROM TO WAY: a JSON object for each secret; WAY third: every third in plaintext, all: none.
# Their mark stands in no command line as a whole, which is no secret and may be shown.
puts() {
    jq -cn --argjson from "$1" --argjson to "$2" --arg way "$3" '
        range($from; $to) | . as $i | (if $way == "third" then $i % 3 == 0 else false end) as $plain
        | {key: ("/registry/secrets/ns\($i % 5)/name\($i)" | @base64),
           value: ((if $plain then "k8s\u0000\n\f\n\u0002v1\u0012\u0006Secret\u0012T"
                    else "k8s:enc:aescbc:v1:key1:" end)
                   + ("\($i)-never-to-" + "be-shown-" + "x" * 96)[0:96] | @base64)}'
}

# Many in one transaction, as many as etcd allows.
fill() {
    puts 0 "$secrets" "$1" | jq -cn '[inputs] as $all | range(0; $all | length; 100) as $at
        | {success: [$all[$at:$at + 100][] | {requestPut: .}]}' |
        while read -r txn; do api /v3/kv/txn "$txn" >/dev/null || return 1; done
}

# A second's puts, again and again, each of the kind that its key has. Ends with a count in $tmp/put.
# It goes on until it is ended, however long the looks take.
start_load() {
    puts 0 "$secrets" third | jq -r --arg url "$plain_url/v3/kv/put" -n '[inputs] as $all
        | range(0; 60 * 200) | $all[. * 7 % ($all | length)]
        | "next\nurl = \"\($url)\"\noutput = \"/dev/null\"\ndata = \"\(tojson | gsub("\""; "\\\""))\""' |
        tail -n +2 >"$tmp/load.curl"
    (
        trap 'kill "$!" 2>/dev/null; exit' TERM
        while :; do
            curl -s --rate "$per_second/s" -K "$tmp/load.curl" &
            wait "$!"
        done
    ) &
    load=$!
}

# --- what hulltop says -----------------------------------------------------------------------------

# look NAME OPTION...: a report in $tmp/NAME.
look() {
    local name=$1
    shift
    "$hulltop" check --only secrets --docker none --cri none --kubeconfig none --timeout "$LAB_LONG" --format json "$@" \
        >"$tmp/$name" 2>"$tmp/$name.err"
    [ $? -le 3 ] && [ -s "$tmp/$name" ] || fail "$name: $(head -n 1 "$tmp/$name.err")"
}
# store NAME FILTER: of our datastore in a report. Others may run on this host.
store() { jq -c --arg path "$db" ".datastores[] | select(.path == \$path or (.kind == \"etcd-api\")) | $2" "$tmp/$1"; }
live='[.exact, .live.secrets.plaintext, .live.secrets.encrypted["aescbc:key1"] // 0]'
fires() { jq -r '[.findings[].check | select(test("SEC-0(01|07|27|28)"))] | unique | join(" ")' "$tmp/$1"; }

make_certificates || fail "certificates: $(tail -n 1 "$tmp/openssl.log")"
start_etcd || fail "etcd does not start: $(tail -n 1 "$tmp/etcd.log")"
db=$tmp/data/member/snap/db
fill third || fail "filling etcd"
third="[true,$plain,$((secrets - plain))]"

# The database is found by the process that has it; the interface is asked with a certificate.
with=(--etcd "$tls_url" --etcd-ca "$tmp/ca.crt" --etcd-cert "$tmp/client.crt" --etcd-key "$tmp/client.key")
synced() { look filled && [ "$(store filled "$live")" = "$third" ]; }
lab_poll "$LAB_LONG" synced # its file is written every tenth of a second
says file "$third" "$(store filled "$live")"
says file-grade "[\"plaintext\",\"$plain plaintext, $((secrets - plain)) aescbc:key1\"]" "$(store filled '[.grade, .proofs[0].bytes]')"
says file-log "$plain" "$(store filled .wal_plaintext)"
look asked "${with[@]}"
says grpc "$third" "$(store asked "$live")"
look refused --etcd "$tls_url" --etcd-ca "$tmp/ca.crt"
says no-certificate '[false,null,0]' "$(store refused "$live")"
exec {out}< <(exec "$build/tests/lab/h1relay" "${plain_url##*:}")
relay=$!
read -r port <&"$out"
look gateway --etcd "http://127.0.0.1:$port"
says gateway "$third" "$(store gateway "$live")"
says gateway-way JSON "$(store gateway .detail | grep -o JSON | head -n 1)"
missing=$(jq -r -f "$here/contract.jq" "$tmp/filled")
says contract '' "$missing"

# While it is being written: always exact, and it has moved meanwhile.
start_load
before=$(revision)
moved() { [ "$(revision)" -gt $((before + 50)) ]; }
lab_poll "$LAB_LONG" moved
for way in busy busy-again busy-asked; do
    from=$(revision)
    if [ $way = busy-asked ]; then look $way "${with[@]}"; else look $way; fi
    says $way "$third" "$(store $way "$live")"
    [ "$(revision)" -gt "$from" ] && echo "ok $way-moved" || echo "not ok $way-moved: nothing was put meanwhile"
done
kill "$load" 2>/dev/null
wait "$load" 2>/dev/null
load=0

# A running hulltop sees it when they are rewritten. No secret is in plaintext then, but each was.
"$hulltop" record "$tmp/watched" --plain --interval 1 --only secrets --docker none --cri none \
    --kubeconfig none >"$tmp/watch.log" 2>&1 </dev/null &
watcher=$!
watched() {
    jq -nc --arg path "$db" '[inputs | .. | objects | select(.path? == $path and has("stored"))] | last
        | [.stored[] | select(.resource == "secrets") | .plaintext]' "$tmp/watched" 2>/dev/null
}
lab_poll "$LAB_LONG" eval "[ \"\$(watched)\" = '[$plain]' ]"
says watched-before "[$plain]" "$(watched)"
fill all || fail "rewriting"
began=$EPOCHREALTIME
lab_poll "$LAB_LONG" eval "[ \"\$(watched)\" = '[0]' ]"
says watched-after '[0]' "$(watched)"
echo "# noticed after $(jq -n "($EPOCHREALTIME - $began) * 10 | round / 10") s with --interval 1"
kill "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
watcher=0

# Revisions are what etcd says there are: every plaintext value that was put and not compacted.
none="[true,0,$secrets]"
look rewritten
says rewritten "$none" "$(store rewritten "$live")"
old=$(store rewritten .plaintext_revisions)
[ "$old" -ge "$plain" ] && echo "ok rewritten-revisions" || echo "not ok rewritten-revisions: $old"
says rewritten-log "$old" "$(store rewritten .wal_plaintext)"
says rewritten-fires 'SEC-027 SEC-028' "$(fires rewritten)"

ctl compact --physical "$(revision)" >/dev/null || fail compact
gone() { look compacted && [ "$(store compacted .plaintext_revisions)" = 0 ]; }
lab_poll "$LAB_LONG" gone
says compacted "$none" "$(store compacted "$live")"
says compacted-revisions 0 "$(store compacted .plaintext_revisions)"
[ "$(store compacted .plaintext_remnants)" -gt 0 ] && echo ok compacted-free-pages ||
    echo "not ok compacted-free-pages: $(store compacted .plaintext_remnants)"
says compacted-fires SEC-028 "$(fires compacted)"

ctl defrag >/dev/null || fail defrag
look defragmented
says defragmented "$none" "$(store defragmented "$live")"
says defragmented-free-pages 0 "$(store defragmented .plaintext_remnants)"
says defragmented-log "$old" "$(store defragmented .wal_plaintext)"
says defragmented-fires SEC-028 "$(fires defragmented)"
# Under another prefix they are looked for, and none at all among other objects is no answer.
ctl del --prefix /registry/ >/dev/null || fail del
printf 'k8s\n' | ctl put /clusters/prod.example.com/secrets/ns/one >/dev/null
ctl put /clusters/prod.example.com/pods/ns/one x >/dev/null
look elsewhere "${with[@]}"
says elsewhere '[true,1,0]' "$(store elsewhere "$live")"
ctl del /clusters/prod.example.com/secrets/ns/one >/dev/null
look nowhere "${with[@]}"
says nowhere 'UNKNOWN' "$(jq -r '.questions[] | select(.name == "secrets") | if any(.missing[].reason; test("no secrets among its 1 objects")) then "UNKNOWN" else .state end' "$tmp/nowhere")"
! grep -rqa never-to-be-shown "$tmp"/{filled,asked,gateway,busy,busy-again,busy-asked,rewritten,compacted,defragmented,watched,watch.log,*.err} &&
    echo 'ok nothing-shown' || echo 'not ok nothing-shown: a value is in an output'
