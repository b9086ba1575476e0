/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DRF-016, 017, 018: miners, by what they are called, told, connected to, and use. */
#include "catalogue-private.h"
#include "drf-live.h"
#include "drf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

#define STEPS                                                                                      \
    "1. Save the evidence.\n"                                                                      \
    "2. Take the pod out of service: remove the label by which its Service selects it, so that a " \
    "replacement starts.\n"                                                                        \
    "3. Cut what it may reach.\n"                                                                  \
    "4. Only then freeze it: a frozen container fails its probes and is restarted.\n"              \
    "5. Redeploy from the image.\n"                                                                \
    "6. Find out how it came in: it will come again."

static struct ht_str miner_word(const struct live *live)
{
    /* Who looks for miners is given their words too. */
    if (ht_live_is(live, HT_FACT_PROGRAMS_READER) || ht_live_is(live, HT_FACT_PROGRAMS_SHELL))
        return (struct ht_str){0};
    return ht_facts_miner_word(live->facts, &live->process->argv);
}

/* What it calls itself, where that is a miner's name and its file has another. */
static struct ht_str miner_alias(const struct live *live)
{
    const struct ht_process *process = live->process;
    struct ht_str first = process->argv.len ? process->argv.items[0] : (struct ht_str){0};

    if (ht_live_is(live, HT_FACT_PROGRAMS_READER))
        return (struct ht_str){0};
    if (ht_facts_is_miner(live->facts, process->comm))
        return process->comm;
    return ht_facts_is_miner(live->facts, first) ? first : (struct ht_str){0};
}

static void look_miner(struct ht_checking *checking, const struct ht_row *row)
{
    struct live live;
    struct ht_finding *finding;

    if (!ht_live_open(checking, row, true, &live))
        return;
    struct ht_str word = miner_word(&live);
    bool named = ht_facts_is_miner(live.facts, live.program);
    struct ht_str alias = named ? (struct ht_str){0} : miner_alias(&live);
    if (!named && !alias.len && !word.len)
        return;
    finding = ht_live_fire(&live,
                           named       ? "Runs a miner (%.*s)"
                           : alias.len ? "Calls itself a miner (%.*s)"
                                       : "Works like a miner (%.*s)",
                           HT_STR_ARG(live.name));
    /* A name is easily given, a pool's address is not. */
    if (!word.len)
        ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
    if (named || alias.len)
        ht_fire_evidence(checking, finding, "miners.yaml", "name of a miner",
                         named ? live.name : alias);
    if (word.len)
        ht_fire_evidence(checking, finding, "miners.yaml", "word that a miner is given", word);
    ht_live_show(&live, finding);
}

/* ---- DRF-017 ---- */

static struct ht_str port_of(struct ht_str peer)
{
    return ht_str_sub(peer, (size_t)(ht_str_rfind_byte(peer, ':') + 1), peer.len);
}

/* An address of a network of one's own is no pool's. */
static bool is_private(struct ht_str peer)
{
    static const char *const prefixes[] = {"10.", "127.", "192.168.", "169.254.",
                                           "[fd", "[fc",  "[fe80",    "[::1]"};
    uint64_t second = 0;

    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        if (ht_str_has_prefix(peer, prefixes[i]))
            return true;
    }
    if (!ht_str_has_prefix(peer, "172."))
        return false;
    struct ht_str rest = ht_str_sub(peer, 4, peer.len);
    ptrdiff_t dot = ht_str_find_byte(rest, '.');
    return dot > 0 && ht_parse_u64(ht_str_sub(rest, 0, (size_t)dot), &second) == 0 &&
           second >= 16 && second <= 31;
}

/* What it runs was put there after the image was built. */
static bool runs_foreign_code(const struct live *live)
{
    enum ht_code_origin origin;

    return ht_live_origin(live, &origin) && ht_drf_is_added(origin);
}

static void look_pool(struct ht_checking *checking, const struct ht_row *row)
{
    struct live live;
    struct ht_finding *finding;
    struct ht_str peer = {0};

    if (!ht_live_open(checking, row, false, &live))
        return;
    if (!ht_process_has_peers(live.process)) {
        ht_unknown(checking, "proc", "the connections of a process could not be read",
                   "sudo hulltop");
        return;
    }
    for (size_t i = 0; i < live.process->peers.len && !peer.len; i++) {
        struct ht_str candidate = live.process->peers.items[i];

        if (!is_private(candidate) && ht_facts_is_pool_port(live.facts, port_of(candidate)))
            peer = candidate;
    }
    if (!peer.len)
        return;
    bool named = ht_facts_is_miner(live.facts, live.program) || miner_word(&live).len ||
                 ht_facts_pool_word(live.facts, &live.process->argv).len;
    bool foreign = runs_foreign_code(&live);
    finding = ht_live_fire(&live, "%.*s is connected to a port that mining pools use",
                           HT_STR_ARG(live.name));
    if (!named && !foreign) {
        ht_finding_set_severity(finding, HT_SEVERITY_INFO);
        ht_finding_set_confidence(finding, HT_CONFIDENCE_HINT);
    }
    ht_fire_evidence(checking, finding, "/proc/PID/net/tcp", "peer", peer);
    if (named)
        ht_fire_evidence(checking, finding, "hulltop", "second sign",
                         HT_S("name or words of a miner, or of a pool"));
    if (foreign)
        ht_fire_evidence(checking, finding, "hulltop", "second sign",
                         HT_S("its program is not in the image"));
    ht_live_show(&live, finding);
}

/* ---- DRF-018 ---- */

#define SUSTAINED_NS (INT64_C(5) * 60 * HT_NS_PER_S)

enum { MOST_PERCENT = 90, FEW_PROCESSES = 8 };

/* What it may use at most, in thousandths of a core; 0: not known. */
static uint64_t most_of(const struct ht_checking *checking, const struct ht_container *container)
{
    const struct ht_host *host = ht_node_host(ht_checking_node(checking));
    uint64_t all = host && ht_host_has_cpus(host) ? host->cpus * 1000 : 0;

    if (ht_container_has_cpu_limit(container) && container->cpu_limit > 0 &&
        (all == 0 || container->cpu_limit < all))
        return container->cpu_limit;
    return all;
}

/* What the processes of a container do on the network. */
struct traffic {
    size_t processes, unread;
    bool serves;
    struct ht_str peer; /* outside; empty: none */
};

static struct traffic traffic_of(const struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_rowset *rows = ht_node_set(ht_checking_node(checking), HT_TABLE_PROCESS);
    struct traffic traffic = {0};

    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_process *process = ht_process_of(rows->rows[i]);

        if (!ht_process_has_container(process) || !ht_str_equal(process->container, ht_row_id(row)))
            continue;
        traffic.processes++;
        traffic.unread += !ht_process_has_listens(process) || !ht_process_has_peers(process);
        traffic.serves = traffic.serves || process->listens.len > 0;
        for (size_t j = 0; j < process->peers.len && !traffic.peer.len; j++) {
            if (!is_private(process->peers.items[j]))
                traffic.peer = process->peers.items[j];
        }
    }
    return traffic;
}

static void look_load(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_container *container = ht_container_of(row);
    const struct ht_row *found =
        ht_node_find(ht_checking_node(checking), HT_TABLE_USAGE, ht_row_id(row));
    const struct ht_usage *usage = found ? ht_usage_of(found) : NULL;
    uint64_t most = most_of(checking, container);
    struct traffic traffic;
    struct ht_finding *finding;

    /* A note: one look cannot tell what lasts. */
    if (!usage || !ht_usage_has_cpu_5m(usage) || !ht_usage_has_cpu_span(usage) ||
        usage->cpu_span < SUSTAINED_NS || most == 0) {
        ht_note(checking, "proc", "five minutes of load were not seen yet",
                "leave the dashboard open");
        return;
    }
    if (usage->cpu_5m < most * MOST_PERCENT / 100)
        return;
    traffic = traffic_of(checking, row);
    if (traffic.serves || traffic.processes > FEW_PROCESSES)
        return;
    if (traffic.processes == 0 || traffic.unread) {
        ht_unknown(checking, "proc", "the connections of a busy container could not be read",
                   "sudo hulltop");
        return;
    }
    if (!traffic.peer.len)
        return;
    finding = ht_fire(checking, HT_S(""));
    ht_finding_set_confidence(finding, HT_CONFIDENCE_HINT);
    ht_fire_evidencef(checking, finding, "cgroup", "CPU over five minutes",
                      "%llu of %llu thousandths of a core", (unsigned long long)usage->cpu_5m,
                      (unsigned long long)most);
    ht_fire_evidencef(checking, finding, "/proc", "processes, none of which serves", "%zu",
                      traffic.processes);
    ht_fire_evidence(checking, finding, "/proc/PID/net/tcp", "connected to", traffic.peer);
    ht_drf_soften_build(finding);
}

static const struct ht_check checks[] = {
    {.id = "DRF-016",
     .question = 6,
     .scope = HT_TABLE_PROCESS,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "Runs a miner",
     .condition = "The file that runs or the process itself has the name of a miner of "
                  "cryptocurrency, or its command line tells it a pool to mine for, a wallet of "
                  "Monero or a switch that only miners know. Who merely names a pool (a page, a "
                  "query, a list of names) does not count. Processes of the node are judged too.",
     .why = "Somebody uses this machine to earn money. Whoever brought a miner in had a way to run "
            "code of his own, and others come the same way.",
     .fix = STEPS,
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1496"),
     .other_causes = HT_TEXTS("tests of security tools", "a miner that is meant to be here"),
     .run = look_miner},
    {.id = "DRF-017",
     .question = 6,
     .scope = HT_TABLE_PROCESS,
     .reads = HT_READS(CODE),
     .fields = HT_TEXTS("peers"),
     .severity = HT_SEVERITY_HIGH,
     .title = "Is connected to a port that mining pools use",
     .condition = "A process of a container has opened a TCP connection to an address outside, on "
                  "a port that mining pools use. Without a second sign (name, words, code that is "
                  "not in the image) it is a fact without a judgement. No name is resolved.",
     .why = "Miners talk to a pool on such ports all day. The port alone proves nothing: others "
            "use it too.",
     .fix = "Look at the process and its peer. With a second sign:\n" STEPS,
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1496", "ATT&CK T1571"),
     .other_causes = HT_TEXTS("development servers on 3333 or 9999", "proxies"),
     .run = look_pool},
    {.id = "DRF-018",
     .question = 6,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(USAGE) | HT_READS(PROCESS) | HT_READS(HOST),
     .fields = HT_TEXTS("peers", "listens"),
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Uses all the CPU it can get, serves nobody, and talks to one outside",
     .condition = "For five minutes it used at least 90 percent of what its limit or the node "
                  "allows; it has a few processes, none of them listens, and one is connected to "
                  "an address outside. For information in a build.",
     .why = "That is what a miner looks like from outside, whatever it is called. It is also what "
            "honest work looks like.",
     .fix = "Ask its owner. Look for DRF-001, DRF-016 and DRF-017 in the same container; give it a "
            "limit of CPU.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1496"),
     .other_causes = HT_TEXTS("machine learning", "video", "tests and backups"),
     .run = look_load},
};

const struct ht_check_group ht_checks_drf_miner = {.checks = checks, .count = ARRAY_LEN(checks)};
