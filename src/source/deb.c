/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer from what was read: candidates, security, phasing. */
#include <errno.h>
#include <string.h>

#include "deb-phase.h"
#include "deb-private.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { MACHINE_ID_MAX = 8192 };

struct ht_deb_answer *ht_deb_free(struct ht_deb_answer *answer)
{
    if (!answer)
        return NULL;
    ht_deb_config_fini(&answer->config);
    ht_deb_set_fini(&answer->set);
    ht_deb_sources_fini(&answer->sources);
    ht_deb_policy_fini(&answer->policy);
    ht_vec_fini(&answer->lists);
    ht_vec_fini(&answer->missing);
    ht_vec_fini(&answer->gaps);
    ht_vec_fini(&answer->updates);
    ht_vec_fini(&answer->problems);
    free(answer->files);
    ht_arena_free(answer->arena);
    free(answer);
    return NULL;
}

/* ---- where from ---- */

static const struct ht_deb_archive *archive_of(const struct ht_deb_answer *answer,
                                               const struct ht_deb_carrier *carrier)
{
    const struct ht_deb_list *list;

    if (carrier->file == HT_DEB_STATUS_FILE)
        return NULL;
    list = answer->lists.items[carrier->file];
    return list->archive;
}

static void add_origin(struct ht_buf *out, const struct ht_deb_archive *archive)
{
    const struct ht_deb_release *release = &archive->release;

    if (out->len)
        ht_buf_add_text(out, ", ");
    ht_buf_add_str(out, release->label.len ? release->label : release->origin);
    ht_buf_add_c(out, ':');
    ht_buf_add_str(out, release->version);
    if (release->version.len && release->suite.len)
        ht_buf_add_c(out, '/');
    ht_buf_add_str(out, release->suite);
    if (!release->version.len && !release->suite.len)
        ht_buf_add_str(out, archive->host);
}

struct ht_str ht_deb_origin(const struct ht_deb_answer *answer,
                            const struct ht_deb_version *version)
{
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_DEB_TEXT);
    const struct ht_deb_archive *before = NULL;

    for (const struct ht_deb_carrier *carrier = version->carriers; carrier;
         carrier = carrier->next) {
        const struct ht_deb_archive *archive = archive_of(answer, carrier);

        if (archive && archive != before)
            add_origin(&out, archive);
        before = archive;
    }
    return ht_arena_str(answer->arena, ht_buf_str(&out));
}

bool ht_deb_is_security(const struct ht_deb_answer *answer, const struct ht_deb_version *version)
{
    for (const struct ht_deb_carrier *carrier = version->carriers; carrier;
         carrier = carrier->next) {
        const struct ht_deb_archive *archive = archive_of(answer, carrier);

        if (archive && ht_deb_release_is_security(&archive->release))
            return true;
    }
    return false;
}

/* apt's own question for phasing looks at the suite alone. */
static bool comes_from_security_suite(const struct ht_deb_answer *answer,
                                      const struct ht_deb_version *version)
{
    for (const struct ht_deb_carrier *carrier = version->carriers; carrier;
         carrier = carrier->next) {
        const struct ht_deb_archive *archive = archive_of(answer, carrier);

        if (archive && ht_str_has_suffix(archive->release.suite, "-security"))
            return true;
    }
    return false;
}

/* ---- phasing ---- */

static bool phase_option(const struct ht_deb_answer *answer, const char *always_or_never)
{
    struct ht_str of_update_manager =
        ht_arena_strf(answer->arena, "Update-Manager::%s-Include-Phased-Updates", always_or_never);
    struct ht_str of_apt =
        ht_arena_strf(answer->arena, "APT::Get::%s-Include-Phased-Updates", always_or_never);

    return ht_deb_config_bool(&answer->config, of_apt.data,
                              ht_deb_config_bool(&answer->config, of_update_manager.data, false));
}

struct phasing {
    struct ht_deb_answer *answer;
    bool is_policy; /* it is part of the candidate */
    bool always;
    bool never;
    bool applies; /* this machine draws */
};

/* Whether this machine has not drawn the version yet. */
static bool is_held_back(const struct phasing *phasing, const struct ht_deb_version *version)
{
    struct ht_str seed;

    if (version->phased == HT_DEB_NO_PHASE || phasing->always)
        return false;
    if (phasing->never)
        return true;
    if (!phasing->applies)
        return false;
    seed =
        ht_arena_strf(phasing->answer->arena, "%.*s-%.*s-%.*s", HT_STR_ARG(version->source),
                      HT_STR_ARG(version->source_version), HT_STR_ARG(phasing->answer->machine_id));
    return ht_deb_phase(seed) > version->phased;
}

static bool keeps_candidate(void *context, const struct ht_deb_version *version)
{
    return is_held_back(context, version);
}

/* Beside the folder of apt's configuration, unless it is said to be elsewhere. */
static struct ht_str machine_id_path(const struct ht_deb_answer *answer)
{
    struct ht_str path = ht_deb_config_path(&answer->config, "Dir::Etc::machine-id");

    if (path.len)
        return path;
    path = ht_deb_config_path(&answer->config, "Dir::Etc");
    while (ht_str_has_suffix(path, "/"))
        path.len--;
    path.len -= ht_str_base(path).len;
    return ht_arena_strf(answer->arena, "%.*s/machine-id", HT_STR_ARG(path));
}

static void read_machine_id(struct ht_deb_answer *answer, const struct ht_root *root)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    struct ht_str rest, line = {0};

    answer->machine_id = ht_deb_config_get(&answer->config, "APT::Machine-ID");
    if (answer->machine_id.len ||
        !ht_deb_read_file(answer, root, machine_id_path(answer).data, &text))
        return;
    rest = ht_buf_str(&text);
    (void)ht_str_next(&rest, '\n', &line);
    while (ht_str_has_suffix(line, "\r"))
        line.len--;
    if (line.len <= MACHINE_ID_MAX)
        answer->machine_id = ht_arena_str(answer->arena, line);
}

/* ---- updates ---- */

/* Looks at one installed package; its update, or false. */
static bool find_update(const struct phasing *phasing, const struct ht_deb_package *package,
                        struct ht_deb_update *update)
{
    struct ht_deb_answer *answer = phasing->answer;
    const struct ht_deb_version *candidate = ht_deb_policy_candidate(
        &answer->policy, package, phasing->is_policy ? keeps_candidate : NULL, (void *)phasing);
    const struct ht_deb_version *version;
    bool security_suite = false;

    if (!candidate || candidate == package->current)
        return false;
    *update = (struct ht_deb_update){.package = package, .candidate = candidate};
    for (version = candidate; version && version != package->current; version = version->next) {
        update->is_security = update->is_security || ht_deb_is_security(answer, version);
        /* What mends a hole does not wait, but where it is phased itself. */
        security_suite =
            security_suite || (version != candidate && comes_from_security_suite(answer, version));
    }
    if (!version)
        return false; /* it stands behind the installed one */
    update->is_rebuilt = ht_str_equal(candidate->text, package->current->text);
    update->is_phased = !phasing->is_policy && !security_suite && is_held_back(phasing, candidate);
    return true;
}

bool ht_deb_hides_security(const struct ht_deb_answer *answer, const struct ht_deb_package *package)
{
    const struct ht_deb_version *candidate =
        ht_deb_policy_candidate(&answer->policy, package, NULL, NULL);

    for (const struct ht_deb_version *version = package->versions;
         version && version != candidate && version != package->current; version = version->next)
        if (ht_deb_is_security(answer, version))
            return true;
    return false;
}

static int by_package(const void *a, const void *b)
{
    const struct ht_deb_update *left = *(const struct ht_deb_update *const *)a;
    const struct ht_deb_update *right = *(const struct ht_deb_update *const *)b;
    int order = ht_str_compare(left->package->name, right->package->name);

    return order ? order
                 : ht_str_compare(left->package->architecture, right->package->architecture);
}

static void find_updates(struct ht_deb_answer *answer, bool is_chroot)
{
    struct phasing phasing = {
        .answer = answer,
        .is_policy = ht_deb_config_bool(&answer->config, "APT::Get::Phase-Policy", false),
        .always = phase_option(answer, "Always"),
        .never = phase_option(answer, "Never"),
        .applies = answer->machine_id.len > 0 && !is_chroot,
    };

    for (size_t i = 0; i < answer->set.packages.len; i++) {
        const struct ht_deb_package *package = answer->set.packages.items[i];
        struct ht_deb_update update;

        answer->broken += package->broken;
        if (package->current && find_update(&phasing, package, &update)) {
            struct ht_deb_update *copy = ht_arena_array(answer->arena, struct ht_deb_update, 1);

            *copy = update;
            ht_vec_add(&answer->updates, copy);
        }
    }
    if (answer->updates.len)
        qsort(answer->updates.items, answer->updates.len, sizeof(*answer->updates.items),
              by_package);
}

/* ---- all of it ---- */

static void make_files(struct ht_deb_answer *answer)
{
    size_t count = answer->lists.len + 1;

    answer->files = ht_new_array(struct ht_deb_file, count);
    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];

        answer->files[i] = (struct ht_deb_file){.release = &list->archive->release,
                                                .host = list->archive->host,
                                                .component = list->index->component,
                                                .architecture = list->index->architecture};
    }
    answer->policy.files = answer->files;
    answer->policy.files_len = count;
}

static void set_default_release(struct ht_deb_answer *answer)
{
    struct ht_str release = ht_deb_config_get(&answer->config, "APT::Default-Release");
    struct ht_error err = {0};

    answer->default_release = release;
    if (!release.len || ht_deb_policy_default_release(&answer->policy, release))
        return;
    ht_error_set(&err, EINVAL,
                 "apt cannot work: no source is of the release \"%.*s\" that APT::Default-Release "
                 "names",
                 HT_STR_ARG(release));
    ht_deb_problem(answer, &err);
}

#define ELTS_PLACE "extended-lts"
#define ESM_PLACE  "esm.ubuntu.com"

bool ht_deb_is_paid(const struct ht_deb_archive *archive)
{
    if (ht_str_find(archive->uri, HT_S(ELTS_PLACE), 0) >= 0)
        return true;
    return ht_str_find(archive->uri, HT_S(ESM_PLACE), 0) >= 0 &&
           (ht_str_has_suffix(archive->release.suite, "-infra-security") ||
            ht_str_has_suffix(archive->dist, "-infra-security"));
}

/* Most hosts name no such place: what their archives say of themselves need not be read. */
static bool may_be_paid(const struct ht_deb_answer *answer)
{
    for (size_t i = 0; i < answer->sources.archives.len; i++) {
        const struct ht_deb_archive *archive = answer->sources.archives.items[i];

        if (ht_str_find(archive->uri, HT_S(ELTS_PLACE), 0) >= 0 ||
            ht_str_find(archive->uri, HT_S(ESM_PLACE), 0) >= 0)
            return true;
    }
    return false;
}

/* The oldest date of the paid archives in use that bring security updates, of all of them where
 * none does: ELTS has what was free before as well. False: there is no such archive. */
static bool date_paid(const struct ht_deb_answer *answer, int64_t *ret_date_ns)
{
    bool security = false;
    int64_t oldest = INT64_MAX;

    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];

        security = security || (ht_deb_is_paid(list->archive) &&
                                ht_deb_release_is_security(&list->archive->release));
    }
    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];
        const struct ht_deb_release *release = &list->archive->release;

        if (ht_deb_is_paid(list->archive) && ht_deb_release_is_security(release) == security &&
            release->date_ns < oldest)
            oldest = release->date_ns;
    }
    *ret_date_ns = oldest == INT64_MAX ? 0 : oldest;
    return oldest != INT64_MAX;
}

bool ht_deb_paid_list(const struct ht_root *root, int64_t *ret_date_ns)
{
    struct ht_pkg_inputs inputs = {0};
    struct ht_deb_answer *answer = ht_new0(struct ht_deb_answer);
    bool found;

    answer->arena = ht_arena_new(HT_LIMIT_DEB_ARENA);
    answer->policy.arena = answer->arena;
    answer->inputs = &inputs;
    ht_deb_read_config(answer, root);
    ht_deb_read_architectures(answer, root);
    ht_deb_read_sources(answer, root);
    if (may_be_paid(answer))
        ht_deb_find_lists(answer, root);
    found = date_paid(answer, ret_date_ns);
    ht_deb_free(answer);
    ht_pkg_inputs_fini(&inputs);
    return found;
}

/* Configuration and what is installed; the set is still open for the lists. */
static int begin(const struct ht_root *root, struct ht_pkg_inputs *inputs,
                 struct ht_deb_answer **ret_answer, struct ht_error *err)
{
    struct ht_deb_answer *answer = ht_new0(struct ht_deb_answer);
    int r;

    answer->arena = ht_arena_new(HT_LIMIT_DEB_ARENA);
    answer->policy.arena = answer->arena;
    answer->inputs = inputs;
    ht_deb_read_config(answer, root);
    ht_deb_read_architectures(answer, root);
    ht_deb_set_init(&answer->set, answer->arena, answer->sources.native);
    r = ht_deb_read_status(answer, root, err);
    if (r < 0)
        ht_deb_free(answer);
    else
        *ret_answer = answer;
    return r;
}

int ht_deb_read_installed(const struct ht_root *root, struct ht_deb_answer **ret_answer,
                          struct ht_error *err)
{
    struct ht_pkg_inputs inputs = {0};
    struct ht_deb_answer *answer = NULL;
    int r = begin(root, &inputs, &answer, err);

    ht_pkg_inputs_fini(&inputs);
    if (r < 0)
        return r;
    answer->inputs = NULL;
    ht_deb_set_close(&answer->set);
    *ret_answer = answer;
    return 0;
}

int ht_deb_read(const struct ht_deb_options *options, struct ht_deb_answer **ret_answer,
                struct ht_error *err)
{
    struct ht_deb_answer *answer = NULL;
    int r = begin(options->root, options->inputs, &answer, err);

    if (r < 0)
        return r;
    ht_deb_read_sources(answer, options->root);
    ht_deb_find_lists(answer, options->root);
    make_files(answer);
    set_default_release(answer);
    ht_deb_read_preferences(answer, options->root);
    read_machine_id(answer, options->root);
    ht_deb_read_lists(answer, options);
    ht_deb_set_close(&answer->set);
    ht_deb_policy_apply(&answer->policy, &answer->set);
    find_updates(answer, options->is_chroot);
    *ret_answer = answer;
    return 0;
}
