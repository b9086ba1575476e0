/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DRF-014, 015, 036: code from mounts and from odd places; containers that cannot be judged. */
#include "catalogue-private.h"
#include "drf.h"
#include "view.h"
#include "hulltop/base/mem.h"

/* ---- DRF-014 ---- */

/* Whether the container can write to the mount that holds path: true where that is not known. */
static bool is_writable(const struct ht_container *container, struct ht_str path)
{
    const struct ht_mount *best = NULL;
    const struct ht_mount_list *lists[2] = {&container->kernel_mounts, &container->mounts};

    for (size_t i = 0; i < ARRAY_LEN(lists) && !best; i++) {
        for (size_t j = 0; j < lists[i]->len; j++) {
            const struct ht_mount *mount = &lists[i]->items[j];

            if (ht_path_lies_in(path, mount->target) &&
                (!best || mount->target.len > best->target.len))
                best = mount;
        }
    }
    return !best || !ht_mount_has_rw(best) || best->rw;
}

static bool is_scratch(const struct ht_code *code)
{
    return code->origin == HT_CODE_ORIGIN_TMPFS ||
           ht_str_has_prefix(code->mount_source, "empty-dir ");
}

static void look_mounted(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_code *code = ht_code_of(row);
    const struct ht_container *container;
    struct ht_finding *finding;
    bool script = ht_code_has_kind(code) && code->kind == HT_CODE_KIND_SCRIPT;

    code = ht_drf_open(checking, row, script ? HT_CODE_KIND_SCRIPT : HT_CODE_KIND_EXECUTABLE);
    if (!code || (code->origin != HT_CODE_ORIGIN_VOLUME && code->origin != HT_CODE_ORIGIN_BIND &&
                  code->origin != HT_CODE_ORIGIN_TMPFS))
        return;
    container = ht_drf_container(checking, code);
    finding = ht_drf_fire(checking, code);
    if (ht_code_has_injector(code)) {
        ht_fire_title(checking, finding, "%.*s of %.*s %s from a mount", HT_STR_ARG(code->path),
                      HT_STR_ARG(code->injector), ht_drf_runs(code));
        ht_drf_weigh(finding, HT_SEVERITY_INFO);
        return;
    }
    ht_fire_title(checking, finding, "%.*s %s from %s", HT_STR_ARG(code->path), ht_drf_runs(code),
                  code->origin == HT_CODE_ORIGIN_BIND     ? "a path of the node"
                  : code->origin == HT_CODE_ORIGIN_VOLUME ? "a volume"
                                                          : "a file system in memory");
    if (container && !is_writable(container, code->path))
        ht_drf_weigh(finding, HT_SEVERITY_LOW);
    else if (is_scratch(code))
        ht_drf_weigh(finding, HT_SEVERITY_MEDIUM);
    ht_drf_soften_build(finding);
}

/* ---- DRF-015 ---- */

static const char *place_of(struct ht_str path)
{
    static const struct {
        const char *prefix;
        const char *place;
    } places[] = {{"/tmp/", "a folder that everybody may write to"},
                  {"/var/tmp/", "a folder that everybody may write to"},
                  {"/dev/shm/", "shared memory"},
                  {"/run/user/", "a user's run-time folder"},
                  {"/var/run/user/", "a user's run-time folder"}};
    struct ht_str part;

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (ht_str_has_prefix(path, places[i].prefix))
            return places[i].place;
    }
    while (ht_str_next(&path, '/', &part)) {
        if (ht_str_has_prefix(part, "."))
            return "a hidden place";
        if (part.len && (part.data[0] == ' ' || part.data[part.len - 1] == ' ' ||
                         part.data[part.len - 1] == '.'))
            return "a place with a misleading name";
    }
    return NULL;
}

static void look_place(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_code *code = ht_drf_open(checking, row, HT_CODE_KIND_EXECUTABLE);
    struct ht_finding *finding;
    const char *place;

    if (!code || !ht_code_has_container(code) || !ht_code_has_path(code) ||
        code->origin == HT_CODE_ORIGIN_MEMFD ||
        !(ht_drf_is_foreign(code->origin) || code->origin == HT_CODE_ORIGIN_RENAMED))
        return;
    place = place_of(code->path);
    if (!place)
        return;
    finding = ht_drf_fire(checking, code);
    ht_fire_title(checking, finding, "%.*s %s from %s", HT_STR_ARG(code->path), ht_drf_runs(code),
                  place);
    if (ht_code_has_injector(code))
        ht_drf_weigh(finding, HT_SEVERITY_INFO);
    ht_drf_soften_build(finding);
}

/* ---- DRF-036 ---- */

static void look_blind(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_container *container = ht_container_of(row);
    const struct ht_layer *layer;
    struct ht_finding *finding;

    if (ht_container_has_class(container) && ht_container_has_class_signal(container) &&
        container->class == HT_CLASS_SANDBOXED) {
        finding = ht_fire(checking, HT_S(""));
        ht_fire_evidence(checking, finding, "runtime", "sandbox", container->class_signal);
        return;
    }
    layer = ht_drf_layer(checking, row);
    if (!layer || !ht_layer_has_blind(layer))
        return;
    finding = ht_fire(checking, HT_S(""));
    ht_fire_evidence(checking, finding, "drift", "why", layer->blind);
    if (ht_layer_has_help(layer) && layer->help.len)
        ht_fire_evidence(checking, finding, "drift", "what would help", layer->help);
    if (ht_layer_has_storage(layer))
        ht_fire_evidence(checking, finding, "/proc/PID/mountinfo", "storage", layer->storage);
}

static const struct ht_check checks[] = {
    {.id = "DRF-014",
     .question = 6,
     .scope = HT_TABLE_CODE,
     .reads = HT_READS(CONTAINER),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Runs code from a mount",
     .condition = "A program or script lies on a volume, a path of the node or a tmpfs: high where "
                  "the container can write to it, medium for scratch space, low where it cannot, "
                  "for information where a known tool puts it.",
     .why = "What lies on a volume is no part of the image: nobody scanned it, and it outlives the "
            "container.",
     .fix = "Build the code into the image. Mount data with noexec, or read-only.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1059"),
     .other_causes =
         HT_TEXTS("Tekton, Argo, GitLab, Jenkins and other tools (facts injectors.yaml)",
                  "jobs that take their program from a volume"),
     .run = look_mounted},
    {.id = "DRF-015",
     .question = 6,
     .scope = HT_TABLE_CODE,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Runs a program from an odd place",
     .condition = "A program that is not as the image has it lies in /tmp, /var/tmp, /dev/shm, "
                  "/run/user, in a hidden folder, or has a name that misleads.",
     .why = "Every user may write there and nobody looks: it is where intruders put their tools.",
     .fix = "Save the evidence and deploy the container again. Mount /tmp as tmpfs with noexec.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1564.001", "ATT&CK T1036"),
     .other_causes = HT_TEXTS("go run and go test",
                              "programs that unpack themselves (PyInstaller, "
                              "AppImage)",
                              "sandboxes of build tools"),
     .run = look_place},
    {.id = "DRF-036",
     .question = 6,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(LAYER),
     .flags = HT_CHECK_POSTURE,
     .severity = HT_SEVERITY_INFO,
     .title = "What runs in it cannot be compared with its image",
     .condition = "The storage driver keeps changed files with the image's, the layers are not to "
                  "be found, or the container has a kernel of its own.",
     .why = "Nothing was found there only because nothing could be checked.",
     .fix = "Run sudo hulltop on the node; use a storage driver with overlay; put a sensor "
            "inside the sandbox.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("NSA/CISA 1.2 audit logging and threat detection"),
     .run = look_blind},
};

const struct ht_check_group ht_checks_drf_place = {.checks = checks, .count = ARRAY_LEN(checks)};
