/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DRF-005, 006, 007, 008: scripts, code on command lines, libraries, what is loaded before all. */
#include "catalogue-private.h"
#include "drf.h"
#include "hulltop/base/mem.h"

/* ---- DRF-005 ---- */

static void look_script(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_code *code = ht_drf_open(checking, row, HT_CODE_KIND_SCRIPT);
    struct ht_finding *finding;

    /* DRF-014 tells of those on mounts. */
    if (!code || !ht_drf_is_added(code->origin) || code->origin == HT_CODE_ORIGIN_TMPFS)
        return;
    finding = ht_drf_fire(checking, code);
    ht_fire_title(checking, finding, "The script %.*s %s and is %s", HT_STR_ARG(code->path),
                  ht_drf_runs(code),
                  code->origin == HT_CODE_ORIGIN_ADDED     ? "not in the image"
                  : code->origin == HT_CODE_ORIGIN_DELETED ? "gone by now, and not in the image"
                                                           : "not as in the image");
    ht_drf_soften_build(finding);
}

/* ---- DRF-006 ---- */

/* Started by something in the container that serves, rather than by who came in from outside. */
static bool is_of_server(const struct ht_code *code)
{
    static const char *const outside[] = {"containerd-shim", "conmon", "runc", "crun", "docker"};

    if (!ht_code_has_parents(code) || code->parents.len == 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(outside); i++) {
        if (ht_str_has_prefix(code->parents.items[0], outside[i]))
            return false;
    }
    return true;
}

static void look_inline(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_code *code = ht_code_of(row);
    struct ht_finding *finding;

    if (!ht_code_has_kind(code) || (code->kind == HT_CODE_KIND_INLINE && !ht_code_has_argv(code))) {
        ht_unknown(checking, "drift", "what a process runs is not known", "sudo hulltop");
        return;
    }
    if (code->kind != HT_CODE_KIND_INLINE ||
        ht_drf_is_entry(ht_drf_container(checking, code), &code->argv))
        return;
    finding = ht_drf_fire(checking, code);
    ht_fire_title(checking, finding, "%.*s %s code from its command line",
                  HT_STR_ARG(code->interpreter), ht_drf_runs(code));
    if (is_of_server(code)) {
        ht_fire_title(checking, finding, "A server had %.*s run code from its command line",
                      HT_STR_ARG(code->interpreter));
        ht_drf_weigh(finding, HT_SEVERITY_HIGH);
    }
    if (ht_code_has_variable(code)) {
        ht_fire_title(checking, finding, "%.*s of a server had %.*s run code",
                      HT_STR_ARG(code->variable), HT_STR_ARG(code->interpreter));
        ht_drf_weigh(finding, HT_SEVERITY_LOW);
    }
    ht_drf_soften_build(finding);
}

/* ---- DRF-007 ---- */

/* What programs unpack to load it: what told so, or NULL. */
static const char *unpacked(const struct ht_checking *checking, const struct ht_code *code)
{
    static const struct {
        const char *part;
        const char *by;
    } folders[] = {{"/tmp/_MEI", "PyInstaller, which unpacks its libraries"},
                   {"/.net/", ".NET, which unpacks its libraries"}};

    if (code->origin != HT_CODE_ORIGIN_ADDED && code->origin != HT_CODE_ORIGIN_TMPFS)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        if (ht_str_find(code->path, ht_str_from(folders[i].part), 0) >= 0)
            return folders[i].by;
    }
    return code->argv.len && ht_str_is(ht_str_base(code->argv.items[0]), "java") &&
                   ht_str_find(code->path, HT_S("/tmp/"), 0) >= 0 &&
                   ht_facts_program_is(ht_checking_facts(checking), HT_FACT_PROGRAMS_JAVA_UNPACKED,
                                       code->path)
               ? "Java, which unpacks native libraries"
               : NULL;
}

static void look_library(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_code *code = ht_drf_open(checking, row, HT_CODE_KIND_LIBRARY);
    struct ht_finding *finding;

    if (!code || !ht_drf_is_foreign(code->origin))
        return;
    finding = ht_drf_fire(checking, code);
    ht_fire_title(checking, finding, "A library that is not as in the image is loaded: %.*s",
                  HT_STR_ARG(code->path));
    const char *by = unpacked(checking, code);
    if (ht_code_has_injector(code)) {
        ht_drf_weigh(finding, HT_SEVERITY_INFO);
    } else if (by) {
        ht_drf_weigh(finding, HT_SEVERITY_LOW);
        ht_finding_set_confidence(finding, HT_CONFIDENCE_HINT);
        ht_fire_evidence(checking, finding, "hulltop", "looks like", ht_str_from(by));
    } else if (code->origin == HT_CODE_ORIGIN_DELETED || code->origin == HT_CODE_ORIGIN_MEMFD) {
        /* Compilers in memory and updates leave the same traces. */
        ht_drf_weigh(finding, HT_SEVERITY_MEDIUM);
        ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
    }
    ht_drf_soften_build(finding);
}

/* ---- DRF-008 ---- */

static void look_preload(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_code *code = ht_drf_open(checking, row, HT_CODE_KIND_PRELOAD);
    struct ht_finding *finding;

    if (!code || !ht_drf_is_foreign(code->origin))
        return;
    finding = ht_drf_fire(checking, code);
    if (ht_code_has_variable(code) && ht_str_has_prefix(code->variable, "/"))
        ht_fire_title(checking, finding, "%.*s was written after the image was built",
                      HT_STR_ARG(code->variable));
    else
        ht_fire_title(checking, finding, "%.*s loads %.*s, which is not as in the image",
                      HT_STR_ARG(code->variable), HT_STR_ARG(code->path));
    if (ht_code_has_injector(code))
        ht_drf_weigh(finding, HT_SEVERITY_INFO);
    ht_drf_soften_build(finding);
}

static const struct ht_check checks[] = {
    {.id = "DRF-005",
     .question = 6,
     .scope = HT_TABLE_CODE,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Runs a script that is not as in the image",
     .condition = "The script of an interpreter (sh, Python, Perl, Ruby, Node, PHP, Lua, a Java "
                  "archive), or what its command line, a file of arguments or a variable "
                  "(JAVA_TOOL_OPTIONS, NODE_OPTIONS, PYTHONPATH, PERL5OPT, RUBYOPT, BASH_ENV) has "
                  "it load beside that, is new, modified or replaced in the writable layer, or is "
                  "gone and was not in the image.",
     .why = "A script needs no compiler and no executable bit: it is the easiest way to bring code "
            "into a container.",
     .fix = "Build scripts into the image, or mount them read-only from a ConfigMap.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1059.004", "ATT&CK T1059.006", "ATT&CK T1105"),
     .other_causes = HT_TEXTS("entry points that write start scripts",
                              "job systems that put their steps there"),
     .run = look_script},
    {.id = "DRF-006",
     .question = 6,
     .scope = HT_TABLE_CODE,
     .reads = HT_READS(CONTAINER),
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Runs code from a command line",
     .condition = "An interpreter got its code as an argument (sh -c, python -c, perl -e) from a "
                  "server, or in a session from outside that lasts more than 3 s; high from a "
                  "server, low by archive_command of PostgreSQL. The container's own command "
                  "does not count.",
     .why = "Code that is only typed leaves no file behind. A server that starts it may have been "
            "made to.",
     .fix = "Ask whose session it is. If a server did it: look at its requests of that minute, and "
            "isolate it.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1059"),
     .other_causes = HT_TEXTS("long probes and jobs", "people at work by exec"),
     .run = look_inline},
    {.id = "DRF-007",
     .question = 6,
     .scope = HT_TABLE_CODE,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "A library that is not as in the image is loaded",
     .condition = "A process maps a file to be executed that is new or modified in the writable "
                  "layer, lies on a mount or in memory; medium where its file is gone, for "
                  "information where a known tool puts it; low where it is "
                  "called and placed like what Java, PyInstaller or .NET unpack.",
     .why = "A library runs with all rights of the program that loads it, under its name.",
     .fix = "Build the library into the image; find out what loads it (LD_PRELOAD, ld.so.conf, a "
            "plug-in folder).",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1574.006", "ATT&CK T1055"),
     .other_causes = HT_TEXTS("Java, which unpacks native libraries to /tmp", "monitoring agents",
                              "Python packages on a volume", "graphics drivers of the node"),
     .run = look_library},
    {.id = "DRF-008",
     .question = 6,
     .scope = HT_TABLE_CODE,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Code that is not of the image is loaded before everything else",
     .condition = "LD_PRELOAD or LD_AUDIT of a process names a file that is not as in the image, "
                  "or /etc/ld.so.preload is new or modified.",
     .why = "What is loaded first can change every call that a program makes: hide files, take "
            "passwords.",
     .fix = "Take the variable or the file away, or build it into the image; then deploy again.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1574.006"),
     .other_causes = HT_TEXTS("allocators that were added at run time", "fakeroot in builds"),
     .run = look_preload},
};

const struct ht_check_group ht_checks_drf_code = {.checks = checks, .count = ARRAY_LEN(checks)};
