# SPDX-License-Identifier: GPL-2.0-or-later
# Prints a line for each key of the JSON report's contract (hulltop-json(5)) that a report lacks or
# that has another type; nothing for a good report. null stands for what is not known.
def is($at; $type): if . == null or type == $type then empty else "\($at) is no \($type)" end;
def has_keys($at; $keys):
    . as $row
    | $keys | to_entries[]
    | .key as $key | .value as $type
    | if $row | has($key) then $row[$key] | is("\($at).\($key)"; $type) else "no \($at).\($key)" end;
def rows: (. // [])[];

has_keys("report"; {schema: "string", version: "string", taken_at: "string", node: "object",
    sources: "array", questions: "array", findings: "array", groups: "array", containers: "array",
    pods: "array", processes: "array", builds: "array", packages: "object", datastores: "array",
    control_plane: "object"}),
(.node // {} | has_keys("node"; {name: "string", os: "string", kernel: "string",
    architecture: "string", cluster: "string"})),
(.sources | rows | has_keys("source"; {name: "string", state: "string", detail: "string",
    help: "string", age_ms: "number", items: "number"})),
(.questions | rows
    | has_keys("question"; {number: "number", name: "string", state: "string", partial: "boolean",
        findings: "number", watched_s: "number", coverage: "object", missing: "array"}),
      (.coverage // empty | has_keys("coverage"; {seen: "number", total: "number", unit: "string"})),
      (.missing | rows | has_keys("missing"; {source: "string", reason: "string", help: "string"}))),
(.packages // empty
    | has_keys("packages"; {system: "string", lists_age_s: "number", index_files: "array",
        verdicts: "object", upgradable: "array", running_old: "array", kernel: "object",
        support: "array", stack: "array"}),
      (.verdicts | has_keys("verdicts"; {pending: "string", lists: "string", running_old: "string",
        support: "string"})),
      (.kernel | has_keys("kernel"; {running: "string", installed: "string", reboot: "boolean"})),
      (.upgradable | rows
        | has_keys("upgradable"; {name: "string", architecture: "string", installed: "string",
            candidate: "string", security: "boolean", phased: "boolean", held: "boolean",
            origin: "string"}))),
(.findings | rows
    | has_keys("finding"; {id: "string", check: "string", question: "number", severity: "string",
        confidence: "string", expected: "boolean", title: "string", subject: "object",
        count: "number", total: "number", subjects: "array", evidence: "array", implied: "array",
        why: "string", fix: "string", references: "array", since: "string", first_seen: "string",
        last_seen: "string", in_baseline: "boolean"}),
      (.subject, (.subjects | rows) | has_keys("subject"; {kind: "string", id: "string",
        name: "string", namespace: "string", owner: "string", pod: "string", container: "string",
        image: "string", pid: "number", class: "string"})),
      (.evidence | rows | has_keys("evidence"; {source: "string", field: "string", value: "string",
        at: "string"})),
      (select(.id | test("^[0-9a-f]{16}$") | not) | "finding.id \(.id)"),
      (select(.subjects | length > 100) | "finding \(.id) has more than 100 subjects")),
(.groups | rows | has_keys("group"; {key: "string", check: "string", severity: "string",
    count: "number", total: "number", finding: "string"})),
(.containers | rows | has_keys("container"; {class: "string", declared: "object",
    effective: "object", cpu_percent: "number", memory_bytes: "number"})),
(.processes | rows | has_keys("process"; {pid: "number", started_at: "string",
    container: "string", executable: "string", origin: "string"})),
(.datastores | rows | has_keys("datastore"; {kind: "string", path: "string", member: "string",
    exact: "boolean", detail: "string", live: "object", plaintext_revisions: "number",
    plaintext_remnants: "number", wal_plaintext: "number"}),
  (.live // {} | to_entries[] | .value | has_keys("live"; {plaintext: "number",
    malformed: "number", encrypted: "object"}))),
([.findings | rows | .id] | select(length != (unique | length)) | "two findings have one id"),
([.findings | rows | .id] as $ids | .groups | rows | .finding
    | select(. as $id | $ids | index($id) | not) | "a group's finding \(.) is not there")
