/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few calls of librpm that reading takes, looked up at run time. */
#include "pkg-rpm.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* Tags of a package's header; they are the file format's and do not change. */
enum {
    TAG_PACKAGES = 0, /* the database's own index: all */
    TAG_NAME = 1000,
    TAG_VERSION = 1001,
    TAG_RELEASE = 1002,
    TAG_EPOCH = 1003,
    TAG_VENDOR = 1011,
    TAG_ARCH = 1022,
    TAG_SOURCE_RPM = 1044,
    TAG_CHANGELOG_TEXT = 1082,
    TAG_FILE_NAMES = 5040, /* the database's index of files that are installed */
    TAG_MODULARITY_LABEL = 5096,
};

/* A changelog of kernels has 20,000 entries. */
enum { CHANGELOG_MAX = 30000 };

/* X(result, name, parameters); all of them are in every librpm since 4.14. */
#define RPM_FUNCTIONS(X)                                                                           \
    X(int, rpmReadConfigFiles, (const char *file, const char *target))                             \
    X(void, rpmFreeMacros, (void *context))                                                        \
    X(void, rpmFreeRpmrc, (void))                                                                  \
    X(int, rpmDefineMacro, (void *context, const char *macro, int level))                          \
    X(void *, rpmlogSetCallback, (int (*callback)(void *, void *), void *data))                    \
    X(void, rpmsqSetInterruptSafety, (int on))                                                     \
    X(void *, rpmtsCreate, (void))                                                                 \
    X(int, rpmtsOpenDB, (void *ts, int mode))                                                      \
    X(void *, rpmtsFree, (void *ts))                                                               \
    X(void *, rpmtsInitIterator, (const void *ts, int tag, const void *key, size_t len))           \
    X(void *, rpmdbNextIterator, (void *iterator))                                                 \
    X(void *, rpmdbFreeIterator, (void *iterator))                                                 \
    X(const char *, headerGetString, (void *header, int tag))                                      \
    X(uint64_t, headerGetNumber, (void *header, int tag))                                          \
    X(int, headerIsEntry, (void *header, int tag))                                                 \
    X(int, headerGet, (void *header, int tag, void *td, unsigned flags))                           \
    X(void *, rpmtdNew, (void))                                                                    \
    X(const char *, rpmtdNextString, (void *td))                                                   \
    X(void, rpmtdFreeData, (void *td))                                                             \
    X(void *, rpmtdFree, (void *td))

#define AS_POINTER(result, name, parameters) result(*name) parameters;
struct rpm {
    RPM_FUNCTIONS(AS_POINTER)
    void *ts;
    char *folder; /* of the copy that is read */
};

/* Its messages would go to the screen: what failed is told by what calls return. */
static int be_silent(void *record, void *data)
{
    (void)record;
    (void)data;
    return 0;
}

static void *open_library(void)
{
    static const char *const names[] = {"librpm.so.10", "librpm.so.9", "librpm.so.8"};
    void *library = NULL;

    for (size_t i = 0; i < ARRAY_LEN(names) && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    return library;
}

/* Looks everything up; the library stays loaded for the next time. */
static int load_rpm(struct rpm *rpm, struct ht_error *err)
{
#define AS_LOOKUP(result, name, parameters) {#name, &rpm->name},
    const struct {
        const char *name;
        void *to;
    } functions[] = {RPM_FUNCTIONS(AS_LOOKUP)};
    void *library = open_library();

    if (!library)
        return ht_error_set(err, ENOSYS, "librpm is not here, so RPM's database cannot be read");
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        void *symbol = dlsym(library, functions[i].name);

        if (!symbol)
            return ht_error_set(err, ENOSYS, "librpm has no %s, so RPM's database cannot be read",
                                functions[i].name);
        memcpy(functions[i].to, &symbol, sizeof(symbol));
    }
    (void)rpm->rpmlogSetCallback(be_silent, NULL);
    /* Signals are the program's own affair. */
    rpm->rpmsqSetInterruptSafety(0);
    if (rpm->rpmReadConfigFiles(NULL, NULL) != 0)
        return ht_error_set(err, EIO, "librpm cannot read its configuration");
    return 0;
}

/* ---- where it is ---- */

static const char *const rpm_files[] = {"rpmdb.sqlite", "Packages.db", "Packages"};

static const char *find_database(const struct ht_root *root, struct stat *ret_stat)
{
    static const char *const directories[] = {"usr/lib/sysimage/rpm", "var/lib/rpm"};

    for (size_t i = 0; i < ARRAY_LEN(directories); i++) {
        for (size_t j = 0; j < ARRAY_LEN(rpm_files); j++) {
            ht_autobuf struct ht_buf path = HT_BUF(256);

            ht_buf_addf(&path, "%s/%s", directories[i], rpm_files[j]);
            if (ht_root_stat(root, path.data, ret_stat, NULL) == 0)
                return directories[i];
        }
    }
    return NULL;
}

const char *ht_rpm_path(const struct ht_root *root)
{
    struct stat facts;

    return find_database(root, &facts);
}

bool ht_rpm_stat(const struct ht_root *root, struct stat *ret_stat)
{
    return find_database(root, ret_stat) != NULL;
}

/* ---- a private copy ---- */

/* librpm follows links out of the root, and writes files of its own beside a database even to read
 * it: it gets a copy. */
struct copying {
    const struct ht_root *root;
    const char *from; /* folder below the root */
    const char *to;
    uint64_t left; /* bytes */
    int code;
};

static int copy_bytes(struct copying *copying, int in, int out)
{
    char block[64 * 1024];

    for (;;) {
        ssize_t len = read(in, block, sizeof(block));

        if (len <= 0)
            return len < 0 ? -errno : 0;
        if ((uint64_t)len > copying->left)
            return -EFBIG;
        copying->left -= (uint64_t)len;
        for (ssize_t done = 0; done < len;) {
            ssize_t put = write(out, block + done, (size_t)(len - done));

            if (put < 0)
                return -errno;
            done += put;
        }
    }
}

static int copy_file(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct copying *copying = context;
    ht_autobuf struct ht_buf from = HT_BUF(4096), to = HT_BUF(4096);

    (void)inode;
    if (type == DT_DIR || name[0] == '.')
        return 0;
    ht_buf_addf(&from, "%s/%s", copying->from, name);
    ht_buf_addf(&to, "%s/%s", copying->to, name);
    ht_autoclose int in = ht_root_open_regular(copying->root, from.data, NULL, NULL);
    if (in < 0)
        return 0;
    ht_autoclose int out = open(to.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    copying->code = out < 0 ? -errno : copy_bytes(copying, in, out);
    return copying->code;
}

static int remove_file(void *context, const char *name, unsigned type, uint64_t inode)
{
    (void)type;
    (void)inode;
    (void)unlinkat(*(const int *)context, name, 0);
    return 0;
}

static void remove_copy(char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct ht_dir_visitor visitor = {.visit = remove_file, .context = &fd};

    if (fd >= 0) {
        (void)ht_list_fd(fd, &visitor, NULL);
        close(fd);
    }
    (void)rmdir(folder);
    free(folder);
}

/* The folder of the copy, to be given to remove_copy. */
static int make_copy(const struct ht_root *root, const char *from, char **ret_folder,
                     struct ht_error *err)
{
    const char *tmp = getenv("TMPDIR");
    ht_autobuf struct ht_buf name = HT_BUF(4096);
    struct copying copying = {.root = root, .from = from, .left = HT_LIMIT_RPM_DATABASE};
    const struct ht_dir_visitor visitor = {.visit = copy_file, .context = &copying};
    char *folder;
    int r;

    ht_buf_addf(&name, "%s/hulltop-rpm-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");
    folder = ht_strndup(name.data, name.len);
    if (!mkdtemp(folder)) {
        r = ht_error_errno(err, errno, "%s", folder);
        free(folder);
        return r;
    }
    copying.to = folder;
    r = ht_root_list(root, from, &visitor, err);
    if (r == 0 && copying.code == 0) {
        *ret_folder = folder;
        return 0;
    }
    remove_copy(folder);
    return r < 0 && copying.code == 0
               ? r
               : ht_error_errno(err, -copying.code, "%s: no private copy", from);
}

/* ---- reading ---- */

/* Forgets the transaction set and what was configured for it. */
static void close_database(struct rpm *rpm)
{
    rpm->ts = rpm->rpmtsFree(rpm->ts);
    rpm->rpmFreeMacros(NULL);
    rpm->rpmFreeRpmrc();
    remove_copy(ht_steal_ptr(rpm->folder));
}

/* Opens the database of a root as "rpm -qa" does: nothing in it is changed. */
static int open_database(struct rpm *rpm, const struct ht_root *root, struct ht_error *err)
{
    ht_autobuf struct ht_buf macro = HT_BUF(8192);
    const char *directory = ht_rpm_path(root);

    if (!directory)
        return ht_error_set(err, ENOENT, "var/lib/rpm: no database of RPM there");
    int code = load_rpm(rpm, err);
    if (code == 0)
        code = make_copy(root, directory, &rpm->folder, err);
    if (code < 0)
        return code;
    /* A percent sign begins a macro. */
    if (strpbrk(rpm->folder, "%{}\n")) {
        remove_copy(ht_steal_ptr(rpm->folder));
        return ht_error_set(err, EINVAL, "TMPDIR: librpm reads below no path of that name");
    }
    ht_buf_addf(&macro, "_dbpath %s", rpm->folder);
    rpm->ts = rpm->rpmtsCreate();
    if (rpm->rpmDefineMacro(NULL, macro.data, -1) == 0 && rpm->rpmtsOpenDB(rpm->ts, O_RDONLY) == 0)
        return 0;
    close_database(rpm);
    return ht_error_set(err, EIO, "%s: librpm cannot open the database there", directory);
}

bool ht_rpm_split_source(struct ht_str file, struct ht_str *ret_name, struct ht_str *ret_version)
{
    static const char *const endings[] = {".src.rpm", ".nosrc.rpm"};
    ptrdiff_t release = -1, version = -1;

    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        if (!ht_str_has_suffix(file, endings[i]))
            continue;
        file.len -= strlen(endings[i]);
        release = ht_str_rfind_byte(file, '-');
        version = release > 0 ? ht_str_rfind_byte(ht_str_sub(file, 0, (size_t)release), '-') : -1;
        break;
    }
    if (version <= 0)
        return false;
    *ret_name = ht_str_sub(file, 0, (size_t)version);
    *ret_version = ht_str_sub(file, (size_t)version + 1, file.len);
    return true;
}

bool ht_rpm_is_many(struct ht_str name)
{
    static const char *const prefixes[] = {"kernel-core",    "kernel-modules", "kernel-devel",
                                           "kernel-rt",      "kernel-uek",     "kernel-debug",
                                           "kernel-default", "kernel-64k",     "kmod-"};

    if (ht_str_is(name, "kernel"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        if (ht_str_has_prefix(name, prefixes[i]))
            return true;
    }
    return false;
}

static struct ht_str text_of(const struct rpm *rpm, void *header, int tag)
{
    return rpm->headerIsEntry(header, tag) ? ht_str_from(rpm->headerGetString(header, tag))
                                           : (struct ht_str){0};
}

static void add_version(const struct rpm *rpm, struct ht_buf *out, void *header)
{
    uint64_t epoch =
        rpm->headerIsEntry(header, TAG_EPOCH) ? rpm->headerGetNumber(header, TAG_EPOCH) : 0;

    if (epoch)
        ht_buf_addf(out, "%llu:", (unsigned long long)epoch);
    ht_buf_add_str(out, text_of(rpm, header, TAG_VERSION));
    ht_buf_add_c(out, '-');
    ht_buf_add_str(out, text_of(rpm, header, TAG_RELEASE));
}

static void add_package(const struct rpm *rpm, struct ht_installed_list *list, void *header)
{
    ht_autobuf struct ht_buf version = HT_BUF(64 * 1024);
    struct ht_installed package = {.name = text_of(rpm, header, TAG_NAME),
                                   .architecture = text_of(rpm, header, TAG_ARCH),
                                   .origin = text_of(rpm, header, TAG_VENDOR)};

    /* A key that signs packages is kept like one. */
    if (ht_str_is(package.name, "gpg-pubkey"))
        return;
    add_version(rpm, &version, header);
    package.version = ht_buf_str(&version);
    package.many = ht_rpm_is_many(package.name);
    package.modular = rpm->headerIsEntry(header, TAG_MODULARITY_LABEL) != 0 ||
                      ht_str_find(package.version, HT_S(".module"), 0) >= 0;
    if (!ht_rpm_split_source(text_of(rpm, header, TAG_SOURCE_RPM), &package.source,
                             &package.source_version))
        package.source = package.name;
    ht_installed_add(list, &package);
}

int ht_rpm_read(const struct ht_root *root, struct ht_installed_list *list, struct ht_error *err)
{
    struct rpm rpm = {0};
    int code = open_database(&rpm, root, err);

    if (code < 0)
        return code;

    void *iterator = rpm.rpmtsInitIterator(rpm.ts, TAG_PACKAGES, NULL, 0);
    for (void *header = iterator ? rpm.rpmdbNextIterator(iterator) : NULL; header;
         header = rpm.rpmdbNextIterator(iterator))
        add_package(&rpm, list, header);
    if (iterator)
        rpm.rpmdbFreeIterator(iterator);
    close_database(&rpm);
    return iterator ? 0 : ht_error_set(err, EIO, "var/lib/rpm: librpm finds no package there");
}

static void visit_changelog(const struct rpm *rpm, void *header, ht_rpm_visit_text visit,
                            void *context)
{
    void *data = rpm->rpmtdNew();

    if (rpm->headerGet(header, TAG_CHANGELOG_TEXT, data, 0)) {
        const char *text = rpm->rpmtdNextString(data);

        for (int i = 0; text && i < CHANGELOG_MAX; i++) {
            visit(context, ht_str_from(text));
            text = rpm->rpmtdNextString(data);
        }
        rpm->rpmtdFreeData(data);
    }
    rpm->rpmtdFree(data);
}

int ht_rpm_changelog(const struct ht_root *root, const char *name, ht_rpm_visit_text visit,
                     void *context, struct ht_error *err)
{
    struct rpm rpm = {0};
    int code = open_database(&rpm, root, err);

    if (code < 0)
        return code;

    void *iterator = rpm.rpmtsInitIterator(rpm.ts, TAG_NAME, name, 0);
    void *header = iterator ? rpm.rpmdbNextIterator(iterator) : NULL;
    code = header ? 0 : ht_error_set(err, ENOENT, "%s: not installed", name);
    if (header)
        visit_changelog(&rpm, header, visit, context);
    if (iterator)
        rpm.rpmdbFreeIterator(iterator);
    close_database(&rpm);
    return code;
}

int ht_rpm_owner(const struct ht_root *root, const char *path, struct ht_buf *out,
                 struct ht_error *err)
{
    struct rpm rpm = {0};
    int code = open_database(&rpm, root, err);

    if (code < 0)
        return code;

    void *iterator = rpm.rpmtsInitIterator(rpm.ts, TAG_FILE_NAMES, path, 0);
    void *header = iterator ? rpm.rpmdbNextIterator(iterator) : NULL;
    code = header ? 0 : ht_error_set(err, ENOENT, "%s: no package owns it", path);
    if (header)
        ht_buf_add_str(out, text_of(&rpm, header, TAG_NAME));
    if (iterator)
        rpm.rpmdbFreeIterator(iterator);
    close_database(&rpm);
    return code;
}
