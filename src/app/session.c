/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config-file.h"
#include "demo.h"
#include "input.h"
#include "signals.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"
#include "hulltop/base/root.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/model/document.h"
#include "hulltop/report/report.h"

/* How long the sources of a face may take to end. */
#define GRACE_NS (500 * HT_NS_PER_MS)
/* The engine's last step (at most 3 s), the grace, and what is told at the end. */
enum { ENDING_S = 5 };

int ht_print(struct ht_str bytes, struct ht_error *err)
{
    int r = ht_write_all(STDOUT_FILENO, bytes);

    if (r == -EPIPE)
        ht_signals_end_by_pipe();
    return r < 0 ? ht_error_errno(err, -r, "standard output") : 0;
}

void ht_complain(const struct ht_error *err)
{
    ht_autobuf struct ht_buf text = HT_BUF(4 * HT_ERROR_TEXT_MAX);

    ht_buf_add_text(&text, "hulltop: ");
    ht_printable(&text, ht_str_from(err->text), HT_PRINT_NEWLINES);
    ht_buf_add_text(&text, "\n");
    ht_write_all(STDERR_FILENO, ht_buf_str(&text));
}

int ht_print_all(struct ht_str bytes)
{
    struct ht_error err = {0};

    if (ht_print(bytes, &err) == 0)
        return HT_STATUS_CLEAN;
    ht_complain(&err);
    return HT_STATUS_TERMINAL;
}

int ht_session_open(struct ht_session *session, const struct ht_options *options,
                    struct ht_arena *arena, struct ht_error *err)
{
    *session = (struct ht_session){
        .options = options, .arena = arena, .document = HT_BUF(HT_LIMIT_DOCUMENT)};
    int r = ht_facts_load(ht_config_folders(arena), &session->facts, err);

    if (r == 0)
        ht_facts_allow(session->facts, options->allowed.items, options->allowed.len);
    return r;
}

/* ---- live ---- */

/* Live processes belong to the host files only if both are of the same root. */
static bool is_live_root(const char *root)
{
    struct stat a, b;

    if (strcmp(root, "/") == 0)
        return true;
    return stat(root, &a) == 0 && stat("/proc/1/root/.", &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

static bool is_none(const char *value)
{
    return value && strcmp(value, "none") == 0;
}

static bool asks_for(const struct ht_options *options, const char *question)
{
    return options->questions & 1u << ht_question_find(ht_str_from(question));
}

/* What engines are asked for beside their containers. */
static struct ht_docker_options asked_of_engines(const struct ht_options *options)
{
    return (struct ht_docker_options){.histories = asks_for(options, "secrets"),
                                      .drift = asks_for(options, "drift") ||
                                               asks_for(options, "added-code")};
}

static struct ht_driver docker_driver(const struct ht_options *options)
{
    const char *verify = getenv("DOCKER_TLS_VERIFY");

    struct ht_docker_options asked = asked_of_engines(options);

    asked.url = options->docker;
    asked.cert_path = getenv("DOCKER_CERT_PATH");
    asked.tls_verify = verify && verify[0];
    return ht_docker_driver(&asked);
}

/* The sources that will run: those that the asked questions need. */
struct drivers {
    struct ht_driver items[10 + HT_PODMAN_SERVICES + HT_CONTAINERD_PLACES];
    size_t len;
};

static void add(struct drivers *drivers, struct ht_driver driver)
{
    drivers->items[drivers->len++] = driver;
}

/* Container engines. One that was named is the only one that is asked; what was switched off though
 * it would be asked says so. */
static void add_engines(struct drivers *drivers, const struct ht_options *options)
{
    bool docker_named = options->docker && !is_none(options->docker);
    bool cri_named = options->cri && !is_none(options->cri);

    if (docker_named || (!options->docker && !cri_named))
        add(drivers, docker_driver(options));
    else if (is_none(options->docker) && !cri_named)
        add(drivers, ht_off_driver(HT_OFF_DOCKER, "--docker none"));
    if (!options->docker && !cri_named) {
        const struct ht_docker_options asked = asked_of_engines(options);

        ht_podman_drivers(&asked, drivers->items + drivers->len);
        drivers->len += HT_PODMAN_SERVICES;
    }
    if (cri_named || (!options->cri && !docker_named))
        drivers->len += ht_containerd_drivers(
            &(struct ht_containerd_options){.socket_path = cri_named ? options->cri : NULL,
                                            .histories = asks_for(options, "secrets")},
            drivers->items + drivers->len);
    else if (is_none(options->cri) && !docker_named)
        add(drivers, ht_off_driver(HT_OFF_CRI, "--cri none"));
    if (is_none(options->kubeconfig))
        add(drivers, ht_off_driver(HT_OFF_KUBE, "--kubeconfig none"));
    else
        add(drivers,
            ht_kube_driver(&(struct ht_kube_options){.kubeconfig = options->kubeconfig,
                                                     .context = options->context,
                                                     .node = options->node,
                                                     .exec_credentials = options->exec_credentials,
                                                     .ingresses = asks_for(options, "secrets")}));
}

/* The host's own files and processes. */
static void add_host(struct drivers *drivers, const struct ht_session *session, bool live)
{
    const struct ht_options *options = session->options;
    unsigned questions = options->questions;

    if (ht_catalogue_needs(questions, HT_S("packages")))
        add(drivers, ht_packages_driver(&(struct ht_packages_options){
                         .root = options->root,
                         .live = live,
                         .lists_limit_days = options->lists_days,
                         .cache_folder = ht_config_cache_dir(session->arena)}));
    if (ht_catalogue_needs(questions, HT_S("upkeep")))
        add(drivers, ht_upkeep_driver(&(struct ht_upkeep_options){
                         .root = options->root,
                         .live = live,
                         .advisories = options->advisories,
                         .cache_folder = ht_config_cache_dir(session->arena)}));
    if (ht_catalogue_needs(questions, HT_S("running-old")))
        add(drivers, ht_running_driver(live, ht_config_cache_dir(session->arena)));
    if (ht_catalogue_needs(questions, HT_S("drift")))
        add(drivers, ht_drift_driver(live));
    if (ht_catalogue_needs(questions, HT_S("datastore")))
        add(drivers, ht_datastore_driver(
                         &(struct ht_datastore_options){.root = options->root,
                                                        .etcd_db = options->etcd_db,
                                                        .etcd = options->etcd,
                                                        .etcd_ca = options->etcd_ca,
                                                        .etcd_cert = options->etcd_cert,
                                                        .etcd_key = options->etcd_key,
                                                        .interval_ns = options->interval_ns}));
}

/* The key of the marks by which equal secrets are known, made once for an installation. False:
 * there is none that lasts, and the source makes one for this run. */
static bool load_salt(const char *state_dir, char *salt)
{
    ht_autobuf struct ht_buf path = HT_BUF(PATH_MAX);
    ht_autobuf struct ht_buf text = HT_BUF(HT_HOSTCONF_SALT_BYTES + 1);
    bool is_there = false;

    if (!state_dir)
        return false;
    ht_buf_addf(&path, "%s/salt", state_dir);
    if (ht_file_is_trusted(path.data, NULL) < 0 &&
        getrandom(salt, HT_HOSTCONF_SALT_BYTES, 0) == HT_HOSTCONF_SALT_BYTES)
        (void)ht_file_write(path.data, (struct ht_str){.data = salt, .len = HT_HOSTCONF_SALT_BYTES},
                            0, NULL);
    if (ht_file_is_trusted(path.data, NULL) == 0 &&
        ht_read_at(AT_FDCWD, path.data, &text, HT_HOSTCONF_SALT_BYTES + 1, NULL) == 0)
        is_there = text.len == HT_HOSTCONF_SALT_BYTES;
    if (is_there)
        memcpy(salt, text.data, HT_HOSTCONF_SALT_BYTES);
    if (text.len)
        ht_wipe(text.data, text.len);
    return is_there;
}

static void add_hostconf(struct drivers *drivers, const struct ht_options *options, bool live,
                         const char *state_dir)
{
    char salt[HT_HOSTCONF_SALT_BYTES];
    bool has_salt = load_salt(state_dir, salt);

    add(drivers,
        ht_hostconf_driver(&(struct ht_hostconf_options){.root = options->root,
                                                         .live = live,
                                                         .salt = has_salt ? salt : NULL,
                                                         .inside = options->look_inside,
                                                         .interval_ns = options->interval_ns}));
    ht_wipe(salt, sizeof(salt));
}

/* Only the question about packages does without: what else is asked about is made of processes. */
static bool needs_processes(unsigned questions)
{
    return ht_catalogue_needs(questions, HT_S("proc")) ||
           ht_catalogue_needs(questions, HT_S("docker")) ||
           ht_catalogue_needs(questions, HT_S("drift")) ||
           ht_catalogue_needs(questions, HT_S("hostconf"));
}

/* A report is made of what its questions look at; on the screen and in a recording anything may be
 * asked for later. */
static unsigned unasked_parts(const struct ht_options *options)
{
    static const struct {
        const char *field;
        enum ht_proc_part part;
    } fields[] = {{"stdio", HT_PROC_CONTACTS},
                  {"peers", HT_PROC_CONTACTS},
                  {"listens", HT_PROC_CONTACTS},
                  {"login_uid", HT_PROC_LOGIN},
                  {"wx_bytes", HT_PROC_MEMORY}};
    unsigned parts = HT_PROC_CONTACTS | HT_PROC_LOGIN | HT_PROC_MEMORY;

    if (options->command != HT_CMD_CHECK)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (ht_catalogue_reads_field(options->questions, fields[i].field))
            parts &= ~(unsigned)fields[i].part;
    }
    if (!ht_catalogue_reads_table(options->questions, HT_TABLE_USAGE))
        parts |= HT_PROC_LOAD;
    return parts;
}

/* Sockets that are worth root on the node, wherever containers have the folders around them. */
static struct ht_text_list root_sockets(const struct ht_session *session)
{
    size_t at = 0, count = 0, len = 0;

    while (ht_facts_socket_below(session->facts, HT_S("/"), &at))
        count++;
    struct ht_str *items = ht_arena_array(session->arena, struct ht_str, count);
    for (at = 0; count; count--) {
        const struct ht_fact_socket *socket = ht_facts_socket_below(session->facts, HT_S("/"), &at);

        if (socket->power == 0)
            items[len++] = socket->path;
    }
    return (struct ht_text_list){.items = items, .len = len};
}

static void live_engine(struct ht_session *session, struct ht_engine_options *engine_options)
{
    const struct ht_options *options = session->options;
    bool live = is_live_root(options->root);
    struct drivers drivers = {.len = 0};

    if (ht_catalogue_needs(options->questions, HT_S("docker")))
        add_engines(&drivers, options);
    /* The process source runs always: it tells which node this is. */
    add(&drivers,
        ht_proc_driver(&(struct ht_proc_options){.root = options->root,
                                                 .live = live,
                                                 .host_only = !needs_processes(options->questions),
                                                 .leave_out = unasked_parts(options),
                                                 .sockets = root_sockets(session)}));
    add_host(&drivers, session, live);
    if (ht_catalogue_needs(options->questions, HT_S("hostconf")))
        add_hostconf(&drivers, options, live, engine_options->state_dir);
    engine_options->drivers = drivers.items;
    engine_options->drivers_len = drivers.len;
    session->engine = ht_engine_new(engine_options);
}

/* A recording never replaces a file: better said before the screen opens than after. So is that it
 * cannot be made at all. */
static int check_record_path(const char *path, struct ht_error *err)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash > path ? (size_t)(slash - path) : 1;
    ht_autofree char *folder = slash ? ht_strndup(path, len) : ht_strndup(".", 1);
    struct stat st;

    if (lstat(path, &st) == 0)
        return ht_error_set(err, EEXIST, "%s: exists already; a recording replaces nothing", path);
    if (access(folder, W_OK | X_OK) < 0)
        return ht_error_errno(err, errno, "%s: no recording can be made there", folder);
    return 0;
}

static const char *make_state_dir(struct ht_session *session)
{
    const char *path = ht_config_state_dir(session->arena);
    struct ht_error err = {0};

    if (!path)
        return NULL;
    if (ht_file_make_directory(path, &err) < 0) {
        ht_log_error(HT_LOG_WARNING, "state", &err);
        return NULL;
    }
    return path;
}

/* ---- documents ---- */

static int document_engine(struct ht_session *session,
                           const struct ht_engine_options *engine_options, const char *path,
                           struct ht_error *err)
{
    enum ht_document_kind kind;
    struct ht_engine_document document = {.origin = HT_ORIGIN_NODE, .name = path};
    int r = ht_input_read(path, &session->document, HT_LIMIT_DOCUMENT, err);

    if (r == 0)
        r = ht_document_sniff(ht_buf_str(&session->document), path, &kind, err);
    if (r == 0) {
        if (kind == HT_DOCUMENT_REPORT)
            document.origin = HT_ORIGIN_REPORT;
        else if (kind == HT_DOCUMENT_RECORDING)
            document.origin = HT_ORIGIN_REPLAY;
        document.text = ht_buf_str(&session->document);
        r = ht_engine_new_replay(engine_options, &document, &session->engine, err);
    }
    return r < 0 ? -EBADMSG : 0;
}

int ht_session_engine(struct ht_session *session, bool keep_state, struct ht_error *err)
{
    const struct ht_options *options = session->options;
    struct ht_engine_options engine_options = {.facts = session->facts,
                                               .questions = options->questions};

    if (options->command == HT_CMD_DEMO)
        return ht_engine_new_replay(&engine_options,
                                    &(struct ht_engine_document){.origin = HT_ORIGIN_DEMO,
                                                                 .name = "demo",
                                                                 .text = ht_demo_text()},
                                    &session->engine, err);
    if (options->command == HT_CMD_REPLAY)
        return document_engine(session, &engine_options, options->operand, err);
    if (options->from)
        return document_engine(session, &engine_options, options->from, err);
    if (options->command == HT_CMD_RECORD) {
        int r = check_record_path(options->operand, err);

        if (r < 0)
            return r;
        engine_options.record_path = options->operand;
    }
    if (keep_state)
        engine_options.state_dir = make_state_dir(session);
    live_engine(session, &engine_options);
    return 0;
}

static void put_size(struct ht_buf *out, uint64_t bytes)
{
    if (bytes < 10 * 1024)
        ht_buf_addf(out, "%" PRIu64 " bytes", bytes);
    else if (bytes < 10 * 1024 * 1024)
        ht_buf_addf(out, "%" PRIu64 " KiB", bytes / 1024);
    else
        ht_buf_addf(out, "%" PRIu64 " MiB", bytes / 1024 / 1024);
}

/* The last line of a recording: what is in its file. */
static void tell_recorded(const struct ht_recorded *recorded, const char *path)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_ERROR_TEXT_MAX);
    struct ht_error told = {0};

    if (recorded->lines == 0) {
        ht_buf_add_text(&text, "nothing was recorded: no source had answered");
    } else {
        ht_buf_addf(&text, "recorded %" PRIu64 " step%s in ", recorded->lines,
                    recorded->lines == 1 ? "" : "s");
        ht_age_text(&text, recorded->last_ns - recorded->first_ns);
        ht_buf_add_text(&text, ", ");
        put_size(&text, recorded->bytes);
        if (recorded->failed)
            ht_buf_add_text(&text, "; what came later is lost");
    }
    ht_error_set(&told, 0, "%s: %.*s", path, HT_STR_ARG(ht_buf_str(&text)));
    ht_complain(&told);
}

int ht_session_close(struct ht_session *session, int64_t grace_ns, int status)
{
    struct ht_error err = {0};

    if (session->engine && ht_engine_stop(session->engine, grace_ns, &err) < 0 &&
        session->options->command == HT_CMD_RECORD) {
        ht_complain(&err);
        status = status == HT_STATUS_CLEAN ? HT_STATUS_RECORDING : status;
    }
    if (session->engine && session->options->command == HT_CMD_RECORD) {
        const struct ht_recorded recorded = ht_engine_recorded(session->engine);

        /* Where the file could not even be made, that was said. */
        if (recorded.lines || !recorded.failed)
            tell_recorded(&recorded, session->options->operand);
    }
    /* One that goes on, in a step that takes long, ends with the program. */
    if (session->engine && !ht_engine_has_ended(session->engine))
        return status;
    session->engine = ht_engine_free(session->engine);
    session->facts = ht_facts_free(session->facts);
    ht_buf_fini(&session->document);
    return status;
}

int ht_session_end(struct ht_session *session, int status)
{
    ht_signals_give_time(ENDING_S);
    return ht_session_close(session, GRACE_NS, status);
}
