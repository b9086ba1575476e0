/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deb-match.h"

#include <fnmatch.h>
#include <regex.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* A pattern comes from the node's own configuration, but may still be absurd. */
enum { PATTERN_MAX = 4096, SPEC_MAX = 299, FRAGMENT_MIN = 3, COPIES_MAX = 4096, STACKED_MAX = 6 };

struct ht_deb_regex {
    regex_t regex; /* if usable */
    bool usable;
};

/* A compiled expression holds what stands before a "+" twice and what stands before "{9}" nine
 * times; one upon the other they multiply. How many copies that makes at most. */
static size_t copies(const char *pattern)
{
    size_t all = 1, number = 0;
    bool counted = false;

    for (; *pattern && all <= COPIES_MAX; pattern++) {
        if (*pattern == '\\' && pattern[1]) {
            pattern++;
        } else if (*pattern == '+') {
            all *= 2;
        } else if (*pattern == '{') {
            counted = true;
            number = 0;
        } else if (counted && *pattern >= '0' && *pattern <= '9' && number <= COPIES_MAX) {
            number = number * 10 + (size_t)(*pattern - '0');
        } else if (counted && (*pattern == ',' || *pattern == '}')) {
            all *= number ? number : 1;
            number = 0;
            counted = *pattern == ',';
        }
    }
    return all;
}

/* How often one repeats what repeats something itself ("a?+", "(a+)*"): each makes the ways through
 * what is compiled more, and compiling walks them all. */
static size_t stacked(const char *pattern)
{
    uint64_t repeats = 0; /* bit n: something does in the group of depth n */
    unsigned depth = 0;
    size_t all = 0;
    bool repeated = false;

    for (; *pattern && depth < 63; pattern++) {
        if (*pattern == '\\' && pattern[1]) {
            pattern++;
            repeated = false;
        } else if (*pattern == '(') {
            depth++;
            repeats &= ~(UINT64_C(1) << depth);
            repeated = false;
        } else if (*pattern == ')') {
            repeated = depth && repeats >> depth & 1;
            depth -= depth > 0;
            repeats |= (uint64_t)repeated << depth;
        } else if (strchr("*+?{", *pattern)) {
            all += repeated;
            repeats |= UINT64_C(1) << depth;
            repeated = true;
        } else {
            repeated = *pattern == '}';
        }
    }
    return *pattern ? SIZE_MAX : all;
}

/* An expression that cannot be compiled, or would take up too much, fits nothing. */
static struct ht_deb_regex *compile(struct ht_str pattern)
{
    struct ht_deb_regex *made = ht_new0(struct ht_deb_regex);
    ht_autofree char *text = ht_strndup(pattern.data + 1, pattern.len - 2);

    made->usable = copies(text) <= COPIES_MAX && stacked(text) <= STACKED_MAX &&
                   regcomp(&made->regex, text, REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0;
    return made;
}

static void forget(struct ht_deb_regex *regex)
{
    if (regex && regex->usable)
        regfree(&regex->regex);
    free(regex);
}

void ht_deb_matcher_fini(struct ht_deb_matcher *matcher)
{
    for (size_t i = 0; i < HT_DEB_MATCHER_KEPT; i++) {
        free(ht_steal_ptr(matcher->patterns[i]));
        forget(ht_steal_ptr(matcher->regexes[i]));
    }
}

/* Patterns are asked of one thing after the other: the newest ones are kept. */
static const struct ht_deb_regex *regex_of(struct ht_deb_matcher *matcher, struct ht_str pattern)
{
    size_t place = matcher->next;

    for (size_t i = 0; i < HT_DEB_MATCHER_KEPT; i++)
        if (matcher->patterns[i] && ht_str_is(pattern, matcher->patterns[i]))
            return matcher->regexes[i];
    free(matcher->patterns[place]);
    forget(matcher->regexes[place]);
    matcher->patterns[place] = ht_strndup(pattern.data, pattern.len);
    matcher->regexes[place] = compile(pattern);
    matcher->next = (place + 1) % HT_DEB_MATCHER_KEPT;
    return matcher->regexes[place];
}

bool ht_deb_match(struct ht_deb_matcher *matcher, struct ht_str pattern, struct ht_str text)
{
    if (pattern.len > PATTERN_MAX || text.len > HT_LIMIT_DEB_TEXT)
        return false;

    ht_autofree char *t = ht_strndup(text.data ? text.data : "", text.len);

    if (pattern.len > 1 && pattern.data[0] == '/' && pattern.data[pattern.len - 1] == '/') {
        const struct ht_deb_regex *found = regex_of(matcher, pattern);

        return found->usable && regexec(&found->regex, t, 0, NULL, 0) == 0;
    }
    ht_autofree char *p = ht_strndup(pattern.data ? pattern.data : "", pattern.len);
    return fnmatch(p, t, FNM_CASEFOLD) == 0;
}

/* ---- packages ---- */

struct ht_deb_pin_name ht_deb_pin_name(struct ht_str text, struct ht_str native)
{
    struct ht_deb_pin_name name = {.architecture = native};
    ptrdiff_t colon;

    name.is_source = ht_str_has_prefix(text, "src:");
    if (name.is_source)
        text = ht_str_sub(text, 4, text.len);
    colon = ht_str_rfind_byte(text, ':');
    if (colon >= 0) {
        name.has_architecture = (size_t)colon + 1 < text.len;
        if (name.has_architecture)
            name.architecture = ht_str_sub(text, (size_t)colon + 1, text.len);
        text = ht_str_sub(text, 0, (size_t)colon);
    }
    name.text = text;
    name.is_pattern = (text.len && text.data[0] == '/' && text.data[text.len - 1] == '/') ||
                      ht_str_find_byte(text, '*') >= 0 || ht_str_find_byte(text, '[') >= 0 ||
                      ht_str_find_byte(text, '?') >= 0;
    return name;
}

bool ht_deb_pin_names(struct ht_deb_matcher *matcher, const struct ht_deb_pin_name *name,
                      struct ht_str package)
{
    return name->is_pattern ? ht_deb_match(matcher, name->text, package)
                            : ht_str_equal(name->text, package);
}

/* "linux-amd64" of "amd64"; "kfreebsd-amd64" stays. */
static void complete(struct ht_str architecture, bool is_pattern, struct ht_str *ret_system,
                     struct ht_str *ret_cpu)
{
    ptrdiff_t dash = ht_str_find_byte(architecture, '-');

    *ret_system = dash >= 0 ? ht_str_sub(architecture, 0, (size_t)dash) : HT_S("linux");
    *ret_cpu =
        dash >= 0 ? ht_str_sub(architecture, (size_t)dash + 1, architecture.len) : architecture;
    if (is_pattern && ht_str_is(architecture, "any"))
        *ret_system = HT_S("any");
}

bool ht_deb_architecture_fits(struct ht_str pattern, struct ht_str architecture)
{
    struct ht_str system, cpu, wanted_system, wanted_cpu;

    if (ht_str_equal(pattern, architecture))
        return true;
    complete(pattern, true, &wanted_system, &wanted_cpu);
    complete(architecture, false, &system, &cpu);
    return (ht_str_is(wanted_system, "any") || ht_str_equal(wanted_system, system)) &&
           (ht_str_is(wanted_cpu, "any") || ht_str_equal(wanted_cpu, cpu));
}

/* ---- versions ---- */

static bool is_prefix_nocase(struct ht_str text, struct ht_str prefix)
{
    return prefix.len == 0 || (prefix.len <= text.len &&
                               ht_str_find_nocase(ht_str_sub(text, 0, prefix.len), prefix, 0) == 0);
}

/* "1.2*" is everything that begins so; "1.2" that alone; or a pattern. */
static bool fits_number(struct ht_deb_matcher *matcher, struct ht_str wanted, struct ht_str text)
{
    bool prefix = ht_str_has_suffix(wanted, "*");

    if (prefix)
        wanted = ht_str_sub(wanted, 0, wanted.len - 1);
    if (is_prefix_nocase(text, wanted) && (prefix || wanted.len == text.len))
        return true;
    return ht_deb_match(matcher, wanted, text);
}

bool ht_deb_pin_fits_text(struct ht_deb_matcher *matcher, const struct ht_deb_pin *pin,
                          struct ht_str version)
{
    return fits_number(matcher, pin->data, version);
}

/* ---- lists ---- */

/* A property that the list does not have fits nothing; the status has its "component" alone. */
static bool fits_property(struct ht_deb_matcher *matcher, const struct ht_deb_file *file,
                          char property, struct ht_str wanted)
{
    const struct ht_deb_release *release = file->release;
    struct ht_str text = {0};

    switch (property) {
    case 'v':
        return release && release->version.len && fits_number(matcher, wanted, release->version);
    case 'o':
        text = release ? release->origin : text;
        break;
    case 'a':
        text = release ? release->suite : HT_S("now");
        break;
    case 'n':
        text = release ? release->codename : text;
        break;
    case 'l':
        text = release ? release->label : text;
        break;
    case 'c':
        return ht_deb_match(matcher, wanted, release ? file->component : HT_S("now"));
    case 'b':
        text = file->architecture;
        break;
    default:
        return true;
    }
    return text.len && ht_deb_match(matcher, wanted, text);
}

static bool is_property(struct ht_str fragment)
{
    static const char properties[] = "voanlcb";
    char c = ht_lower(fragment.data[0]);

    return fragment.data[1] == '=' && c && strchr(properties, c);
}

/* "a=stable, l=Debian": all of it must fit; of a property that is named twice the last counts.
 * Nothing at all fits the status alone. */
static bool fits_fragments(struct ht_deb_matcher *matcher, const struct ht_deb_file *file,
                           struct ht_str spec)
{
    struct ht_str values[128] = {{0}};
    struct ht_str fragment;
    bool any = false;

    spec = ht_str_sub(spec, 0, SPEC_MAX);
    while (ht_str_next(&spec, ',', &fragment)) {
        fragment = ht_str_trim(fragment);
        if (fragment.len >= FRAGMENT_MIN && is_property(fragment))
            values[(fragment.data[0] | 0x20) & 127] = ht_str_sub(fragment, 2, fragment.len);
    }
    for (int c = 'a'; c <= 'z'; c++) {
        if (!values[c].len)
            continue;
        any = true;
        if (!fits_property(matcher, file, (char)c, values[c]))
            return false;
    }
    return any || !file->release;
}

/* "stable", "bookworm", "12*": a suite or codename, or a version where it begins with a digit. */
static bool fits_word(struct ht_deb_matcher *matcher, const struct ht_deb_file *file,
                      struct ht_str word)
{
    const struct ht_deb_release *release = file->release;

    if (word.data[0] >= '0' && word.data[0] <= '9')
        return fits_property(matcher, file, 'v', word);
    if (!release)
        return ht_deb_match(matcher, word, HT_S("now"));
    return (release->suite.len && ht_deb_match(matcher, word, release->suite)) ||
           (release->codename.len && ht_deb_match(matcher, word, release->codename));
}

static bool fits_origin(struct ht_deb_matcher *matcher, const struct ht_deb_file *file,
                        struct ht_str data)
{
    if (!file->release || !data.len)
        return false;
    if (data.len >= 2 && data.data[0] == '"' && data.data[data.len - 1] == '"')
        data = ht_str_sub(data, 1, data.len - 2);
    return ht_deb_match(matcher, data, file->host);
}

bool ht_deb_pin_fits_file(struct ht_deb_matcher *matcher, const struct ht_deb_pin *pin,
                          const struct ht_deb_file *file)
{
    switch (pin->kind) {
    case HT_DEB_PIN_RELEASE:
        if (ht_str_is(pin->data, "*"))
            return true;
        if (!pin->data.len)
            return !file->release;
        return ht_str_find_byte(pin->data, '=') >= 0 ? fits_fragments(matcher, file, pin->data)
                                                     : fits_word(matcher, file, pin->data);
    case HT_DEB_PIN_ORIGIN:
        return fits_origin(matcher, file, pin->data);
    case HT_DEB_PIN_VERSION:
        break;
    }
    return false;
}
