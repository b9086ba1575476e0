/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration of apt: small files and folders of them. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "deb-private.h"
#include "deb-stanza.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { PATH_BYTES = 4096, NATIVE_MAX = 64 };

void ht_deb_problem(struct ht_deb_answer *answer, const struct ht_error *err)
{
    struct ht_str *text = ht_arena_array(answer->arena, struct ht_str, 1);

    *text = ht_arena_text(answer->arena, err->text);
    ht_vec_add(&answer->problems, text);
}

bool ht_deb_read_file(struct ht_deb_answer *answer, const struct ht_root *root, const char *path,
                      struct ht_buf *out)
{
    struct ht_error err = {0};
    int r = ht_pkg_inputs_look(answer->inputs, root, path);

    if (r == 0)
        r = ht_root_read(root, path, out, HT_LIMIT_FILE, &err);
    if (r < 0 && r != -ENOENT && r != -ENOTDIR) {
        if (!err.code)
            ht_error_errno(&err, -r, "%s", path);
        ht_deb_problem(answer, &err);
    }
    return r == 0;
}

/* ---- folders ---- */

/* A name that apt reads: letters, digits, '_', '-', ':' and dots inside; the right ending. */
static bool is_accepted(const void *context, struct ht_str name)
{
    const char *const *endings = context; /* NULL at the end; "" lets names without one in */
    ptrdiff_t dot = ht_str_rfind_byte(name, '.');
    struct ht_str ending =
        dot >= 0 ? ht_str_sub(name, (size_t)dot + 1, name.len) : (struct ht_str){0};
    bool found = false;

    if (!name.len || name.data[0] == '.' || dot + 1 == (ptrdiff_t)name.len)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];

        if (!ht_is_alnum(c) && !strchr("_-:.", c))
            return false;
    }
    for (size_t i = 0; endings[i]; i++)
        found = found || ht_str_is(ending, endings[i]);
    return found;
}

/* Called with each file of a folder, in order; path is valid during the call. */
typedef void (*file_visit)(struct ht_deb_answer *answer, const struct ht_root *root,
                           const char *path);

static void each_file(struct ht_deb_answer *answer, const struct ht_root *root,
                      struct ht_str folder_path, const char *const *endings, file_visit visit)
{
    const struct ht_deb_folder folder = {
        .path = folder_path.data, .accepts = is_accepted, .context = endings};
    struct ht_vec paths = {0};

    if (!folder_path.len)
        return;
    ht_deb_list_folder(answer, root, &folder, &paths);
    for (size_t i = 0; i < paths.len; i++)
        visit(answer, root, ((const struct ht_str *)paths.items[i])->data);
    ht_vec_fini(&paths);
}

/* ---- apt.conf ---- */

struct include {
    struct ht_deb_answer *answer;
    const struct ht_root *root;
};

static const char *const config_endings[] = {"conf", "", NULL};

static int parse_config(struct ht_deb_answer *answer, const struct ht_root *root, const char *path,
                        unsigned depth);

static int include_file(void *context, struct ht_str path, unsigned depth, struct ht_error *err)
{
    struct include *include = context;
    const struct ht_deb_folder folder = {
        .path = path.data, .accepts = is_accepted, .context = config_endings};
    ht_autovec struct ht_vec paths = {0};
    int r = ht_pkg_inputs_look(include->answer->inputs, include->root, path.data);

    if (r < 0)
        return ht_error_errno(err, -r, "%.*s, which apt.conf includes", HT_STR_ARG(path));
    if (!ht_str_has_suffix(path, "/"))
        return parse_config(include->answer, include->root, path.data, depth);
    ht_deb_list_folder(include->answer, include->root, &folder, &paths);
    for (size_t i = 0; r == 0 && i < paths.len; i++)
        r = parse_config(include->answer, include->root,
                         ((const struct ht_str *)paths.items[i])->data, depth);
    return r;
}

static int parse_config(struct ht_deb_answer *answer, const struct ht_root *root, const char *path,
                        unsigned depth)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    struct include include = {.answer = answer, .root = root};
    struct ht_deb_config_text file = {
        .name = path, .depth = depth, .include = include_file, .context = &include};
    struct ht_error err = {0};

    if (!ht_deb_read_file(answer, root, path, &text))
        return 0;
    file.text = ht_buf_str(&text);
    if (ht_deb_config_parse(&answer->config, &file, &err) < 0)
        ht_deb_problem(answer, &err);
    return 0;
}

static void read_config_file(struct ht_deb_answer *answer, const struct ht_root *root,
                             const char *path)
{
    (void)parse_config(answer, root, path, 0);
}

void ht_deb_read_config(struct ht_deb_answer *answer, const struct ht_root *root)
{
    struct ht_error err = {0};
    struct ht_str path;

    ht_deb_config_init(&answer->config, answer->arena);
    each_file(answer, root, ht_deb_config_path(&answer->config, "Dir::Etc::parts"), config_endings,
              read_config_file);
    path = ht_deb_config_path(&answer->config, "Dir::Etc::main");
    if (path.len)
        read_config_file(answer, root, path.data);
    /* "apt list" is what is compared with. */
    if (ht_deb_config_promote(&answer->config, "Binary::apt", &err) < 0)
        ht_deb_problem(answer, &err);
}

/* ---- architectures ---- */

static void add_architecture(struct ht_deb_answer *answer, struct ht_str name)
{
    struct ht_vec *names = &answer->sources.architectures;
    struct ht_str *copy;

    if (!name.len || name.len > NATIVE_MAX)
        return;
    for (size_t i = 0; i < names->len; i++)
        if (ht_str_equal(*(const struct ht_str *)names->items[i], name))
            return;
    copy = ht_arena_array(answer->arena, struct ht_str, 1);
    *copy = ht_arena_str(answer->arena, name);
    ht_vec_add(names, copy);
}

/* What this program was built for is what its host's apt was built for. */
static struct ht_str built_for(void)
{
#if defined(__x86_64__) && defined(__ILP32__)
    return HT_S("x32");
#elif defined(__x86_64__)
    return HT_S("amd64");
#elif defined(__aarch64__)
    return HT_S("arm64");
#elif defined(__arm__) && defined(__ARM_PCS_VFP)
    return HT_S("armhf");
#elif defined(__arm__)
    return HT_S("armel");
#elif defined(__i386__)
    return HT_S("i386");
#elif defined(__riscv) && __riscv_xlen == 64
    return HT_S("riscv64");
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return HT_S("ppc64el");
#elif defined(__s390x__)
    return HT_S("s390x");
#elif defined(__loongarch64)
    return HT_S("loong64");
#else
    return HT_S("unknown");
#endif
}

/* The package dpkg, and after it libc, is always of the native architecture. */
static int find_native(void *context, struct ht_str stanza)
{
    enum { PACKAGE, ARCHITECTURE, FIELDS };
    static const char *const names[FIELDS] = {"Package", "Architecture"};
    struct ht_str *native = context;
    struct ht_str values[FIELDS];

    if (!ht_str_has_prefix(stanza, "Package: dpkg\n"))
        return 0;
    (void)ht_deb_fields(stanza, names, FIELDS, values);
    if (!values[ARCHITECTURE].len || values[ARCHITECTURE].len > NATIVE_MAX ||
        ht_str_is(values[ARCHITECTURE], "all"))
        return 0;
    memcpy((char *)native->data, values[ARCHITECTURE].data, values[ARCHITECTURE].len);
    native->len = values[ARCHITECTURE].len;
    return 1;
}

static struct ht_str native_of_status(struct ht_deb_answer *answer, const struct ht_root *root)
{
    ht_autounpack struct ht_unpack *unpack = NULL;
    struct ht_str path = ht_deb_config_path(&answer->config, "Dir::State::status");
    struct ht_str native = {.data = ht_arena_alloc(answer->arena, NATIVE_MAX + 1, 1)};
    struct ht_error err = {0};
    int fd = path.len ? ht_root_open_regular(root, path.data, NULL, &err) : -ENOENT;

    if (fd >= 0 && ht_unpack_new(fd, "status", HT_CODEC_NONE, &unpack, &err) == 0)
        (void)ht_deb_scan(unpack, find_native, &native, &err);
    return native;
}

/* The architecture that dpkg itself is for; listed: those it knows. */
static struct ht_str native_of_dpkg(struct ht_deb_answer *answer, const struct ht_root *root,
                                    struct ht_str listed)
{
    struct ht_str native = native_of_status(answer, root);
    struct ht_str word;

    if (native.len)
        return native;
    /* dpkg writes the native one first. */
    if (ht_deb_next_word(&listed, &word) && word.len <= NATIVE_MAX)
        return ht_arena_str(answer->arena, word);
    return built_for();
}

void ht_deb_read_architectures(struct ht_deb_answer *answer, const struct ht_root *root)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    ht_autovec struct ht_vec configured = {0};
    struct ht_str native = ht_deb_config_get(&answer->config, "APT::Architecture");
    struct ht_str own, rest, word;
    struct ht_error err = {0};

    ht_deb_config_list(&answer->config, "APT::Architectures", &configured);
    (void)ht_deb_read_file(answer, root, "/var/lib/dpkg/arch", &text);
    rest = ht_buf_str(&text);
    if (rest.len && !ht_str_has_suffix(rest, "\n")) {
        ht_error_set(&err, EBADMSG,
                     "/var/lib/dpkg/arch: its last line has no end, dpkg refuses it");
        ht_deb_problem(answer, &err);
        rest.len = 0;
    }
    own = native_of_dpkg(answer, root, rest);
    if (!native.len)
        native = own;
    answer->sources.native = native;

    bool has_native = configured.len == 0;
    for (size_t i = 0; i < configured.len; i++)
        has_native = has_native || ht_str_equal(*(struct ht_str *)configured.items[i], native);
    if (!has_native || configured.len == 0)
        add_architecture(answer, native);
    for (size_t i = 0; i < configured.len; i++)
        add_architecture(answer, *(struct ht_str *)configured.items[i]);
    /* What is dpkg's own is foreign to nobody, whatever apt is told. */
    while (configured.len == 0 && ht_deb_next_word(&rest, &word))
        if (!ht_str_equal(word, own))
            add_architecture(answer, word);
}

/* ---- sources and preferences ---- */

/* Which lists of packages apt is told to keep. */
static void read_target(struct ht_deb_answer *answer)
{
    const struct ht_deb_config *config = &answer->config;

    answer->sources.key = ht_deb_config_get(config, HT_DEB_TARGET "MetaKey");
    answer->sources.flat_key = ht_deb_config_get(config, HT_DEB_TARGET "flatMetaKey");
    answer->sources.only_named = !ht_deb_config_bool(config, HT_DEB_TARGET "DefaultEnabled", true);
}

static void read_source_file(struct ht_deb_answer *answer, const struct ht_root *root,
                             const char *path)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    struct ht_error err = {0};

    if (ht_deb_read_file(answer, root, path, &text) &&
        ht_deb_sources_parse(&answer->sources, ht_buf_str(&text), path, &err) < 0) {
        ht_error_wrap(&err, "apt cannot read its sources");
        ht_deb_problem(answer, &err);
    }
}

/* apt goes on where a folder has the name of its file. */
static bool is_file(const struct ht_root *root, const char *path)
{
    struct stat facts;

    return ht_root_stat(root, path, &facts, NULL) < 0 || !S_ISDIR(facts.st_mode);
}

void ht_deb_read_sources(struct ht_deb_answer *answer, const struct ht_root *root)
{
    static const char *const endings[] = {"list", "sources", NULL};
    struct ht_str path = ht_deb_config_path(&answer->config, "Dir::Etc::sourcelist");

    answer->sources.arena = answer->arena;
    read_target(answer);
    if (path.len && is_file(root, path.data))
        read_source_file(answer, root, path.data);
    each_file(answer, root, ht_deb_config_path(&answer->config, "Dir::Etc::sourceparts"), endings,
              read_source_file);
}

static void read_preference_file(struct ht_deb_answer *answer, const struct ht_root *root,
                                 const char *path)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    struct ht_error err = {0};

    if (ht_deb_read_file(answer, root, path, &text) &&
        ht_deb_policy_parse(&answer->policy, ht_buf_str(&text), path, &err) < 0) {
        ht_error_wrap(&err, "apt cannot read its preferences");
        ht_deb_problem(answer, &err);
    }
}

void ht_deb_read_preferences(struct ht_deb_answer *answer, const struct ht_root *root)
{
    static const char *const endings[] = {"pref", "", NULL};
    struct ht_str path = ht_deb_config_path(&answer->config, "Dir::Etc::preferences");

    if (path.len)
        read_preference_file(answer, root, path.data);
    each_file(answer, root, ht_deb_config_path(&answer->config, "Dir::Etc::preferencesparts"),
              endings, read_preference_file);
}
