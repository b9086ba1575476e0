/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube-rights.h"

#include <errno.h>
#include <stdlib.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/objects.h"
#include "hulltop/base/vec.h"

struct ht_kube_rights {
    struct ht_map *roles;   /* "NAMESPACE/NAME", of cluster roles "/NAME", to a struct role */
    struct ht_map *holders; /* "NAMESPACE/NAME" of an account, or a group, to a struct ht_vec of
                             * char * */
};

/* Of a role that can do nothing of the table nothing is kept. */
struct role {
    char *everywhere;   /* what it gives when bound in the whole cluster */
    char *in_namespace; /* when bound in a namespace; may be empty */
};

/* ---- what leads to a node or to the cluster ---- */

static const struct {
    const char *group, *resource;
    const char *verbs[4];
    const char *says;
    bool of_cluster; /* has no namespace: a binding in one gives nothing */
} powers[] = {
    {"", "secrets", {"get", "list", "watch"}, "read secrets", false},
    {"", "pods", {"create"}, "create pods", false},
    {"", "pods/exec", {"create", "get"}, "run programs in pods", false},
    {"", "pods/ephemeralcontainers", {"update", "patch"}, "add containers to pods", false},
    {"", "serviceaccounts/token", {"create"}, "make tokens of accounts", false},
    {"", "serviceaccounts", {"impersonate"}, "act as accounts", false},
    {"", "users", {"impersonate"}, "act as users", true},
    {"", "groups", {"impersonate"}, "act as groups", true},
    {"", "nodes/proxy", {"get", "create", "update", "patch"}, "command kubelets", true},
    {"", "persistentvolumes", {"create"}, "make volumes of node paths", true},
    {"apps", "daemonsets", {"create", "update", "patch"}, "make pods by DaemonSets", false},
    {"apps", "deployments", {"create", "update", "patch"}, "make pods by Deployments", false},
    {"apps", "replicasets", {"create", "update", "patch"}, "make pods by ReplicaSets", false},
    {"apps", "statefulsets", {"create", "update", "patch"}, "make pods by StatefulSets", false},
    {"batch", "cronjobs", {"create", "update", "patch"}, "make pods by CronJobs", false},
    {"batch", "jobs", {"create", "update", "patch"}, "make pods by Jobs", false},
    {"rbac.authorization.k8s.io", "clusterroles", {"bind", "escalate"}, "hand out roles", false},
    {"rbac.authorization.k8s.io", "roles", {"bind", "escalate"}, "hand out roles", false},
    {"admissionregistration.k8s.io",
     "mutatingwebhookconfigurations",
     {"create", "update", "patch"},
     "change what others create",
     true},
    {"admissionregistration.k8s.io",
     "validatingwebhookconfigurations",
     {"create", "update", "patch"},
     "see what others create",
     true},
};

static bool lists(const struct ht_json *rule, const char *key, const char *wanted)
{
    const struct ht_json *list = ht_json_get(rule, key);
    struct ht_str text;

    for (size_t i = 0; ht_json_is_array(list) && i < list->len; i++) {
        if (ht_json_string(&list->items[i], &text) &&
            (ht_str_is(text, wanted) || ht_str_is(text, "*")))
            return true;
    }
    return false;
}

static bool gives(const struct ht_json *rule, size_t power)
{
    const struct ht_json *names = ht_json_get(rule, "resourceNames");

    /* Of certain secrets by name: what they open is not known, and rarely is it the cluster. */
    if (ht_json_is_array(names) && names->len && ht_str_is(HT_S("secrets"), powers[power].resource))
        return false;
    if (!lists(rule, "apiGroups", powers[power].group) ||
        !lists(rule, "resources", powers[power].resource))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(powers[power].verbs) && powers[power].verbs[i]; i++) {
        if (lists(rule, "verbs", powers[power].verbs[i]))
            return true;
    }
    return false;
}

static bool rules_give(const struct ht_json *rules, size_t power)
{
    for (size_t i = 0; ht_json_is_array(rules) && i < rules->len; i++) {
        if (gives(&rules->items[i], power))
            return true;
    }
    return false;
}

static char *say_powers(const struct ht_json *rules, bool in_namespace)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_ARG);

    for (size_t i = 0; i < ARRAY_LEN(powers); i++) {
        if ((in_namespace && powers[i].of_cluster) || !rules_give(rules, i) ||
            (text.len && ht_str_find(ht_buf_str(&text), ht_str_from(powers[i].says), 0) >= 0))
            continue;
        ht_buf_addf(&text, "%s%s", text.len ? ", " : "", powers[i].says);
    }
    return ht_strndup(text.len ? text.data : "", text.len);
}

/* ---- keeping ---- */

struct ht_kube_rights *ht_kube_rights_new(void)
{
    struct ht_kube_rights *rights = ht_new0(struct ht_kube_rights);

    rights->roles = ht_map_new();
    rights->holders = ht_map_new();
    return rights;
}

static void free_role(void *context, struct ht_str key, void *value)
{
    struct role *role = value;

    (void)context;
    (void)key;
    free(role->everywhere);
    free(role->in_namespace);
    free(role);
}

static void free_holder(void *context, struct ht_str key, void *value)
{
    struct ht_vec *held = value;

    (void)context;
    (void)key;
    for (size_t i = 0; i < held->len; i++)
        free(held->items[i]);
    ht_vec_fini(held);
    free(held);
}

struct ht_kube_rights *ht_kube_rights_free(struct ht_kube_rights *rights)
{
    if (!rights)
        return NULL;
    ht_map_each(rights->roles, free_role, NULL);
    ht_map_each(rights->holders, free_holder, NULL);
    ht_map_free(rights->roles);
    ht_map_free(rights->holders);
    free(rights);
    return NULL;
}

static struct ht_str text_of(const struct ht_json *object, const char *key)
{
    struct ht_str text = {0};

    ht_json_string(ht_json_get(object, key), &text);
    return text;
}

static struct ht_str key_of(struct ht_arena *arena, struct ht_str namespace, struct ht_str name)
{
    return ht_arena_strf(arena, "%.*s/%.*s", HT_STR_ARG(namespace), HT_STR_ARG(name));
}

static void add_role(struct ht_kube_rights *rights, const struct ht_json *object,
                     struct ht_arena *arena)
{
    const struct ht_json *metadata = ht_json_get(object, "metadata");
    struct ht_str key = key_of(arena, text_of(metadata, "namespace"), text_of(metadata, "name"));
    char *everywhere = say_powers(ht_json_get(object, "rules"), false);
    struct role *role;

    if (!everywhere[0]) {
        free(everywhere);
        return;
    }
    role = ht_new0(struct role);
    role->everywhere = everywhere;
    role->in_namespace = say_powers(ht_json_get(object, "rules"), true);

    struct role *before = ht_map_set(rights->roles, key, role);
    if (before)
        free_role(NULL, key, before);
}

/* ---- bindings ---- */

/* "NAMESPACE/NAME" of an account; of a group, which all accounts or those of a namespace are of,
 * its own name. Empty: somebody who has no pods. */
static struct ht_str holder_of(const struct ht_json *subject, struct ht_str namespace,
                               struct ht_arena *arena)
{
    struct ht_str kind = text_of(subject, "kind"), name = text_of(subject, "name");
    struct ht_str own = text_of(subject, "namespace");

    if (ht_str_is(kind, "ServiceAccount"))
        return key_of(arena, own.len ? own : namespace, name);
    if (ht_str_is(kind, "User") && ht_str_has_prefix(name, "system:serviceaccount:")) {
        struct ht_str rest = ht_str_sub(name, sizeof("system:serviceaccount:") - 1, name.len);
        ptrdiff_t colon = ht_str_find_byte(rest, ':');

        return colon < 0 ? (struct ht_str){0}
                         : key_of(arena, ht_str_sub(rest, 0, (size_t)colon),
                                  ht_str_sub(rest, (size_t)colon + 1, rest.len));
    }
    if (ht_str_is(kind, "Group") && (ht_str_is(name, "system:authenticated") ||
                                     ht_str_has_prefix(name, "system:serviceaccounts")))
        return name;
    return (struct ht_str){0};
}

static void add_holder(struct ht_kube_rights *rights, struct ht_str holder, struct ht_str text)
{
    struct ht_vec *held = ht_map_get(rights->holders, holder);

    if (!held) {
        held = ht_new0(struct ht_vec);
        ht_map_set(rights->holders, holder, held);
    }
    /* More of them say no more. */
    if (held->len < HT_LIMIT_SUBJECTS)
        ht_vec_add(held, ht_strndup(text.data, text.len));
}

static void add_binding(struct ht_kube_rights *rights, const struct ht_json *object,
                        struct ht_arena *arena)
{
    const struct ht_json *reference = ht_json_get(object, "roleRef");
    const struct ht_json *subjects = ht_json_get(object, "subjects");
    struct ht_str namespace = text_of(ht_json_get(object, "metadata"), "namespace");
    struct ht_str kind = text_of(reference, "kind"), name = text_of(reference, "name");
    bool is_local = ht_str_is(kind, "Role");
    const struct role *role =
        ht_map_get(rights->roles, key_of(arena, is_local ? namespace : (struct ht_str){0}, name));
    const char *gives = !role ? "" : namespace.len ? role->in_namespace : role->everywhere;

    for (size_t i = 0; gives[0] && ht_json_is_array(subjects) && i < subjects->len; i++) {
        struct ht_str holder = holder_of(&subjects->items[i], namespace, arena);

        if (holder.len)
            add_holder(rights, holder,
                       ht_arena_strf(arena, "%s %s%.*s (%.*s/%.*s)", gives,
                                     namespace.len ? "in " : "everywhere", HT_STR_ARG(namespace),
                                     HT_STR_ARG(kind), HT_STR_ARG(name)));
    }
}

struct page {
    struct ht_kube_rights *rights;
    struct ht_arena *arena, *item_arena;
    struct ht_str *ret_more;
    bool seen;
};

static int take(void *context, const struct ht_object *object, struct ht_error *err)
{
    struct page *page = context;
    struct ht_str kind = text_of(object->head, "kind");

    if (object->is_list) {
        page->seen = true;
        *page->ret_more =
            ht_arena_str(page->arena, text_of(ht_json_get(object->value, "metadata"), "continue"));
        return 0;
    }
    if (!object->head)
        return ht_error_set(err, EINVAL, "kubernetes: the answer is no list");
    if (ht_map_len(page->rights->roles) + ht_map_len(page->rights->holders) > HT_LIMIT_ITEMS)
        return ht_error_set(err, E2BIG, "kubernetes: more than %d roles and holders",
                            HT_LIMIT_ITEMS);
    ht_arena_reset(page->item_arena);
    if (ht_str_has_suffix(kind, "RoleList"))
        add_role(page->rights, object->value, page->item_arena);
    else if (ht_str_has_suffix(kind, "RoleBindingList"))
        add_binding(page->rights, object->value, page->item_arena);
    else
        return ht_error_set(err, EINVAL, "kubernetes: the answer is no list of roles");
    return 0;
}

int ht_kube_rights_decode(struct ht_kube_rights *rights, struct ht_str text, struct ht_arena *arena,
                          struct ht_str *ret_more, struct ht_error *err)
{
    static const char *const skip[] = {"managedFields", NULL};
    static const struct ht_objects_options options = {.name = "kubernetes", .skip = skip};
    ht_autoarena struct ht_arena *item_arena = ht_arena_new(HT_LIMIT_ROW);
    struct page page = {
        .rights = rights, .arena = arena, .item_arena = item_arena, .ret_more = ret_more};
    int r;

    *ret_more = (struct ht_str){0};
    r = ht_objects_read_json(text, &options, take, &page, err);
    if (r == 0 && !page.seen)
        r = ht_error_set(err, EINVAL, "kubernetes: the answer is no list");
    return r;
}

/* ---- asking ---- */

static size_t copy_held(const struct ht_kube_rights *rights, struct ht_str holder,
                        struct ht_str *items, size_t room)
{
    const struct ht_vec *held = ht_map_get(rights->holders, holder);
    size_t len = 0;

    for (size_t i = 0; held && i < held->len && len < room; i++)
        items[len++] = ht_str_from(held->items[i]);
    return len;
}

struct ht_text_list ht_kube_rights_of(const struct ht_kube_rights *rights, struct ht_str namespace,
                                      struct ht_str account, struct ht_arena *arena)
{
    const struct ht_str holders[] = {
        key_of(arena, namespace, account),
        ht_arena_strf(arena, "system:serviceaccounts:%.*s", HT_STR_ARG(namespace)),
        HT_STR("system:serviceaccounts"),
        HT_STR("system:authenticated"),
    };
    struct ht_str *items = ht_arena_array(arena, struct ht_str, HT_LIMIT_SUBJECTS);
    size_t len = 0;

    for (size_t i = 0; i < ARRAY_LEN(holders); i++)
        len += copy_held(rights, holders[i], items + len, HT_LIMIT_SUBJECTS - len);
    return (struct ht_text_list){.items = items, .len = len};
}
