/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deb-set.h"

#include <errno.h>
#include <string.h>

#include "deb-stanza.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/version.h"

enum { TABLE_FIRST = 4096, HASH_SEED = 5381, HASH_FACTOR = 33 };

enum multi_arch { MULTI_NO, MULTI_SAME, MULTI_FOREIGN, MULTI_ALLOWED };

enum field {
    PACKAGE,
    ARCHITECTURE,
    VERSION,
    STATUS,
    SOURCE,
    MULTI_ARCH,
    SIZE,
    PHASED,
    /* What the hash is made of, in that order. */
    INSTALLED_SIZE,
    DEPENDS,
    PRE_DEPENDS,
    CONFLICTS,
    BREAKS,
    REPLACES,
    FIELDS
};

static const char *const field_names[FIELDS] = {
    [PACKAGE] = "Package",
    [ARCHITECTURE] = "Architecture",
    [VERSION] = "Version",
    [STATUS] = "Status",
    [SOURCE] = "Source",
    [MULTI_ARCH] = "Multi-Arch",
    [SIZE] = "Size",
    [PHASED] = "Phased-Update-Percentage",
    [INSTALLED_SIZE] = "Installed-Size",
    [DEPENDS] = "Depends",
    [PRE_DEPENDS] = "Pre-Depends",
    [CONFLICTS] = "Conflicts",
    [BREAKS] = "Breaks",
    [REPLACES] = "Replaces",
};

void ht_deb_set_init(struct ht_deb_set *set, struct ht_arena *arena, struct ht_str native)
{
    *set = (struct ht_deb_set){.arena = arena,
                               .native = native,
                               .table = ht_new_array(struct ht_deb_package *, TABLE_FIRST),
                               .table_len = TABLE_FIRST};
}

void ht_deb_set_fini(struct ht_deb_set *set)
{
    free(set->table);
    set->table = NULL;
    ht_vec_fini(&set->packages);
}

/* ---- the table ---- */

/* Names are compared in small letters, as dpkg has them. */
static uint32_t hash_name(struct ht_str name)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)ht_lower(name.data[i])) * 16777619U;
    return hash;
}

static bool same_name(struct ht_str known, struct ht_str name)
{
    if (known.len != name.len)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (known.data[i] != ht_lower(name.data[i]))
            return false;
    return true;
}

/* The slot that has the name, or the empty one where it would go. */
static struct ht_deb_package **slot_of(const struct ht_deb_set *set, struct ht_str name)
{
    size_t i = hash_name(name) & (set->table_len - 1);

    while (set->table[i] && !same_name(set->table[i]->name, name))
        i = (i + 1) & (set->table_len - 1);
    return &set->table[i];
}

static void grow(struct ht_deb_set *set)
{
    struct ht_deb_package **old = set->table;
    size_t old_len = set->table_len;

    set->table_len *= 4;
    set->table = ht_new_array(struct ht_deb_package *, set->table_len);
    for (size_t i = 0; i < old_len; i++)
        if (old[i])
            *slot_of(set, old[i]->name) = old[i];
    free(old);
}

struct ht_deb_package *ht_deb_set_find(const struct ht_deb_set *set, struct ht_str name,
                                       struct ht_str architecture)
{
    struct ht_deb_package *package = *slot_of(set, name);

    while (package && !ht_str_equal(package->architecture, architecture))
        package = package->next_arch;
    return package;
}

bool ht_deb_set_has_any(const struct ht_deb_set *set, struct ht_str name)
{
    for (const struct ht_deb_package *package = *slot_of(set, name); package;
         package = package->next_arch) {
        if (package->any)
            return true;
        for (const struct ht_deb_version *version = package->versions; version;
             version = version->next)
            if (version->multi_arch == MULTI_ALLOWED)
                return true;
    }
    return false;
}

static struct ht_deb_package *get_package(struct ht_deb_set *set, struct ht_str name,
                                          struct ht_str architecture)
{
    struct ht_deb_package *package = ht_deb_set_find(set, name, architecture);
    struct ht_deb_package **slot;

    if (package)
        return package;
    if (set->packages.len * 2 > set->table_len)
        grow(set);
    package = ht_arena_array(set->arena, struct ht_deb_package, 1);
    char *copy = ht_arena_alloc(set->arena, name.len + 1, 1);
    for (size_t i = 0; i < name.len; i++)
        copy[i] = ht_lower(name.data[i]);
    package->name = (struct ht_str){.data = copy, .len = name.len};
    package->architecture = ht_arena_str(set->arena, architecture);
    slot = slot_of(set, name);
    package->next_arch = *slot;
    *slot = package;
    ht_vec_add(&set->packages, package);
    return package;
}

/* ---- one stanza ---- */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* apt tells versions of equal text apart by what they depend on; dpkg writes these fields a little
 * differently, so blanks, '=' and zero epochs do not count. The bytes go in as apt puts them. */
static uint32_t hash_fields(const struct ht_str *values)
{
    uint64_t hash = HASH_SEED;

    for (enum field field = INSTALLED_SIZE; field <= REPLACES; field++) {
        struct ht_str text = values[field];

        for (size_t i = 0; i < text.len; i++) {
            char c = text.data[i];

            if (c == '0' && i + 1 < text.len && text.data[i + 1] == ':') {
                i++;
                continue;
            }
            if (!is_space(c) && c != '=')
                hash = HASH_FACTOR * hash + (uint64_t)(int64_t)((signed char)c | 0x20);
        }
    }
    return (uint32_t)hash;
}

/* The digits at the beginning of a text; 0 where there are none or too many. */
static uint64_t leading_number(struct ht_str text, uint64_t fallback)
{
    size_t len = 0;
    uint64_t value = fallback;

    while (len < text.len && text.data[len] >= '0' && text.data[len] <= '9')
        len++;
    return len && ht_parse_u64(ht_str_sub(text, 0, len), &value) == 0 ? value : fallback;
}

static unsigned char multi_arch_of(const struct ht_str *values)
{
    bool all = ht_str_is(values[ARCHITECTURE], "all");

    if (ht_str_is(values[MULTI_ARCH], "same"))
        return all ? MULTI_NO : MULTI_SAME;
    if (ht_str_is(values[MULTI_ARCH], "foreign"))
        return MULTI_FOREIGN;
    return ht_str_is(values[MULTI_ARCH], "allowed") ? MULTI_ALLOWED : MULTI_NO;
}

static unsigned char phased_of(const struct ht_str *values)
{
    uint64_t percent = leading_number(values[PHASED], HT_DEB_NO_PHASE);

    return percent < HT_DEB_NO_PHASE ? (unsigned char)percent : HT_DEB_NO_PHASE;
}

/* "name (version)"; both default to the package's own. */
static void set_source(struct ht_deb_set *set, const struct ht_deb_package *package,
                       struct ht_str source, struct ht_deb_version *version)
{
    ptrdiff_t space = ht_str_find_byte(source, ' ');

    version->source = package->name;
    version->source_version = version->text;
    if (!source.len)
        return;
    if (space >= 0) {
        ptrdiff_t open = ht_str_find(source, HT_S("("), (size_t)space);
        ptrdiff_t close = open < 0 ? -1 : ht_str_find(source, HT_S(")"), (size_t)open);

        if (close >= 0)
            version->source_version = ht_arena_str(
                set->arena, ht_str_sub(source, (size_t)open + 1, (size_t)(close - open) - 1));
        source = ht_str_sub(source, 0, (size_t)space);
    }
    version->source = ht_arena_str(set->arena, source);
}

static struct ht_deb_version *new_version(struct ht_deb_set *set,
                                          const struct ht_deb_package *package,
                                          const struct ht_str *values)
{
    struct ht_deb_version *version = ht_arena_array(set->arena, struct ht_deb_version, 1);

    version->text = ht_arena_str(set->arena, values[VERSION]);
    set_source(set, package, values[SOURCE], version);
    version->size = leading_number(values[SIZE], 0);
    version->hash = hash_fields(values);
    version->multi_arch = multi_arch_of(values);
    version->phased = phased_of(values);
    version->all = ht_str_is(values[ARCHITECTURE], "all");
    return version;
}

static int check(struct ht_deb_set *set, const struct ht_str *values, struct ht_error *err)
{
    if (!values[PACKAGE].len)
        return ht_error_set(err, EBADMSG, "an entry that names no package: apt refuses the file");
    if (values[PACKAGE].len > HT_LIMIT_DEB_TEXT || values[VERSION].len > HT_LIMIT_DEB_TEXT ||
        values[ARCHITECTURE].len > HT_LIMIT_DEB_TEXT || values[SOURCE].len > HT_LIMIT_DEB_TEXT)
        return ht_error_set(err, EFBIG, "a name or version of more than %d bytes",
                            HT_LIMIT_DEB_TEXT);
    if (ht_arena_is_full(set->arena))
        return ht_error_set(err, EFBIG, "more packages than fit into memory");
    return 0;
}

/* To apt the field goes on in the next entry, or there is no end of it. */
static int malformed(struct ht_error *err)
{
    return ht_error_set(err, EBADMSG, "a last line that is no field: apt cannot read it");
}

/* ---- order ---- */

static void add_carrier(struct ht_deb_set *set, struct ht_deb_version *version, uint16_t file)
{
    struct ht_deb_carrier **last = &version->carriers;

    for (; *last; last = &(*last)->next)
        if ((*last)->file == file)
            return; /* a list that repeats itself */
    *last = ht_arena_array(set->arena, struct ht_deb_carrier, 1);
    (*last)->file = file;
}

static bool is_in_list(const struct ht_deb_version *version)
{
    for (const struct ht_deb_carrier *carrier = version->carriers; carrier; carrier = carrier->next)
        if (carrier->file != HT_DEB_STATUS_FILE)
            return true;
    return false;
}

bool ht_deb_is_offered(const struct ht_deb_package *package)
{
    for (const struct ht_deb_version *version = package->versions; version; version = version->next)
        if (is_in_list(version))
            return true;
    return false;
}

static bool same_version(const struct ht_deb_version *known, const struct ht_deb_version *version)
{
    return known->hash == version->hash && known->multi_arch == version->multi_arch &&
           known->all == version->all &&
           (!known->size || !version->size || known->size == version->size);
}

/* What a later carrier of a version tells of it. */
static void take_in(struct ht_deb_version *known, const struct ht_deb_version *version)
{
    if (!known->size)
        known->size = version->size;
    if (version->phased != HT_DEB_NO_PHASE)
        known->phased = version->phased;
}

/* Puts a version among the sorted ones of its package, or finds it there. */
static struct ht_deb_version *merge(struct ht_deb_set *set, struct ht_deb_package *package,
                                    struct ht_deb_version *version, uint16_t file)
{
    struct ht_deb_version **place = &package->versions;

    for (; *place; place = &(*place)->next) {
        int order = ht_version_compare_deb(version->text, (*place)->text);

        if (order > 0)
            break;
        if (order == 0 && same_version(*place, version)) {
            take_in(*place, version);
            add_carrier(set, *place, file);
            return *place;
        }
    }
    version->next = *place;
    *place = version;
    add_carrier(set, version, file);
    return version;
}

/* Two sorted chains in one; of equal texts those of the second come first. */
static struct ht_deb_version *join(struct ht_deb_version *first, struct ht_deb_version *second)
{
    struct ht_deb_version *all = NULL, **last = &all;

    while (first && second) {
        struct ht_deb_version **next =
            ht_version_compare_deb(first->text, second->text) > 0 ? &first : &second;

        *last = *next;
        *next = (*next)->next;
        last = &(*last)->next;
    }
    *last = first ? first : second;
    return all;
}

/* Takes len versions off a chain, of which the last came first, and sorts them: newest first, equal
 * texts as they came. A list may have them in any order. */
static struct ht_deb_version *sort_off(struct ht_deb_version **rest, size_t len)
{
    struct ht_deb_version *first = *rest;

    if (len > 1) {
        first = sort_off(rest, len / 2);
        return join(first, sort_off(rest, len - len / 2));
    }
    *rest = first->next;
    first->next = NULL;
    return first;
}

/* Makes one of sorted versions that are the same but for the list they are in. */
static void fold(struct ht_deb_set *set, struct ht_deb_version *version)
{
    while (version) {
        struct ht_deb_version *run = version, *last = version;

        for (version = version->next;
             version && ht_version_compare_deb(version->text, run->text) == 0;
             version = version->next) {
            struct ht_deb_version *known = run;

            while (known != version && !same_version(known, version))
                known = known->next;
            if (known == version) {
                last = version;
                continue;
            }
            take_in(known, version);
            add_carrier(set, known, version->carriers->file);
            last->next = version->next;
        }
    }
}

void ht_deb_set_close(struct ht_deb_set *set)
{
    for (size_t i = 0; i < set->packages.len; i++) {
        struct ht_deb_package *package = set->packages.items[i];
        struct ht_deb_version *left = package->left, *offers = package->versions;

        package->left = NULL;
        if (package->offered) {
            package->versions = sort_off(&offers, package->offered);
            fold(set, package->versions);
            package->offered = 0;
        }
        if (!left)
            continue;
        left = merge(set, package, left, HT_DEB_STATUS_FILE);
        if (package->installed)
            package->current = left;
    }
}

/* ---- stanzas ---- */

static bool is_one_of(struct ht_str word, const char *const *words)
{
    for (; *words; words++)
        if (ht_str_is_nocase(word, *words))
            return true;
    return false;
}

/* WANT FLAG STATE; apt refuses the whole file where it is something else. */
static int take_state(struct ht_deb_package *package, struct ht_str text, struct ht_error *err)
{
    static const char *const wants[] = {"unknown", "install", "hold", "deinstall", "purge", NULL};
    static const char *const flags[] = {"ok", "reinstreq", "hold", "hold-reinstreq", NULL};
    static const char *const states[] = {"not-installed",    "unpacked",         "half-configured",
                                         "installed",        "half-installed",   "config-files",
                                         "triggers-awaited", "triggers-pending", NULL};
    struct ht_str want, flag, state;

    if (!ht_str_next(&text, ' ', &want) || !ht_str_next(&text, ' ', &flag) ||
        !ht_str_next(&text, ' ', &state) || text.len || !is_one_of(want, wants) ||
        !is_one_of(flag, flags) || !is_one_of(state, states))
        return ht_error_set(err, EBADMSG, "a malformed Status line: apt refuses the file");
    package->held = ht_str_is_nocase(want, "hold");
    package->installed =
        !ht_str_is_nocase(state, "not-installed") && !ht_str_is_nocase(state, "config-files");
    package->broken =
        package->installed &&
        (ht_str_is_nocase(flag, "reinstreq") || ht_str_is_nocase(state, "half-installed") ||
         ht_str_is_nocase(state, "half-configured") || ht_str_is_nocase(state, "unpacked"));
    return 0;
}

int ht_deb_set_status(struct ht_deb_set *set, struct ht_str stanza, enum ht_deb_place place,
                      struct ht_error *err)
{
    struct ht_str values[FIELDS];
    struct ht_deb_package *package;
    struct ht_deb_package before;
    bool was_installed;
    int r;

    r = ht_deb_fields(stanza, field_names, FIELDS, values) ? check(set, values, err)
                                                           : malformed(err);
    if (r < 0)
        return r;
    /* Without an architecture it is something else to apt than what the lists offer. */
    if (!values[ARCHITECTURE].len)
        values[ARCHITECTURE] = HT_S("none");
    package =
        get_package(set, values[PACKAGE],
                    ht_str_is(values[ARCHITECTURE], "all") ? set->native : values[ARCHITECTURE]);
    was_installed = package->installed;
    before = *package;
    package->installed = package->held = package->broken = false;
    if (place == HT_DEB_PART)
        package->installed = true;
    else if (values[STATUS].data)
        r = take_state(package, values[STATUS], err);
    package->installed = package->installed && values[VERSION].len > 0;
    if (place == HT_DEB_STATUS && was_installed && !package->installed) {
        *package = before;
        return r;
    }
    package->left = values[VERSION].len ? new_version(set, package, values) : NULL;
    set->installed += package->installed;
    set->installed -= was_installed;
    return r;
}

/* The name, in the usual case without going through the fields. */
static struct ht_str name_of(struct ht_str stanza)
{
    if (ht_str_has_prefix(stanza, "Package: ")) {
        ptrdiff_t end = ht_str_find_byte(stanza, '\n');

        return ht_str_trim(
            ht_str_sub(stanza, sizeof("Package:"), end < 0 ? stanza.len : (size_t)end - 9));
    }
    return ht_deb_field(stanza, field_names[PACKAGE]);
}

int ht_deb_set_offer(struct ht_deb_set *set, struct ht_str stanza, uint16_t file,
                     struct ht_error *err)
{
    struct ht_str values[FIELDS];
    struct ht_deb_package *package;
    struct ht_deb_version *version;
    struct ht_str name = name_of(stanza);
    int r;

    if (name.len && !*slot_of(set, name))
        return 0;
    r = ht_deb_fields(stanza, field_names, FIELDS, values) ? check(set, values, err)
                                                           : malformed(err);
    if (r < 0 || !values[VERSION].len)
        return r;
    if (!values[ARCHITECTURE].len)
        values[ARCHITECTURE] = HT_S("none");
    package = ht_deb_set_find(set, values[PACKAGE],
                              ht_str_is(values[ARCHITECTURE], "all") ? set->native
                                                                     : values[ARCHITECTURE]);
    /* What is not installed of an architecture is no update, but tells this of its name. */
    if (!package || !package->installed) {
        struct ht_deb_package *first = *slot_of(set, values[PACKAGE]);

        if (first && multi_arch_of(values) == MULTI_ALLOWED)
            first->any = true;
        return 0;
    }
    if (package->offered >= HT_LIMIT_DEB_VERSIONS)
        return ht_error_set(err, EBADMSG, "more than %d versions of one package",
                            HT_LIMIT_DEB_VERSIONS);
    version = new_version(set, package, values);
    add_carrier(set, version, file);
    version->next = package->versions;
    package->versions = version;
    package->offered++;
    return 0;
}
