/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which container and which unit a cgroup path names.
 *
 * A path is read from its end: the innermost element that follows a runtime's pattern is the
 * container. "/.." elements come from a private cgroup namespace and mean nothing.
 */
#include "proc-decode.h"

#include <ctype.h>
#include <string.h>

enum { ELEMENTS_MAX = 64, ID_LEN = 64, ID_SHORT = 32 };

struct elements {
    struct ht_str items[ELEMENTS_MAX];
    size_t len;
};

/* Prefixes that runtimes put before an id of hexadecimal digits. */
static const struct {
    const char *prefix;
    const char *pattern;
    bool monitor;
} prefixes[] = {
    {"libpod-conmon-", "libpod", true},
    {"crio-conmon-", "crio", true},
    {"cri-containerd-", "cri-containerd", false},
    {"docker-", "docker", false},
    {"crio-", "crio", false},
    {"libpod-", "libpod", false},
    {"nerdctl-", "nerdctl", false},
    {"containerd-", "containerd", false},
};

static bool is_hex(struct ht_str s, size_t at_least)
{
    if (s.len < at_least || s.len > ID_LEN)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!isxdigit((unsigned char)s.data[i]))
            return false;
    }
    return true;
}

static bool is_id(struct ht_str s)
{
    return s.len == ID_LEN && is_hex(s, ID_LEN);
}

static struct ht_str after(struct ht_str s, const char *prefix)
{
    return ht_str_sub(s, strlen(prefix), s.len);
}

static void split(struct ht_str path, struct elements *elements)
{
    struct ht_str part;

    elements->len = 0;
    while (ht_str_next(&path, '/', &part)) {
        if (part.len == 0 || ht_str_is(part, "..") || ht_str_is(part, "."))
            continue;
        /* Deeper than any runtime nests: the end matters most. */
        if (elements->len == ELEMENTS_MAX) {
            memmove(elements->items + 1, elements->items + 2,
                    (ELEMENTS_MAX - 2) * sizeof(*elements->items));
            elements->len--;
        }
        elements->items[elements->len++] = part;
    }
}

static void found(struct ht_cgroup_facts *facts, struct ht_str id, const char *pattern)
{
    if (id.len == 0)
        return;
    facts->container_id = id;
    facts->pattern = pattern;
    facts->sure = HT_CGROUP_CERTAIN;
}

/* An element with a runtime's prefix ("docker-ID.scope", "libpod-ID"). */
static bool read_prefixed(struct ht_str element, struct ht_cgroup_facts *facts)
{
    struct ht_str bare = ht_str_without(element, ".scope");

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
        if (!ht_str_has_prefix(bare, prefixes[i].prefix))
            continue;
        struct ht_str id = after(bare, prefixes[i].prefix);
        if (!is_hex(id, ID_SHORT))
            continue;
        if (prefixes[i].monitor) {
            facts->monitor = true;
            facts->pattern = prefixes[i].pattern;
        } else {
            found(facts, id, prefixes[i].pattern);
        }
        return true;
    }
    return false;
}

/* LXC and systemd-nspawn name their containers. */
static bool read_named(const struct elements *elements, size_t at, struct ht_cgroup_facts *facts)
{
    struct ht_str element = elements->items[at];
    struct ht_str parent = at ? elements->items[at - 1] : HT_S("");

    if (ht_str_has_prefix(element, "lxc.payload.")) {
        found(facts, after(element, "lxc.payload."), "lxc");
    } else if (ht_str_has_prefix(element, "lxc.monitor.")) {
        facts->monitor = true;
        facts->pattern = "lxc";
    } else if (ht_str_is(parent, "lxc")) {
        found(facts, element, "lxc");
    } else if (ht_str_has_prefix(element, "machine-") && ht_str_has_suffix(element, ".scope") &&
               !ht_str_has_prefix(element, "machine-qemu") &&
               !ht_str_has_prefix(element, "machine-lxc")) {
        found(facts, after(ht_str_without(element, ".scope"), "machine-"), "nspawn");
    } else if (ht_str_has_prefix(element, "buildah-")) {
        found(facts, after(element, "buildah-"), "buildah");
    } else if (ht_str_is(parent, "buildkit")) {
        found(facts, element, "buildkit");
    } else {
        return false;
    }
    return true;
}

/* An id without prefix: the parent says whose it is. */
static bool read_bare(const struct elements *elements, size_t at, struct ht_cgroup_facts *facts)
{
    struct ht_str element = elements->items[at];
    struct ht_str parent = at ? elements->items[at - 1] : HT_S("");
    ptrdiff_t colon = ht_str_rfind_byte(element, ':');

    /* "kubepods-podUID.slice:cri-containerd:ID": a systemd name given to the cgroupfs driver. */
    if (colon >= 0) {
        struct ht_str id = ht_str_sub(element, (size_t)colon + 1, element.len);

        if (!is_hex(id, ID_SHORT))
            return false;
        found(facts, id, "cri-containerd");
        return true;
    }
    if (is_id(element)) {
        found(facts, element, ht_str_is(parent, "docker") ? "docker" : "id");
        return true;
    }
    if (is_hex(element, ID_SHORT) &&
        (ht_str_is(parent, "docker") || ht_str_is(parent, "libpod_parent") ||
         (at > 1 && ht_str_has_prefix(parent, "pod")))) {
        found(facts, element, "id");
        return true;
    }
    return false;
}

static bool is_unit(struct ht_str element)
{
    return ht_str_has_suffix(element, ".service") || ht_str_has_suffix(element, ".scope") ||
           ht_str_has_suffix(element, ".socket") || ht_str_has_suffix(element, ".mount");
}

/* "/default/web": two plain names. systemd's own and hierarchies of other managers are no guess. */
static void guess(const struct elements *elements, struct ht_cgroup_facts *facts)
{
    static const char *const others[] = {"init",        "user",      "system", "machine",
                                         "kubepods",    "lxc",       "docker", "libpod_parent",
                                         "actions_job", "podruntime"};

    if (elements->len != 2 || facts->unit.len)
        return;
    for (size_t i = 0; i < 2; i++) {
        if (ht_str_has_suffix(elements->items[i], ".slice") || is_unit(elements->items[i]))
            return;
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        if (ht_str_is(elements->items[0], others[i]))
            return;
    }
    facts->container_id = elements->items[1];
    facts->pattern = "ctr";
    facts->sure = HT_CGROUP_POSSIBLE;
}

/* "pod1234_ab..." as a uid: 36 characters with dashes, or 32 digits for a static pod. */
static bool read_pod(struct ht_str element, char *out, size_t size)
{
    struct ht_str name = element;
    ptrdiff_t colon = ht_str_find_byte(name, ':');

    if (colon >= 0)
        name.len = (size_t)colon;
    name = ht_str_without(name, ".slice");
    if (ht_str_has_prefix(name, "kubepods")) {
        ptrdiff_t at = ht_str_find(name, HT_S("-pod"), 0);

        if (at < 0)
            return false;
        name = ht_str_sub(name, (size_t)at + 1, name.len);
    }
    if (!ht_str_has_prefix(name, "pod"))
        return false;
    name = after(name, "pod");
    if ((name.len != 36 && name.len != 32) || name.len >= size)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i] == '_' ? '-' : name.data[i];

        if (!isxdigit((unsigned char)c) && c != '-')
            return false;
        out[i] = c;
    }
    out[name.len] = '\0';
    return true;
}

bool ht_cgroup_tells(const struct ht_cgroup_facts *facts, bool apart, bool readable)
{
    switch (facts->sure) {
    case HT_CGROUP_NONE:
        break;
    case HT_CGROUP_POSSIBLE:
        return apart;
    case HT_CGROUP_CERTAIN:
        return !facts->users || apart || !readable;
    }
    return false;
}

/* A service or a scope, which may be handed to a user with all below it (Delegate=, User=); a scope
 * that is a container is that container's. */
static bool is_delegable(struct ht_str element)
{
    struct ht_cgroup_facts unused = {0};

    return (ht_str_has_suffix(element, ".service") || ht_str_has_suffix(element, ".scope")) &&
           !read_prefixed(element, &unused);
}

/* Who may have named the container that the element at `at` names. */
static void find_namer(const struct elements *elements, size_t at, struct ht_cgroup_facts *facts)
{
    struct ht_str last = elements->items[at];

    facts->named = ht_str_sub(facts->path, 0, (size_t)(last.data + last.len - facts->path.data));
    for (size_t i = 0; i < at && !facts->users; i++) {
        struct ht_str element = elements->items[i];

        facts->users =
            ht_str_has_prefix(element, "user@") && ht_str_has_suffix(element, ".service");
        facts->delegable = facts->delegable || is_delegable(element);
    }
    facts->delegable = facts->delegable && !facts->users && facts->sure == HT_CGROUP_CERTAIN;
}

void ht_cgroup_decode_path(struct ht_str path, struct ht_cgroup_facts *ret_facts)
{
    struct ht_cgroup_facts facts = {.path = ht_str_without(path, " (deleted)")};
    struct elements elements;
    size_t inside; /* the container's element; units behind it are its own */

    split(facts.path, &elements);
    for (inside = elements.len; inside > 0; inside--) {
        size_t at = inside - 1;

        if (read_prefixed(elements.items[at], &facts) || read_named(&elements, at, &facts) ||
            read_bare(&elements, at, &facts))
            break;
    }
    if (inside == 0)
        inside = elements.len;
    if (inside)
        find_namer(&elements, inside - 1, &facts);
    for (size_t i = 0; i < inside && facts.unit.len == 0; i++) {
        if (is_unit(elements.items[i]))
            facts.unit = elements.items[i];
    }
    for (size_t i = 0; i < inside && facts.pod_uid[0] == '\0'; i++) {
        if (!read_pod(elements.items[i], facts.pod_uid, sizeof(facts.pod_uid)))
            facts.pod_uid[0] = '\0';
    }
    if (elements.len && ht_str_is(elements.items[elements.len - 1], "conmon"))
        facts.monitor = true;
    if (facts.sure == HT_CGROUP_NONE && !facts.monitor)
        guess(&elements, &facts);
    *ret_facts = facts;
}

/* How much a path tells: a container, then a unit, then any path. */
static int rank(const struct ht_cgroup_facts *facts)
{
    if (facts->sure == HT_CGROUP_CERTAIN)
        return 5;
    if (facts->monitor)
        return 4;
    if (facts->unit.len)
        return 3;
    if (facts->sure == HT_CGROUP_POSSIBLE)
        return 2;
    return facts->path.len > 1 ? 1 : 0;
}

bool ht_cgroup_split_line(struct ht_str line, struct ht_str *ret_controllers,
                          struct ht_str *ret_path)
{
    ptrdiff_t first = ht_str_find_byte(line, ':');

    if (first < 0)
        return false;
    struct ht_str rest = ht_str_sub(line, (size_t)first + 1, line.len);
    ptrdiff_t second = ht_str_find_byte(rest, ':');
    /* "name=systemd:container" does not exist; a path begins with a slash. */
    if (second < 0)
        return false;
    *ret_controllers = ht_str_sub(rest, 0, (size_t)second);
    *ret_path = ht_str_sub(rest, (size_t)second + 1, rest.len);
    return ht_str_has_prefix(*ret_path, "/");
}

void ht_cgroup_decode(struct ht_str text, struct ht_cgroup_facts *ret_facts)
{
    struct ht_cgroup_facts best = {0};
    struct ht_str line;
    struct ht_str last = {0};
    int best_rank = -1;

    while (ht_str_next(&text, '\n', &line)) {
        struct ht_str controllers;
        struct ht_str path;
        struct ht_cgroup_facts facts;

        if (!ht_cgroup_split_line(line, &controllers, &path))
            continue;
        /* Most lines of one process name the same path. */
        if (last.data && ht_str_equal(path, last))
            continue;
        last = path;
        ht_cgroup_decode_path(path, &facts);
        if (rank(&facts) > best_rank) {
            best_rank = rank(&facts);
            best = facts;
        }
    }
    *ret_facts = best;
}

struct ht_str ht_cgroup_path_of(struct ht_str text, const char *controller)
{
    struct ht_str line;

    while (ht_str_next(&text, '\n', &line)) {
        struct ht_str controllers;
        struct ht_str path;
        struct ht_str one;

        if (!ht_cgroup_split_line(line, &controllers, &path))
            continue;
        if (controllers.len == 0) {
            if (controller[0] == '\0')
                return ht_str_without(path, " (deleted)");
            continue;
        }
        while (ht_str_next(&controllers, ',', &one)) {
            if (ht_str_is(one, controller))
                return ht_str_without(path, " (deleted)");
        }
    }
    return (struct ht_str){0};
}

bool ht_cgroup_is_mounted(const struct ht_mount_line *mount, struct ht_str controllers,
                          struct ht_arena *arena)
{
    struct ht_str one;

    if (!ht_str_is(mount->root, "/"))
        return false;
    if (controllers.len == 0)
        return ht_str_is(mount->type, "cgroup2");
    /* Each controller is of one hierarchy. */
    return ht_str_is(mount->type, "cgroup") && ht_str_next(&controllers, ',', &one) &&
           ht_mountinfo_has_option(mount->super, ht_arena_str(arena, one).data);
}

bool ht_cgroup_is_left(struct ht_str text)
{
    struct ht_str line;
    size_t old = 0;

    while (ht_str_next(&text, '\n', &line)) {
        /* "0::/path" is of cgroup v2, which keeps the group of what ended. */
        if (line.len == 0 || ht_str_has_prefix(line, "0::"))
            continue;
        if (!ht_str_has_suffix(line, ":/"))
            return false;
        old++;
    }
    return old > 0;
}
