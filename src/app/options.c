/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <config.h>

#include "options.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config-file.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/unpack.h"
#include "hulltop/check/pod-security.h"
#include "hulltop/model/filter.h"
#include "hulltop/model/state.h"

/* Sets one option from its text; the value is "" for an option without one. */
typedef int (*set_option)(struct ht_options *options, const char *value, struct ht_error *err);

struct option_entry {
    const char *name;
    const char *argument; /* NULL: takes none */
    const char *help;     /* NULL: for tests, not told */
    bool in_config;       /* may stand in the configuration file */
    bool joined;          /* shares the line of the one above in --help */
    unsigned with;        /* what it goes with: with all else it would do nothing */
    set_option set;       /* NULL: its text, or a switch without an argument, is at place */
    size_t place;         /* in struct ht_options */
};
#define BY(function) .set = (function)
#define AT(member)   .place = offsetof(struct ht_options, member)

/* Commands, and what takes the place of live sources. */
#define WITH(command) (1U << (command))
enum {
    FROM = WITH(HT_CMD_DOCTOR + 1),
    MANIFESTS = WITH(HT_CMD_DOCTOR + 2),
    ROLE = WITH(HT_CMD_DOCTOR + 3),
    COMMANDS = FROM - 1,
    LIVE = COMMANDS & ~(WITH(HT_CMD_DEMO) | WITH(HT_CMD_REPLAY)),
    REPORT = WITH(HT_CMD_CHECK) | FROM | MANIFESTS,
    SCREEN = (COMMANDS & ~(WITH(HT_CMD_CHECK) | WITH(HT_CMD_DOCTOR))) | FROM,
    /* Also what says how a screen would look, or how long to wait at most: who gives it to all that
     * he starts gets what he asked for. */
    ALWAYS = COMMANDS | FROM | MANIFESTS | ROLE,
};

static const struct {
    const char *name;
    enum ht_command_name command;
    const char *operand; /* what it takes, in brackets if it need not */
    const char *help;
} commands[] = {
    {"check", HT_CMD_CHECK, NULL, "one pass, a report, an exit status"},
    {"demo", HT_CMD_DEMO, "[incident]", "the dashboard on a built-in incident"},
    {"record", HT_CMD_RECORD, "FILE", "the dashboard, and a recording of it"},
    {"replay", HT_CMD_REPLAY, "FILE", "the dashboard on a recording"},
    {"doctor", HT_CMD_DOCTOR, NULL, "what can be seen, and what would help"},
};

/* ---- setters ---- */

/* A list that is older says nothing about today; nobody wants to wait longer than a year. */
enum { LISTS_DAYS = 7, LISTS_DAYS_MAX = 366 };

enum { ALL_QUESTIONS = (1 << (HT_QUESTIONS + 1)) - 2 };

static int set_docker(struct ht_options *options, const char *value, struct ht_error *err)
{
    struct ht_str text = ht_str_from(value);

    if (!ht_str_is(text, "none") && !ht_str_has_prefix(text, "unix://") &&
        !ht_str_has_prefix(text, "tcp://") && !ht_str_has_prefix(text, "/"))
        return ht_error_set(err, EINVAL,
                            "--docker %s: neither unix:///PATH, tcp://HOST:PORT nor none", value);
    options->docker = value;
    return 0;
}

static int set_cri(struct ht_options *options, const char *value, struct ht_error *err)
{
    if (ht_str_has_prefix(ht_str_from(value), "unix://"))
        value += strlen("unix://");
    if (value[0] != '/' && strcmp(value, "none") != 0)
        return ht_error_set(err, EINVAL, "--cri %s: neither /PATH, unix:///PATH nor none", value);
    options->cri = value;
    return 0;
}

static int set_root(struct ht_options *options, const char *value, struct ht_error *err)
{
    if (!value[0])
        return ht_error_set(err, EINVAL, "--root: no folder named");
    options->root = value;
    return 0;
}

static int set_etcd_db(struct ht_options *options, const char *value, struct ht_error *err)
{
    if (!value[0])
        return ht_error_set(err, EINVAL, "--etcd-db: no file named");
    /* One that may not be read is the source's to tell; one that is not there is a slip. */
    if (access(value, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
        return ht_error_errno(err, errno, "--etcd-db: %s", value);
    options->etcd_db = value;
    return 0;
}

static int set_lists_days(struct ht_options *options, const char *value, struct ht_error *err)
{
    uint64_t days;

    if (ht_parse_u64(ht_str_from(value), &days) < 0 || days < 1 || days > LISTS_DAYS_MAX)
        return ht_error_set(err, EINVAL, "--lists-days %s: not a number from 1 to %d", value,
                            LISTS_DAYS_MAX);
    options->lists_days = (unsigned)days;
    return 0;
}

static int set_advisories(struct ht_options *options, const char *value, struct ht_error *err)
{
    if (!value[0])
        return ht_error_set(err, EINVAL, "--advisories: no file named");
    options->advisories = value;
    return 0;
}

static int set_etcd(struct ht_options *options, const char *value, struct ht_error *err)
{
    struct ht_str text = ht_str_from(value);

    if (ht_str_find_byte(text, '@') >= 0)
        return ht_error_set(err, EINVAL, "--etcd: an address with a user's name cannot be used");
    if (!ht_str_has_prefix(text, "http://") && !ht_str_has_prefix(text, "https://"))
        return ht_error_set(err, EINVAL, "--etcd %s: neither http://HOST:PORT nor https://", value);
    options->etcd = value;
    return 0;
}

static int set_manifests(struct ht_options *options, const char *value, struct ht_error *err)
{
    if (options->manifests)
        return ht_error_set(err, EINVAL,
                            "--manifests %s: one file alone; of several: cat FILE... | hulltop "
                            "check --manifests -",
                            value);
    options->manifests = value;
    return 0;
}

static int set_pod_security(struct ht_options *options, const char *value, struct ht_error *err)
{
    if (!ht_pod_security_parse(ht_str_from(value), &options->pod_security))
        return ht_error_set(
            err, EINVAL,
            "--pod-security-version %s: no version of Kubernetes: v1.0 to v1.%d, or "
            "latest",
            value, HT_POD_SECURITY_NEWEST);
    return 0;
}

static int set_only(struct ht_options *options, const char *value, struct ht_error *err)
{
    const char *names[HT_QUESTIONS];
    struct ht_str rest = ht_str_from(value), part;
    unsigned questions = 0;

    for (unsigned i = 1; i <= HT_QUESTIONS; i++)
        names[i - 1] = ht_question_name(i);
    while (ht_str_next(&rest, ',', &part)) {
        part = ht_str_trim(part);

        unsigned number = ht_question_find(part);
        const char *near = ht_nearest(part, names, HT_QUESTIONS);

        if (!number && near)
            return ht_error_set(err, EINVAL,
                                "--only: no question is called \"%.*s\" (did you mean %s?)",
                                HT_STR_ARG(part), near);
        if (!number)
            return ht_error_set(err, EINVAL,
                                "--only: no question is called \"%.*s\"; they are 1 to 6, or %s, "
                                "%s, %s, %s, %s and %s",
                                HT_STR_ARG(part), names[0], names[1], names[2], names[3], names[4],
                                names[5]);
        questions |= 1u << number;
    }
    if (!questions)
        return ht_error_set(err, EINVAL, "--only: no question named");
    options->questions |= questions; /* named again, it adds to what was named before */
    return 0;
}

static int set_format(struct ht_options *options, const char *value, struct ht_error *err)
{
    static const char *const names[] = {"text", "json", "sarif", "node"};

    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(value, names[i]) == 0) {
            options->format = (enum ht_format)i;
            return 0;
        }
    }
    return ht_error_set(err, EINVAL, "--format %s: not text, json, sarif or node", value);
}

static int set_fail_on(struct ht_options *options, const char *value, struct ht_error *err)
{
    int severity = ht_enum_find(&ht_severity_enum, ht_str_from(value));

    if (severity < 0)
        return ht_error_set(err, EINVAL, "--fail-on %s: not critical, high, medium, low or info",
                            value);
    options->fail_on = (enum ht_severity)severity;
    return 0;
}

static int set_timeout(struct ht_options *options, const char *value, struct ht_error *err)
{
    double seconds;

    if (ht_parse_double(ht_str_from(value), &seconds) < 0 || seconds <= 0 || seconds > 86400)
        return ht_error_set(err, EINVAL, "--timeout %s: not a number of seconds above 0", value);
    options->timeout_ns = (int64_t)(seconds * (double)HT_NS_PER_S);
    return 0;
}

static int set_interval(struct ht_options *options, const char *value, struct ht_error *err)
{
    uint64_t seconds;

    if (ht_parse_u64(ht_str_from(value), &seconds) < 0 || seconds < 1 || seconds > 3600)
        return ht_error_set(err, EINVAL, "--interval %s: not a number from 1 to 3600", value);
    options->interval_ns = (int64_t)seconds * HT_NS_PER_S;
    return 0;
}

static int set_color(struct ht_options *options, const char *value, struct ht_error *err)
{
    if (!ht_color_parse(ht_str_from(value), &options->color))
        return ht_error_set(err, EINVAL, "--color %s: not auto, always or never", value);
    return 0;
}

static int set_theme(struct ht_options *options, const char *value, struct ht_error *err)
{
    if (!ht_theme_parse(ht_str_from(value), &options->theme))
        return ht_error_set(err, EINVAL, "--theme %s: not default, light, mono or colour-blind",
                            value);
    return 0;
}

/* A text as it stands; a switch on the command line without a value, in the configuration with yes
 * or no. */
static int set_at(const struct option_entry *entry, struct ht_options *options, const char *value,
                  struct ht_error *err)
{
    char *place = (char *)options + entry->place;
    bool on = true;

    if (entry->argument) {
        memcpy(place, &value, sizeof(value));
        return 0;
    }
    if (value[0] && ht_parse_bool(ht_str_from(value), &on) < 0)
        return ht_error_set(err, EINVAL, "\"%s\" is neither yes nor no", value);
    memcpy(place, &on, sizeof(on));
    return 0;
}

static int set(const struct option_entry *entry, struct ht_options *options, const char *value,
               struct ht_error *err)
{
    return entry->set ? entry->set(options, value, err) : set_at(entry, options, value, err);
}

/* Options without a help text are for tests. */
static const struct option_entry entries[] = {
    {"docker", "URL|none", "unix:///PATH or tcp://HOST:PORT [usual places]", true, false, LIVE,
     BY(set_docker)},
    {"cri", "SOCKET|none", "containerd or CRI-O: unix:///PATH [usual places]", true, false, LIVE,
     BY(set_cri)},
    {"kubeconfig", "FILE|none", "", true, false, LIVE, AT(kubeconfig)},
    {"context", "NAME", "", true, true, LIVE, AT(context)},
    {"exec-credentials", NULL, "", true, true, LIVE, AT(exec_credentials)},
    {"node", "NAME", "cluster", true, true, LIVE, AT(node)},
    {"root", "DIR", "host files below DIR;", false, false, LIVE, BY(set_root)},
    {"role", NULL, "doctor: a Kubernetes role", false, true, WITH(HT_CMD_DOCTOR) | ROLE, AT(role)},
    {"etcd-db", "FILE", "read this database of etcd's;", true, false, LIVE, BY(set_etcd_db)},
    {"etcd", "URL", "ask this one", true, true, LIVE, BY(set_etcd)},
    {"etcd-ca", "PEM", "", true, false, LIVE, AT(etcd_ca)},
    {"etcd-cert", "PEM", "", true, true, LIVE, AT(etcd_cert)},
    {"etcd-key", "PEM", "with these", true, true, LIVE, AT(etcd_key)},
    {"from", "FILE|-", "", false, false, WITH(HT_CMD_DASHBOARD) | WITH(HT_CMD_CHECK) | FROM,
     AT(from)},
    {"manifests", "FILE|-", "", false, true, WITH(HT_CMD_CHECK) | MANIFESTS, BY(set_manifests)},
    {"pod-security-version", "vX.Y|latest", "of files", true, true, WITH(HT_CMD_CHECK) | MANIFESTS,
     BY(set_pod_security)},
    {"lists-days", "DAYS", "packages: trust in lists [7];", true, false, LIVE, BY(set_lists_days)},
    {"advisories", "FILE", "known holes", true, true, LIVE, BY(set_advisories)},
    {"only", "NAME|NUMBER,...", "builds added-code privileged packages secrets drift", true, false,
     COMMANDS | FROM | MANIFESTS, BY(set_only)},
    {"format", "FORMAT", "check: text, json, sarif or node", false, false, REPORT, BY(set_format)},
    {"fail-on", "SEVERITY", "check: exit 1 from [high];", true, false, REPORT, BY(set_fail_on)},
    {"baseline", "FILE", "new ones only", false, true, REPORT, AT(baseline)},
    {"strict", NULL, "check: exit 3 when partial or old;", true, false, REPORT, AT(strict)},
    {"quiet", NULL, "print nothing", false, true, REPORT, AT(quiet)},
    {"timeout", "SECONDS", "wait [30, doctor 10];", true, false, ALWAYS, BY(set_timeout)},
    {"interval", "SECONDS", "secrets every [30]", true, true, LIVE, BY(set_interval)},
    {"open", "NAME", "begin with this question or view;", true, false, SCREEN, AT(open)},
    {"look-inside", NULL, "secrets: logs too", true, true, LIVE, AT(look_inside)},
    {"color", "WHEN", "auto always never;", true, false, ALWAYS, BY(set_color)},
    {"theme", "NAME", "default light mono colour-blind", true, true, ALWAYS, BY(set_theme)},
    {"ascii", NULL, "ASCII;", true, false, ALWAYS, AT(ascii)},
    {"plain", NULL, "lines, no screen;", true, true, ALWAYS, AT(plain)},
    {"utc", NULL, "UTC;", true, true, ALWAYS, AT(utc)},
    {"mouse", NULL, "mouse", true, true, ALWAYS, AT(mouse)},
    {"config", "FILE", "this configuration alone;", false, false, ALWAYS, AT(config)},
    {"version", NULL, "version;", false, true, ALWAYS, AT(version)},
    {"help", NULL, "this text", false, true, ALWAYS, AT(help)},
    {"hash-frames", "FILE", NULL, false, false, WITH(HT_CMD_DEMO), AT(hash_frames)},
};

/* ---- parsing ---- */

static const struct option_entry *find_entry(struct ht_str name)
{
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        if (ht_str_is(name, entries[i].name))
            return &entries[i];
    }
    return NULL;
}

static int unknown_option(struct ht_str name, const char *where, struct ht_error *err)
{
    const char *names[ARRAY_LEN(entries)];
    size_t len = 0;

    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        if (entries[i].help)
            names[len++] = entries[i].name;
    }
    const char *near = ht_nearest(name, names, len);
    const char *dashes = where[0] ? "" : "--"; /* in a file there are none */
    return ht_error_set(err, EINVAL, "%sno option %s%.*s%s%s%s%s", where, dashes, HT_STR_ARG(name),
                        near ? " (did you mean " : "", near ? dashes : "", near ? near : "",
                        near ? "?)" : "");
}

/* The options that the command line set, so that the configuration does not set them again. */
struct parsing {
    struct ht_options *options;
    struct ht_arena *arena;
    bool given[ARRAY_LEN(entries)];
    bool none[ARRAY_LEN(entries)]; /* as "none": what looks at nothing has that anyway */
};

static bool is_given(const struct parsing *parsing, const char *name)
{
    return parsing->given[find_entry(ht_str_from(name)) - entries];
}

static int parse_long(struct parsing *parsing, char **argv, int argc, int *at, struct ht_error *err)
{
    struct ht_str word = ht_str_sub(ht_str_from(argv[*at]), 2, SIZE_MAX);
    ptrdiff_t equals = ht_str_find_byte(word, '=');
    struct ht_str name = equals < 0 ? word : ht_str_sub(word, 0, (size_t)equals);
    const struct option_entry *entry = find_entry(name);
    const char *value = "";

    if (!entry)
        return unknown_option(name, "", err);
    if (!entry->argument && equals >= 0)
        return ht_error_set(err, EINVAL, "--%s takes no value", entry->name);
    if (entry->argument && equals >= 0) {
        value = word.data + equals + 1;
    } else if (entry->argument) {
        if (*at + 1 >= argc)
            return ht_error_set(err, EINVAL, "--%s needs a value: %s", entry->name,
                                entry->argument);
        value = argv[++*at];
    }
    parsing->given[entry - entries] = true;
    parsing->none[entry - entries] = value && strcmp(value, "none") == 0;
    return set(entry, parsing->options, value, err);
}

/* What many programs understand as a command too. */
static bool parse_told(struct ht_options *options, const char *word)
{
    bool is_help = strcmp(word, "help") == 0, is_version = strcmp(word, "version") == 0;

    options->help |= is_help;
    options->version |= is_version;
    return is_help || is_version;
}

static int parse_command(struct parsing *parsing, const char *word, bool *seen,
                         struct ht_error *err)
{
    const char *names[ARRAY_LEN(commands) + 2];
    size_t len = 0;

    *seen = true;
    if (parse_told(parsing->options, word))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        names[len++] = commands[i].name;
        if (strcmp(word, commands[i].name) == 0) {
            parsing->options->command = commands[i].command;
            return 0;
        }
    }
    names[len++] = "help";
    names[len++] = "version";
    const char *near = ht_nearest(ht_str_from(word), names, len);
    if (!near && ht_question_find(ht_str_from(word)))
        return ht_error_set(err, EINVAL, "no command \"%s\" (a question is opened by --open %s)",
                            word, word);
    return ht_error_set(err, EINVAL, "no command \"%s\"%s%s%s", word, near ? " (did you mean " : "",
                        near ? near : "", near ? "?)" : "");
}

static int parse_words(struct parsing *parsing, int argc, char **argv, struct ht_error *err)
{
    bool command_seen = false, only_operands = false;

    for (int i = 1; i < argc; i++) {
        int r = 0;

        if (!only_operands && strcmp(argv[i], "--") == 0)
            only_operands = true;
        else if (!only_operands && strncmp(argv[i], "--", 2) == 0)
            r = parse_long(parsing, argv, argc, &i, err);
        else if (!only_operands && strcmp(argv[i], "-h") == 0)
            parsing->options->help = true;
        else if (!only_operands && strcmp(argv[i], "-V") == 0)
            parsing->options->version = true;
        else if (!only_operands && argv[i][0] == '-' && argv[i][1])
            r = ht_error_set(err, EINVAL, "no option %s (options are long: --help)", argv[i]);
        else if (!command_seen && !only_operands)
            r = parse_command(parsing, argv[i], &command_seen, err);
        else if (!parsing->options->operand)
            parsing->options->operand = argv[i];
        else
            r = ht_error_set(err, EINVAL, "one operand too many: %s", argv[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

static int apply_config(void *context, const struct ht_config_entry *entry, struct ht_error *err)
{
    struct parsing *parsing = context;
    const struct option_entry *option = find_entry(entry->key);

    if (ht_str_is(entry->key, "allow"))
        return ht_config_read_allowed(parsing->arena, entry, &parsing->options->allowed, err);

    const char *where = ht_arena_strf(parsing->arena, "%s:%u: ", entry->file, entry->line).data;

    if (!option || !option->help)
        return unknown_option(entry->key, where, err);
    if (!option->in_config)
        return ht_error_set(err, EINVAL, "%s%s belongs on the command line", where, option->name);
    if (entry->node->kind != HT_YAML_SCALAR)
        return ht_error_set(err, EINVAL, "%sthe value is no single word or text", where);
    if (parsing->given[option - entries])
        return 0;

    int r = set(option, parsing->options, ht_arena_str(parsing->arena, entry->value).data, err);
    if (r < 0)
        ht_error_wrap(err, "%s:%u", entry->file, entry->line);
    return r;
}

static int refuse_operand(const struct ht_options *options, struct ht_error *err)
{
    const char *operand = options->operand;

    if (options->command == HT_CMD_CHECK && ht_question_find(ht_str_from(operand)))
        return ht_error_set(err, EINVAL,
                            "one operand too many: %s (a question is asked by --only %s)", operand,
                            operand);
    return ht_error_set(err, EINVAL, "one operand too many: %s", operand);
}

static int check_operands(const struct ht_options *options, struct ht_error *err)
{
    switch (options->command) {
    case HT_CMD_RECORD:
    case HT_CMD_REPLAY:
        if (!options->operand)
            return ht_error_set(err, EINVAL, "%s needs a file",
                                options->command == HT_CMD_RECORD ? "record" : "replay");
        break;
    case HT_CMD_DEMO:
        if (options->operand && strcmp(options->operand, "incident") != 0)
            return ht_error_set(err, EINVAL, "demo: there is one scenario, \"incident\"");
        break;
    case HT_CMD_DASHBOARD:
    case HT_CMD_CHECK:
    case HT_CMD_DOCTOR:
        if (options->operand)
            return refuse_operand(options, err);
        break;
    }
    return 0;
}

/* The commands that an option goes with, as words. */
static void put_with(struct ht_buf *out, unsigned with)
{
    const char *names[ARRAY_LEN(commands) + 1];
    size_t len = 0;

    if (with & WITH(HT_CMD_DASHBOARD))
        names[len++] = "the dashboard";
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (with & WITH(commands[i].command))
            names[len++] = commands[i].name;
    }
    for (size_t i = 0; i < len; i++)
        ht_buf_addf(out, "%s%s", i == 0 ? "" : i + 1 < len ? ", " : " and ", names[i]);
}

static int refuse_option(const struct option_entry *entry, unsigned command, struct ht_error *err)
{
    ht_autobuf struct ht_buf with = HT_BUF(200), given = HT_BUF(200);

    put_with(&given, command);
    put_with(&with, entry->with);
    return ht_error_set(err, EINVAL, "--%s does nothing with %.*s; it goes with %.*s", entry->name,
                        HT_STR_ARG(ht_buf_str(&given)), HT_STR_ARG(ht_buf_str(&with)));
}

/* On the command line one that would do nothing is refused. The configuration is read for every
 * command: there it waits for one that it concerns. */
static int check_scopes(const struct parsing *parsing, struct ht_error *err)
{
    const struct ht_options *options = parsing->options;
    const struct {
        const char *name;
        unsigned mode;
        bool on;
    } modes[] = {{"from", FROM, options->from},
                 {"manifests", MANIFESTS, options->manifests},
                 {"role", ROLE, options->role}};

    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        const struct option_entry *entry = &entries[i];

        if (!parsing->given[i] || parsing->none[i])
            continue;
        if (!(entry->with & WITH(options->command)))
            return refuse_option(entry, WITH(options->command), err);
        for (size_t j = 0; j < ARRAY_LEN(modes); j++) {
            if (modes[j].on && !(entry->with & modes[j].mode))
                return ht_error_set(err, EINVAL, "--%s does nothing with --%s", entry->name,
                                    modes[j].name);
        }
    }
    if (is_given(parsing, "pod-security-version") && !options->manifests)
        return ht_error_set(err, EINVAL, "--pod-security-version goes with --manifests");
    return 0;
}

/* The cache of an answer goes by its root: one path, wherever one stands. */
static int settle_root(struct ht_options *options, struct ht_arena *arena, struct ht_error *err)
{
    struct stat st;
    char *path;

    if (stat(options->root, &st) < 0)
        return ht_error_errno(err, errno, "--root %s", options->root);
    if (!S_ISDIR(st.st_mode))
        return ht_error_errno(err, ENOTDIR, "--root %s", options->root);
    if (options->root[0] == '/')
        return 0;
    path = realpath(options->root, NULL);
    if (!path)
        return ht_error_set(err, EINVAL, "--root %s: %s", options->root, strerror(errno));
    options->root = ht_arena_str(arena, ht_str_from(path)).data;
    free(path);
    return 0;
}

/* Manifests take the place of everything else, and answer question 3 alone. */
static int settle_manifests(const struct parsing *parsing, struct ht_error *err)
{
    enum { PRIVILEGED = 1 << 3 };
    struct ht_options *options = parsing->options;

    if (!options->manifests)
        return 0;
    if (options->format == HT_FORMAT_NODE)
        return ht_error_set(err, EINVAL, "--format node: manifests are no node");
    if (is_given(parsing, "only") && !(options->questions & PRIVILEGED))
        return ht_error_set(err, EINVAL, "--manifests answers question 3 alone: --only privileged");
    options->questions = PRIVILEGED;
    return 0;
}

int ht_options_parse(struct ht_arena *arena, int argc, char **argv, struct ht_options *ret_options,
                     struct ht_error *err)
{
    struct ht_options options = {
        .command = HT_CMD_DASHBOARD,
        .root = "/",
        .lists_days = LISTS_DAYS,
        .fail_on = HT_SEVERITY_HIGH,
        .pod_security = HT_POD_SECURITY_LATEST,
    };
    struct parsing parsing = {.options = &options, .arena = arena};
    int r = parse_words(&parsing, argc, argv, err);

    if (r < 0)
        return r;
    if (!options.help && !options.version) {
        r = ht_config_read(arena, options.config, apply_config, &parsing, err);
        if (r == 0)
            r = check_operands(&options, err);
        if (r == 0)
            r = check_scopes(&parsing, err);
        if (r == 0)
            r = settle_root(&options, arena, err);
        if (r == 0)
            r = settle_manifests(&parsing, err);
        if (r < 0)
            return r;
    }
    if (!options.questions)
        options.questions = ALL_QUESTIONS;
    *ret_options = options;
    return 0;
}

/* ---- texts ---- */

/* The options from entry on that share a line: names in front, helps behind. */
static size_t put_line(struct ht_buf *out, size_t first)
{
    ht_autobuf struct ht_buf names = HT_BUF(200), helps = HT_BUF(200);
    size_t i = first;

    do {
        ht_buf_addf(&names, "%s--%s%s%s", i > first ? " " : "", entries[i].name,
                    entries[i].argument ? " " : "", entries[i].argument ? entries[i].argument : "");
        ht_buf_addf(&helps, "%s%s", i > first && entries[i].help[0] ? " " : "", entries[i].help);
        i++;
    } while (i < ARRAY_LEN(entries) && entries[i].joined);
    ht_buf_addf(out, "  %-25s %s\n", names.data, helps.data);
    return i;
}

void ht_options_help(struct ht_buf *out)
{
    ht_buf_add_text(out,
                    "hulltop [COMMAND] [OPTION...]   six questions about this node's containers\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        ht_buf_addf(out, "  %-6s %-10s  %s\n", commands[i].name,
                    commands[i].operand ? commands[i].operand : "", commands[i].help);
    for (size_t i = 0; i < ARRAY_LEN(entries) && entries[i].help;)
        i = put_line(out, i);
    ht_buf_add_text(
        out, "exit 0 clean 1 findings 2 usage 3 unknown 4 no source 5 recording 6 terminal\n");
}

void ht_options_version(struct ht_buf *out)
{
    ht_buf_add_text(out, "hulltop " PACKAGE_VERSION "\nfeatures:");
    ht_buf_add_text(out, " docker podman containerd cri-o kubernetes proc replay demo");
    for (enum ht_codec codec = HT_CODEC_GZIP; codec <= HT_CODEC_ZSTD; codec++)
        if (ht_codec_is_built(codec))
            ht_buf_addf(out, " %s", ht_codec_name(codec));
#ifdef HT_SANITIZED
    ht_buf_add_text(out, " sanitized");
#endif
    ht_buf_add_text(out, "\n");
}
