/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DRF-020: servers that start shells. */
#include <string.h>

#include "catalogue-private.h"
#include "drf-live.h"
#include "drf.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/code.h"

enum answer { NO, YES, NOT_KNOWN };

static bool is_in(const struct live *live, enum ht_fact_programs list, struct ht_str name)
{
    return ht_facts_program_is(live->facts, list, name);
}

static struct ht_str word_at(const struct ht_text_list *argv, size_t at)
{
    return at < argv->len ? argv->items[at] : (struct ht_str){0};
}

/* ---- what is a server ---- */

/* What an interpreter was told to run first: a file, or a module ("-m gunicorn"). */
static struct ht_str script_of(const struct ht_text_list *argv)
{
    for (size_t i = 1; i < argv->len; i++) {
        struct ht_str word = argv->items[i];

        if (!ht_str_has_prefix(word, "-"))
            return word;
        if (ht_str_is(word, "-m"))
            return word_at(argv, i + 1);
        i += ht_str_is(word, "-W") || ht_str_is(word, "-X") || ht_str_is(word, "-I");
    }
    return (struct ht_str){0};
}

/* Whether others may call it, from elsewhere. */
static enum answer listens(const struct ht_process *process)
{
    static const char *const own[] = {"127.", "[::1]", "[::ffff:127."};

    if (!ht_process_has_listens(process))
        return NOT_KNOWN;
    for (size_t i = 0; i < process->listens.len; i++) {
        struct ht_str address = process->listens.items[i];
        bool inside = false;

        for (size_t j = 0; j < ARRAY_LEN(own); j++)
            inside = inside || ht_str_has_prefix(address, own[j]);
        if (!inside)
            return YES;
    }
    return NO;
}

/* Many programs of Java are named by nobody: what they listen on tells. */
static enum answer is_java_server(const struct live *live, const struct ht_process *process)
{
    struct ht_str main = ht_code_java_main(&process->argv);

    if (is_in(live, HT_FACT_PROGRAMS_JAVA_WORKER, main))
        return NO;
    return is_in(live, HT_FACT_PROGRAMS_JAVA_SERVER, main) ? YES : listens(process);
}

/* A server that is a script runs its interpreter: its script tells, or what it calls itself. */
static enum answer is_server(const struct live *live, const struct ht_process *process)
{
    struct ht_str program = ht_live_program(process);

    if (is_in(live, HT_FACT_PROGRAMS_SERVER, program))
        return YES;
    if (ht_str_is(ht_str_program(program), "java"))
        return is_java_server(live, process);
    if (!is_in(live, HT_FACT_PROGRAMS_INTERPRETER, program))
        return NO;
    return is_in(live, HT_FACT_PROGRAMS_SERVER, process->comm) ||
                   is_in(live, HT_FACT_PROGRAMS_SERVER, script_of(&process->argv))
               ? YES
               : NO;
}

/* ---- what servers do for their work ---- */

/* What a shell was told: a file (true), or code; empty: neither. */
static bool shell_file(const struct ht_process *process, struct ht_str *ret_word)
{
    const struct ht_text_list *argv = &process->argv;
    size_t i = ht_live_words(process);

    for (; i < argv->len && argv->items[i].len > 1 && argv->items[i].data[0] == '-'; i++) {
        if (!ht_str_has_prefix(argv->items[i], "--") &&
            memchr(argv->items[i].data, 'c', argv->items[i].len)) {
            *ret_word = word_at(argv, i + 1);
            return false;
        }
    }
    *ret_word = word_at(argv, i);
    return true;
}

/* CGI programs and checks of the image's own are as they were built. */
static bool is_of_image(const struct live *live, struct ht_str path)
{
    enum ht_code_origin origin;

    return ht_live_origin_of(live, HT_CODE_KIND_SCRIPT, path, &origin) &&
           (origin == HT_CODE_ORIGIN_IMAGE || origin == HT_CODE_ORIGIN_METADATA);
}

static bool is_plain_command(struct ht_str code)
{
    for (size_t i = 0; i < code.len; i++) {
        if (strchr(";|&<>`$\n", code.data[i]))
            return false;
    }
    return true;
}

/* What that server usually starts shells for; NULL: this is none of it. */
static const char *errand(const struct live *live, const struct ht_process *parent)
{
    struct ht_str word;
    bool is_file = shell_file(live->process, &word);

    if (!word.len || !ht_live_is(live, HT_FACT_PROGRAMS_SHELL))
        return NULL;
    if (is_file && is_of_image(live, word))
        return "a script of its image";
    if (parent->argv.len && ht_code_is_by_postgres(parent->argv.items[0]))
        return "PostgreSQL's archive_command or restore_command";
    if (!is_file && ht_str_has_prefix(word, "wsrep_sst_") && is_plain_command(word))
        return "Galera, which copies the data to another member";
    /* Its jobs, where it runs them itself. */
    if (ht_str_is(ht_str_program(ht_code_java_main(&parent->argv)), "jenkins.war") &&
        ((is_file && ht_str_has_prefix(ht_str_base(word), "jenkins") &&
          ht_str_has_suffix(word, ".sh")) ||
         (!is_file && ht_str_find(word, HT_S("@tmp/durable-"), 0) > 0)))
        return "a job of Jenkins";
    return NULL;
}

/* A shell that was there before its parent became the server. */
static bool is_of_entry(const struct live *live)
{
    const struct ht_row *row = ht_node_find(ht_checking_node(live->checking), HT_TABLE_CONTAINER,
                                            live->process->container);

    return row && ht_drf_is_entry(ht_container_of(row), &live->process->argv);
}

/* ---- the check ---- */

static void look_child(struct ht_checking *checking, const struct ht_row *row)
{
    struct live live;
    const struct ht_process *parent;
    struct ht_finding *finding;
    enum answer server;

    if (!ht_live_open(checking, row, false, &live) ||
        !(ht_live_is(&live, HT_FACT_PROGRAMS_SHELL) || ht_live_is(&live, HT_FACT_PROGRAMS_TOOL)))
        return;
    if (ht_live_is_first(&live))
        return;
    parent = ht_live_parent(&live);
    if (!parent) {
        ht_unknown(checking, "proc", "the parent of a shell is not known", "sudo hulltop");
        return;
    }
    if (!ht_process_has_container_id(parent) ||
        !ht_str_equal(parent->container_id, live.process->container_id))
        return;
    server = is_server(&live, parent);
    if (server == NOT_KNOWN)
        ht_unknown(checking, "proc", "whether the parent of a shell listens could not be read",
                   "sudo hulltop");
    if (server != YES)
        return;
    if (is_of_entry(&live))
        return;
    finding = ht_live_fire(&live, "A server started %.*s", HT_STR_ARG(live.name));
    ht_fire_evidencef(checking, finding, "/proc/PID/exe", "server", "%.*s, pid %llu",
                      HT_STR_ARG(ht_live_program(parent)), (unsigned long long)parent->pid);
    if (ht_str_is(ht_str_program(ht_live_program(parent)), "java"))
        ht_fire_evidence(checking, finding, "/proc/PID/cmdline", "what Java runs",
                         ht_code_java_main(&parent->argv));

    const char *usual = errand(&live, parent);
    if (usual) {
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
        ht_fire_evidence(checking, finding, "hulltop", "looks like", ht_str_from(usual));
    }
    ht_live_show(&live, finding);
}

static const struct ht_check checks[] = {
    {.id = "DRF-020",
     .question = 6,
     .scope = HT_TABLE_PROCESS,
     .reads = HT_READS(PROCESS) | HT_READS(CODE) | HT_READS(CONTAINER),
     .fields = HT_TEXTS("listens"),
     .severity = HT_SEVERITY_HIGH,
     .title = "A server started a shell",
     .condition = "A shell, or a tool for looking around, is the child of a web server, a "
                  "database or another server in the same container; of Java, what is known as a "
                  "server or listens beyond the loopback. The shell of the entry point, which "
                  "goes on beside the server, does not count. Low where it is what that server "
                  "usually does (a script of its image, archive_command of PostgreSQL, a copy of "
                  "Galera, a job of Jenkins).",
     .why = "Servers seldom need a shell; whoever found a hole in one does. It is the usual first "
            "step behind such a hole.",
     .fix = "Look at the server's requests of that minute. If nobody can explain it, treat it as a "
            "break-in: save the evidence, isolate the container, redeploy it.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1190", "ATT&CK T1059"),
     .other_causes = HT_TEXTS("CGI programs", "archive_command of PostgreSQL",
                              "health checks of the server's own"),
     .run = look_child},
};

const struct ht_check_group ht_checks_drf_server = {.checks = checks, .count = ARRAY_LEN(checks)};
