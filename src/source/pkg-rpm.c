/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few calls of librpm that reading takes, looked up at run time. librpm has one configuration
 * for the whole program, so who has a database open keeps others waiting. */
#include "pkg-rpm.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "pkg-rpm-copy.h"
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

/* X(result, name, parameters); all of them are in every librpm since 4.14 (4.18 and 4.20 tried on
 * 2026-11-29). */
#define RPM_FUNCTIONS(X)                                                                           \
    X(int, rpmReadConfigFiles, (const char *file, const char *target))                             \
    X(void, rpmFreeMacros, (void *context))                                                        \
    X(void, rpmFreeRpmrc, (void))                                                                  \
    X(int, rpmDefineMacro, (void *context, const char *macro, int level))                          \
    X(void *, rpmlogSetCallback, (int (*callback)(void *, void *), void *data))                    \
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
struct ht_rpm {
    RPM_FUNCTIONS(AS_POINTER)
    void *ts;
    struct ht_rpm_copy copy; /* what is read */
};

/* librpm's macros and settings are the program's; two threads would define each other's. */
static pthread_mutex_t library_lock = PTHREAD_MUTEX_INITIALIZER;

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

/* Signals are the program's own affair. rpm 4.20 has no handlers of its own any more, nor the call
 * that turns them off. */
static void leave_signals(void *library)
{
    void *symbol = dlsym(library, "rpmsqSetInterruptSafety");
    void (*set_interrupt_safety)(int on);

    memcpy(&set_interrupt_safety, &symbol, sizeof(symbol));
    if (set_interrupt_safety)
        set_interrupt_safety(0);
}

/* Looks everything up; the library stays loaded for the next time. */
static int load_rpm(struct ht_rpm *rpm, struct ht_error *err)
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
            return ht_error_set(err, ELIBBAD, "librpm has no %s, so RPM's database cannot be read",
                                functions[i].name);
        memcpy(functions[i].to, &symbol, sizeof(symbol));
    }
    (void)rpm->rpmlogSetCallback(be_silent, NULL);
    leave_signals(library);
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

/* ---- reading ---- */

struct ht_rpm *ht_rpm_close(struct ht_rpm *rpm)
{
    if (!rpm)
        return NULL;
    if (rpm->ts) {
        rpm->ts = rpm->rpmtsFree(rpm->ts);
        rpm->rpmFreeMacros(NULL);
        rpm->rpmFreeRpmrc();
    }
    ht_rpm_copy_drop(&rpm->copy);
    free(rpm);
    pthread_mutex_unlock(&library_lock);
    return NULL;
}

/* As "rpm -qa" does: nothing in it is changed. */
static int open_copy(struct ht_rpm *rpm, const char *directory, struct ht_error *err)
{
    ht_autobuf struct ht_buf macro = HT_BUF(8192);

    /* A percent sign begins a macro. */
    if (strpbrk(rpm->copy.folder, "%{}\n"))
        return ht_error_set(err, EINVAL, "TMPDIR: librpm reads below no path of that name");
    ht_buf_addf(&macro, "_dbpath %s", rpm->copy.folder);
    rpm->ts = rpm->rpmtsCreate();
    if (rpm->rpmDefineMacro(NULL, macro.data, -1) == 0 && rpm->rpmtsOpenDB(rpm->ts, O_RDONLY) == 0)
        return 0;
    return ht_error_set(err, EIO, "%s: librpm cannot open the database there", directory);
}

int ht_rpm_open(const struct ht_root *root, struct ht_rpm **ret_rpm, struct ht_error *err)
{
    const char *directory = ht_rpm_path(root);
    struct ht_rpm *rpm;
    int code;

    if (!directory)
        return ht_error_set(err, ENOENT, "var/lib/rpm: no database of RPM there");
    rpm = ht_new0(struct ht_rpm);
    pthread_mutex_lock(&library_lock);
    code = load_rpm(rpm, err);
    if (code == 0)
        code = ht_rpm_copy_make(root, directory, &rpm->copy, err);
    if (code == 0)
        code = open_copy(rpm, directory, err);
    if (code < 0) {
        ht_rpm_close(rpm);
        return code;
    }
    *ret_rpm = rpm;
    return 0;
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

static struct ht_str text_of(const struct ht_rpm *rpm, void *header, int tag)
{
    return rpm->headerIsEntry(header, tag) ? ht_str_from(rpm->headerGetString(header, tag))
                                           : (struct ht_str){0};
}

static void add_version(const struct ht_rpm *rpm, struct ht_buf *out, void *header)
{
    uint64_t epoch =
        rpm->headerIsEntry(header, TAG_EPOCH) ? rpm->headerGetNumber(header, TAG_EPOCH) : 0;

    if (epoch)
        ht_buf_addf(out, "%llu:", (unsigned long long)epoch);
    ht_buf_add_str(out, text_of(rpm, header, TAG_VERSION));
    ht_buf_add_c(out, '-');
    ht_buf_add_str(out, text_of(rpm, header, TAG_RELEASE));
}

static void add_package(const struct ht_rpm *rpm, struct ht_installed_list *list, void *header)
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

int ht_rpm_read(struct ht_rpm *rpm, struct ht_installed_list *list, struct ht_error *err)
{
    void *iterator = rpm->rpmtsInitIterator(rpm->ts, TAG_PACKAGES, NULL, 0);
    for (void *header = iterator ? rpm->rpmdbNextIterator(iterator) : NULL; header;
         header = rpm->rpmdbNextIterator(iterator))
        add_package(rpm, list, header);
    if (iterator)
        rpm->rpmdbFreeIterator(iterator);
    return iterator ? 0 : ht_error_set(err, EIO, "var/lib/rpm: librpm finds no package there");
}

static void visit_changelog(const struct ht_rpm *rpm, void *header, ht_rpm_visit_text visit,
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

int ht_rpm_changelog(struct ht_rpm *rpm, const char *name, ht_rpm_visit_text visit, void *context,
                     struct ht_error *err)
{
    void *iterator = rpm->rpmtsInitIterator(rpm->ts, TAG_NAME, name, 0);
    void *header = iterator ? rpm->rpmdbNextIterator(iterator) : NULL;
    int code = header ? 0 : ht_error_set(err, ENOENT, "%s: not installed", name);
    if (header)
        visit_changelog(rpm, header, visit, context);
    if (iterator)
        rpm->rpmdbFreeIterator(iterator);
    return code;
}

int ht_rpm_owner(struct ht_rpm *rpm, const char *path, struct ht_buf *out, struct ht_error *err)
{
    void *iterator = rpm->rpmtsInitIterator(rpm->ts, TAG_FILE_NAMES, path, 0);
    void *header = iterator ? rpm->rpmdbNextIterator(iterator) : NULL;
    int code = header ? 0 : ht_error_set(err, ENOENT, "%s: no package owns it", path);
    if (header)
        ht_buf_add_str(out, text_of(rpm, header, TAG_NAME));
    if (iterator)
        rpm->rpmdbFreeIterator(iterator);
    return code;
}
