/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deb-policy.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "deb-match.h"
#include "deb-stanza.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/version.h"

enum { PRIORITY_NORMAL = 500, PRIORITY_STATUS = 100, PRIORITY_MAY_LOWER = 1000 };

void ht_deb_policy_fini(struct ht_deb_policy *policy)
{
    ht_vec_fini(&policy->pins);
    ht_deb_matcher_fini(&policy->matcher);
}

static void add_pin(struct ht_deb_policy *policy, const struct ht_deb_pin *pin)
{
    struct ht_deb_pin *copy = ht_arena_array(policy->arena, struct ht_deb_pin, 1);

    *copy = *pin;
    copy->name = ht_arena_str(policy->arena, pin->name);
    copy->data = ht_arena_str(policy->arena, pin->data);
    ht_vec_add(&policy->pins, copy);
}

/* ---- preferences ---- */

struct reader {
    struct ht_deb_policy *policy;
    const char *name;
    struct ht_error *err;
};

/* "  -12x" is -12, as strtol has it; 0 where there is no number. */
static int64_t number_of(struct ht_str text)
{
    int64_t value = 0;
    bool minus;
    size_t i = 0;

    text = ht_str_trim(text);
    minus = ht_str_has_prefix(text, "-");
    i = minus || ht_str_has_prefix(text, "+");
    for (; i < text.len && text.data[i] >= '0' && text.data[i] <= '9' && value <= INT32_MAX; i++)
        value = value * 10 + (text.data[i] - '0');
    return minus ? -value : value;
}

static int parse_priority(const struct reader *reader, struct ht_str text, bool for_lists,
                          int16_t *ret_priority)
{
    int64_t value = number_of(text);

    if (ht_str_is(text, "never")) {
        if (!for_lists)
            return ht_error_set(reader->err, EINVAL, "%s: \"never\" is for \"Package: *\" only",
                                reader->name);
        *ret_priority = HT_DEB_PIN_NEVER;
        return 0;
    }
    if (value < INT16_MIN || value > INT16_MAX)
        return ht_error_set(reader->err, EINVAL, "%s: a priority out of range", reader->name);
    if (value == 0)
        return ht_error_set(reader->err, EINVAL, "%s: no priority, or zero", reader->name);
    *ret_priority = (int16_t)(value == HT_DEB_PIN_NEVER ? HT_DEB_PIN_NEVER + 1 : value);
    return 0;
}

/* "release a=stable": the kind, and what follows it. False: a kind that apt does not know. */
static bool parse_kind(struct ht_str text, bool for_lists, struct ht_deb_pin *pin)
{
    struct ht_str word;

    if (!ht_deb_next_word(&text, &word))
        return false;
    pin->data = ht_str_trim(text);
    if (ht_str_is_nocase(word, "version") && !for_lists)
        pin->kind = HT_DEB_PIN_VERSION;
    else if (ht_str_is_nocase(word, "release"))
        pin->kind = HT_DEB_PIN_RELEASE;
    else if (ht_str_is_nocase(word, "origin"))
        pin->kind = HT_DEB_PIN_ORIGIN;
    else
        return false;
    return true;
}

static int parse_stanza(void *context, struct ht_str stanza)
{
    enum { PACKAGE, PIN, PRIORITY, FIELDS };
    static const char *const names[FIELDS] = {"Package", "Pin", "Pin-Priority"};
    struct reader *reader = context;
    struct ht_str values[FIELDS];
    struct ht_deb_pin pin = {0};
    bool for_lists;
    int r;

    (void)ht_deb_fields(stanza, names, FIELDS, values);
    if (!values[PACKAGE].len)
        return ht_error_set(reader->err, EINVAL, "%s: an entry without a package", reader->name);
    for_lists = ht_str_is(values[PACKAGE], "*");
    if (!values[PIN].data || !parse_kind(values[PIN], for_lists, &pin))
        return 0;
    r = parse_priority(reader, values[PRIORITY], for_lists, &pin.priority);
    if (r < 0)
        return r;
    if (for_lists) {
        add_pin(reader->policy, &pin);
        return 0;
    }
    while (ht_deb_next_word(&values[PACKAGE], &pin.name)) {
        if (reader->policy->pins.len >= HT_LIMIT_DEB_CONFIG)
            return ht_error_set(reader->err, EFBIG, "%s: more than %d pins", reader->name,
                                HT_LIMIT_DEB_CONFIG);
        add_pin(reader->policy, &pin);
    }
    return 0;
}

int ht_deb_policy_parse(struct ht_deb_policy *policy, struct ht_str text, const char *name,
                        struct ht_error *err)
{
    struct reader reader = {.policy = policy, .name = name, .err = err};
    ht_autobuf struct ht_buf copy = HT_BUF(HT_LIMIT_FILE);

    ht_buf_add_str(&copy, text);
    ht_deb_strip_comments(&copy);
    return ht_deb_each(ht_buf_str(&copy), parse_stanza, &reader);
}

bool ht_deb_policy_default_release(struct ht_deb_policy *policy, struct ht_str release)
{
    struct ht_deb_pin pin = {
        .kind = HT_DEB_PIN_RELEASE, .data = release, .priority = HT_DEB_PIN_DEFAULT_RELEASE};
    bool found = (release.len > 2 && release.data[1] == '=') ||
                 ht_deb_match(&policy->matcher, release, HT_S("now"));

    for (size_t i = 0; i < policy->files_len && !found; i++) {
        const struct ht_deb_release *about = policy->files[i].release;

        found = about && (ht_deb_match(&policy->matcher, release, about->suite) ||
                          ht_deb_match(&policy->matcher, release, about->codename) ||
                          ht_deb_match(&policy->matcher, release, about->version));
    }
    if (!found)
        return false;
    add_pin(policy, &pin);
    /* Before all others. */
    for (size_t i = policy->pins.len - 1; i > 0; i--) {
        void *moved = policy->pins.items[i];

        policy->pins.items[i] = policy->pins.items[i - 1];
        policy->pins.items[i - 1] = moved;
    }
    return true;
}

/* ---- pins to lists and versions ---- */

static void apply_to_files(struct ht_deb_policy *policy)
{
    for (size_t i = 0; i < policy->files_len; i++) {
        struct ht_deb_file *file = &policy->files[i];
        bool fixed = false;

        file->priority = PRIORITY_NORMAL;
        if (!file->release || file->release->but_automatic_upgrades)
            file->priority = PRIORITY_STATUS;
        else if (file->release->not_automatic)
            file->priority = 1;
        for (size_t j = 0; j < policy->pins.len; j++) {
            const struct ht_deb_pin *pin = policy->pins.items[j];

            if (pin->name.len || (fixed && pin->priority != HT_DEB_PIN_NEVER) ||
                file->priority == HT_DEB_PIN_NEVER ||
                !ht_deb_pin_fits_file(&policy->matcher, pin, file))
                continue;
            file->priority = pin->priority;
            fixed = true;
        }
    }
}

/* Where the file of a carrier stands: dpkg's status is the last. */
static const struct ht_deb_file *file_of(const struct ht_deb_policy *policy,
                                         const struct ht_deb_carrier *carrier)
{
    size_t i = carrier->file == HT_DEB_STATUS_FILE ? policy->files_len - 1 : carrier->file;

    return &policy->files[i];
}

static bool fits_version(struct ht_deb_policy *policy, const struct ht_deb_pin *pin,
                         const struct ht_deb_version *version)
{
    if (pin->kind == HT_DEB_PIN_VERSION)
        return ht_deb_pin_fits_text(&policy->matcher, pin, version->text);
    for (const struct ht_deb_carrier *carrier = version->carriers; carrier; carrier = carrier->next)
        if (ht_deb_pin_fits_file(&policy->matcher, pin, file_of(policy, carrier)))
            return true;
    return false;
}

/* To apt what may be asked for as NAME:any has a second name, and a pattern that fits it is about
 * all architectures; as well where the name is that of a source. */
static bool fits_any(struct ht_deb_policy *policy, const struct ht_deb_set *set,
                     const struct ht_deb_pin_name *name, struct ht_str text)
{
    ht_autobuf struct ht_buf second = HT_BUF(HT_LIMIT_DEB_TEXT);

    if (!name->is_pattern || name->has_architecture || !ht_deb_set_has_any(set, text))
        return false;
    ht_buf_addf(&second, "%.*s:any", HT_STR_ARG(text));
    return ht_deb_pin_names(&policy->matcher, name, ht_buf_str(&second));
}

/* Whether it is about what is called so, a package or a source, of that architecture. */
static bool is_meant(struct ht_deb_policy *policy, const struct ht_deb_set *set,
                     const struct ht_deb_pin_name *name, struct ht_str text,
                     struct ht_str architecture)
{
    if (ht_deb_architecture_fits(name->architecture, architecture) &&
        ht_deb_pin_names(&policy->matcher, name, text))
        return true;
    return fits_any(policy, set, name, text);
}

static void apply_to_package(struct ht_deb_policy *policy, const struct ht_deb_set *set,
                             const struct ht_deb_pin_name *name, const struct ht_deb_pin *pin,
                             struct ht_deb_package *package)
{
    for (struct ht_deb_version *version = package->versions; version; version = version->next) {
        if (version->is_pinned ||
            (name->is_source &&
             !is_meant(policy, set, name, version->source, package->architecture)) ||
            !fits_version(policy, pin, version))
            continue;
        version->is_pinned = true;
        version->pin = pin->priority;
    }
}

void ht_deb_policy_apply(struct ht_deb_policy *policy, struct ht_deb_set *set)
{
    apply_to_files(policy);
    for (size_t i = 0; i < policy->pins.len; i++) {
        const struct ht_deb_pin *pin = policy->pins.items[i];
        struct ht_deb_pin_name name;

        if (!pin->name.len)
            continue;
        name = ht_deb_pin_name(pin->name, set->native);
        for (size_t j = 0; j < set->packages.len; j++) {
            struct ht_deb_package *package = set->packages.items[j];

            if (name.is_source ||
                is_meant(policy, set, &name, package->name, package->architecture))
                apply_to_package(policy, set, &name, pin, package);
        }
    }
}

/* ---- the candidate ---- */

static int priority_of(const struct ht_deb_policy *policy, const struct ht_deb_package *package,
                       const struct ht_deb_version *version, int ceiling)
{
    int best = INT_MIN;

    for (const struct ht_deb_carrier *carrier = version->carriers; carrier;
         carrier = carrier->next) {
        const struct ht_deb_file *file = file_of(policy, carrier);
        /* What the status says about a package that is not installed is no offer. */
        int priority = !file->release && package->current != version ? -1 : file->priority;

        if (version->is_pinned && file->priority != HT_DEB_PIN_NEVER)
            return version->pin < ceiling ? version->pin : ceiling;
        if (priority > best)
            best = priority;
    }
    if (best == INT_MIN)
        best = 0;
    return best < ceiling ? best : ceiling;
}

const struct ht_deb_version *ht_deb_policy_candidate(const struct ht_deb_policy *policy,
                                                     const struct ht_deb_package *package,
                                                     ht_deb_keeps keeps, void *context)
{
    const struct ht_deb_version *best = NULL;
    int best_priority = -1;

    for (const struct ht_deb_version *version = package->versions; version;
         version = version->next) {
        int ceiling = keeps && keeps(context, version) ? 1 : INT_MAX;
        int priority = priority_of(policy, package, version, ceiling);

        if (priority == 0 || priority <= best_priority)
            continue;
        if (package->current && priority < PRIORITY_MAY_LOWER &&
            ht_version_compare_deb(version->text, package->current->text) < 0)
            continue;
        best_priority = priority;
        best = version;
    }
    return best;
}
