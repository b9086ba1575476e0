/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One full pass over what the API has about this node, in pages; and what is told of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kube-decode.h"
#include "kube.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

#include <fcntl.h>

enum { PAGE_ITEMS = 250, LISTS_MAX = 3 };

/* ---- lists ---- */

/* A list under way; begin empties what its rows went to, for a list may have to start over. */
struct list {
    const char *path; /* with a "?" in it */
    struct ht_kube_taker taker;
    void (*begin)(void *context); /* the taker's */
    char *resource;               /* gets the version of the list; NULL: not wanted */
    size_t resource_size;
    size_t bad;
};

static int read_page(struct ht_kube *kube, struct list *list, struct ht_buf *more,
                     struct ht_trouble *trouble)
{
    ht_autobuf struct ht_buf path = HT_BUF(4 * HT_LIMIT_ARG);
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_kube_page page;
    struct ht_error err = {0};
    int r;

    ht_buf_addf(&path, "%s&limit=%d", list->path, PAGE_ITEMS);
    if (more->len) {
        ht_buf_add_text(&path, "&continue=");
        ht_http_escape(&path, ht_buf_str(more));
    }
    r = ht_kube_get(&kube->client, path.data, &answer, trouble);
    if (r < 0)
        return r;
    r = ht_kube_decode_page(arena, ht_buf_str(&answer.body), &list->taker, &page, &err);
    if (r < 0) {
        ht_kube_explain(&err, trouble);
        return -EPROTO;
    }
    list->bad += page.bad;
    ht_buf_reset(more);
    ht_buf_add_str(more, page.more);
    /* Without the rest it would pass for the whole list. */
    if (ht_buf_is_full(more)) {
        ht_error_set(&err, EFBIG, "%s: a continuation of more than %d bytes",
                     kube->client.access.server, HT_LIMIT_ARG);
        ht_kube_explain(&err, trouble);
        return -EFBIG;
    }
    if (list->resource)
        snprintf(list->resource, list->resource_size, "%.*s",
                 page.resource.len > 60 ? 60 : (int)page.resource.len,
                 page.resource.data ? page.resource.data : "");
    return 0;
}

/* All pages. A token of continuation that has expired starts the list over, a few times. */
static int read_list(struct ht_kube *kube, struct list *list, struct ht_trouble *trouble)
{
    ht_autobuf struct ht_buf more = HT_BUF(HT_LIMIT_ARG);
    int r = -ESTALE;

    for (unsigned tries = 0; r == -ESTALE && tries < LISTS_MAX; tries++) {
        list->bad = 0;
        list->begin(list->taker.context);
        ht_buf_reset(&more);
        do
            r = read_page(kube, list, &more, trouble);
        while (r == 0 && more.len);
    }
    return r;
}

/* ---- nodes ---- */

struct nodes {
    char hostname[HT_KUBE_NAME_MAX];
    char boot_id[HT_KUBE_NAME_MAX];
    struct ht_row *named, *by_boot, *by_name; /* --node, the same boot, the host's name */
    const char *option;
    size_t count, boots; /* boots: nodes with the boot id of this host */
    bool agreed;         /* one of those has its name too: it is by_boot */
};

static void forget_nodes(struct nodes *nodes)
{
    ht_row_unref(nodes->named);
    ht_row_unref(nodes->by_boot);
    ht_row_unref(nodes->by_name);
    nodes->named = nodes->by_boot = nodes->by_name = NULL;
}

static void begin_nodes(void *context)
{
    struct nodes *nodes = context;

    forget_nodes(nodes);
    nodes->count = nodes->boots = 0;
    nodes->agreed = false;
}

static void keep(struct ht_row **place, struct ht_row *row)
{
    ht_row_unref(*place);
    *place = ht_row_ref(row);
}

static void take_node(void *context, struct ht_row *row)
{
    struct nodes *nodes = context;
    ht_autorow struct ht_row *owned = row;
    const struct ht_cluster_node *node = ht_cluster_node_of(owned);

    nodes->count++;
    if (node->name.len >= HT_KUBE_NAME_MAX)
        return;
    if (nodes->option && ht_str_is(node->name, nodes->option))
        keep(&nodes->named, owned);
    bool is_named = ht_str_is_nocase(node->name, nodes->hostname);
    if (is_named)
        keep(&nodes->by_name, owned);
    if (!nodes->boot_id[0] || !ht_str_is(node->boot_id, nodes->boot_id))
        return;
    /* Nodes that are containers of one machine have its boot id all. */
    nodes->boots++;
    if (!nodes->agreed)
        keep(&nodes->by_boot, owned);
    nodes->agreed = nodes->agreed || is_named;
}

static void know_this_host(struct nodes *nodes)
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
    ht_autobuf struct ht_buf text = HT_BUF(HT_KUBE_NAME_MAX);
    ht_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (gethostname(nodes->hostname, sizeof(nodes->hostname) - 1) < 0)
        nodes->hostname[0] = '\0';
    if (fd >= 0 && ht_read_fd(fd, path, &text, HT_KUBE_NAME_MAX - 1, NULL) == 0) {
        struct ht_str id = ht_str_trim(ht_buf_str(&text));

        snprintf(nodes->boot_id, sizeof(nodes->boot_id), "%.*s", HT_STR_ARG(id));
    }
}

static void add_missing(struct ht_kube *kube, const char *what, const struct ht_trouble *trouble)
{
    size_t len = strlen(kube->missing);

    snprintf(kube->missing + len, sizeof(kube->missing) - len, "%s%s: %s", len ? "; " : "", what,
             trouble->detail);
}

/* Whether a failure is of this resource alone, so that the rest goes on. */
static bool is_of_resource(int r)
{
    return r == -EACCES || r == -ENOENT;
}

/* The credentials of a kubelet show its own node alone. */
static int ask_for_node(struct ht_kube *kube, const char *name, struct nodes *nodes,
                        struct ht_trouble *trouble)
{
    ht_autobuf struct ht_buf path = HT_BUF(HT_LIMIT_ARG);
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct ht_error err = {0};
    struct ht_row *row;
    int r;

    ht_buf_add_text(&path, "/api/v1/nodes/");
    ht_http_escape(&path, ht_str_from(name));
    r = ht_kube_get(&kube->client, path.data, &answer, trouble);
    if (r < 0)
        return r;
    row = ht_kube_decode_object(ht_buf_str(&answer.body), &err);
    if (!row || ht_row_table(row) != &ht_cluster_node_table) {
        ht_row_unref(row);
        return -ENOENT;
    }
    take_node(nodes, row);
    return 0;
}

static void choose_node(struct ht_kube *kube, struct nodes *nodes)
{
    struct ht_row *found = kube->node_option ? nodes->named
                           : nodes->by_boot  ? nodes->by_boot
                                             : nodes->by_name;

    kube->ambiguous = !kube->node_option && nodes->boots > 1 && !nodes->agreed;
    if (kube->ambiguous)
        found = NULL;
    ht_row_unref(kube->own_node);
    kube->own_node = found ? ht_row_ref(found) : NULL;
    kube->node[0] = '\0';
    if (kube->node_option)
        snprintf(kube->node, sizeof(kube->node), "%s", kube->node_option);
    else if (found)
        snprintf(kube->node, sizeof(kube->node), "%.*s",
                 HT_STR_ARG(ht_cluster_node_of(found)->name));
    else if (!kube->one_node_known)
        snprintf(kube->node, sizeof(kube->node), "%s", nodes->hostname);
}

static int find_node(struct ht_kube *kube, struct ht_trouble *trouble)
{
    struct nodes nodes = {.option = kube->node_option};
    struct list list = {.path = "/api/v1/nodes?",
                        .taker = {.take = take_node, .context = &nodes},
                        .begin = begin_nodes};
    int r;

    kube->feed->at(kube->feed, "listing nodes");
    know_this_host(&nodes);
    /* Node names are host names in small letters, as the kubelet makes them. */
    ht_str_fold(nodes.hostname, strlen(nodes.hostname));
    r = read_list(kube, &list, trouble);
    kube->one_node_known = r == 0;
    kube->nodes = nodes.count;
    if (is_of_resource(r)) {
        add_missing(kube, "nodes", trouble);
        r = ask_for_node(kube, kube->node_option ? kube->node_option : nodes.hostname, &nodes,
                         trouble);
        if (is_of_resource(r))
            r = 0;
    }
    if (r == 0)
        choose_node(kube, &nodes);
    forget_nodes(&nodes);
    return r;
}

/* ---- namespaces, runtime classes ---- */

static void begin_rows(void *context)
{
    ht_rowset_fini(context);
}

static void take_row(void *context, struct ht_row *row)
{
    struct ht_rowset *rows = context;

    if (rows->len >= HT_LIMIT_ROWS)
        ht_row_unref(row);
    else
        ht_rowset_add(rows, row);
}

/* A resource that something is told from, but nothing depends on. 0, or 1 if it was refused. */
static int read_rows(struct ht_kube *kube, const char *path, const char *what,
                     struct ht_rowset *rows, struct ht_trouble *trouble)
{
    struct list list = {
        .path = path, .taker = {.take = take_row, .context = rows}, .begin = begin_rows};
    int r = read_list(kube, &list, trouble);
    bool refused = r == -EACCES;

    /* A kind that the server does not know has no objects. */
    if (refused)
        add_missing(kube, what, trouble);
    if (is_of_resource(r))
        r = refused;
    ht_rowset_sort(rows);
    return r;
}

static int read_served(struct ht_kube *kube, struct ht_trouble *trouble)
{
    int r;

    if (!kube->wants_ingresses)
        return 0;
    kube->feed->at(kube->feed, "listing ingresses");
    r = read_rows(kube, "/apis/networking.k8s.io/v1/ingresses?", "list ingresses.networking.k8s.io",
                  &kube->ingresses, trouble);
    kube->has_ingresses = r == 0;
    if (r < 0)
        return r;
    kube->feed->at(kube->feed, "listing services");
    r = read_rows(kube, "/api/v1/services?", "list services", &kube->services, trouble);
    kube->has_services = r == 0;
    return r;
}

static int read_others(struct ht_kube *kube, struct ht_trouble *trouble)
{
    int r = read_served(kube, trouble);

    if (r < 0)
        return r;

    kube->feed->at(kube->feed, "listing namespaces");
    r = read_rows(kube, "/api/v1/namespaces?", "namespaces", &kube->namespaces, trouble);
    if (r < 0)
        return r;
    kube->feed->at(kube->feed, "listing runtime classes");
    r = read_rows(kube, "/apis/node.k8s.io/v1/runtimeclasses?", "runtime classes",
                  &kube->runtime_classes, trouble);
    return r < 0 ? r : 0;
}

/* ---- what service accounts may do ---- */

static int read_roles(struct ht_kube *kube, const char *path, struct ht_kube_rights *rights,
                      struct ht_trouble *trouble)
{
    ht_autobuf struct ht_buf more = HT_BUF(HT_LIMIT_ARG);
    struct ht_error err = {0};
    int r;

    do {
        ht_autobuf struct ht_buf target = HT_BUF(4 * HT_LIMIT_ARG);
        ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
        ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
        struct ht_str next;

        ht_buf_addf(&target, "/apis/rbac.authorization.k8s.io/v1/%s?&limit=%d", path, PAGE_ITEMS);
        if (more.len) {
            ht_buf_add_text(&target, "&continue=");
            ht_http_escape(&target, ht_buf_str(&more));
        }
        r = ht_kube_get(&kube->client, target.data, &answer, trouble);
        if (r < 0)
            return r;
        r = ht_kube_rights_decode(rights, ht_buf_str(&answer.body), arena, &next, &err);
        ht_buf_reset(&more);
        ht_buf_add_str(&more, next);
        if (r == 0 && ht_buf_is_full(&more))
            r = ht_error_set(&err, EFBIG, "%s: a continuation of more than %d bytes",
                             kube->client.access.server, HT_LIMIT_ARG);
    } while (r == 0 && more.len);
    if (r < 0)
        ht_kube_explain(&err, trouble);
    return r;
}

/* Whether these lists alone fail: what the pods declare is told all the same. */
static bool is_of_lists(int r)
{
    return is_of_resource(r) || r == -E2BIG || r == -EFBIG || r == -ESTALE || r == -EINVAL;
}

/* Without one of the lists nothing is known: what is not in the others may be in it. */
static int read_rights(struct ht_kube *kube, struct ht_trouble *trouble)
{
    static const char *const paths[] = {"clusterroles", "roles", "clusterrolebindings",
                                        "rolebindings"};
    struct ht_kube_rights *rights = ht_kube_rights_new();
    int r = 0;

    kube->feed->at(kube->feed, "listing roles");
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(paths); i++) {
        r = read_roles(kube, paths[i], rights, trouble);
        /* A server without them has another way to grant rights, which is not asked. */
        if (is_of_lists(r) && r != -ENOENT)
            add_missing(kube, paths[i], trouble);
    }
    ht_kube_rights_free(kube->rights);
    kube->rights = r == 0 ? rights : ht_kube_rights_free(rights);
    return is_of_lists(r) ? 0 : r;
}

struct ht_row *ht_kube_with_rights(const struct ht_kube *kube, struct ht_row *row)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_pod pod = *ht_pod_of(row);
    struct ht_row *with;

    if (!kube->rights || !ht_pod_has_namespace(&pod))
        return row;
    ht_pod_set_token_rights(
        &pod,
        ht_kube_rights_of(kube->rights, pod.namespace,
                          pod.service_account.len ? pod.service_account : HT_S("default"), arena));
    with = ht_row_new(&ht_pod_table, &pod);
    ht_row_unref(row);
    return with;
}

/* ---- pods ---- */

struct pods {
    struct ht_kube *kube;
    const struct ht_map *before;
    struct ht_map *now;
    size_t left_out; /* more than a node has */
};

static void unref_visit(void *context, struct ht_str key, void *value)
{
    (void)context;
    (void)key;
    ht_row_unref(value);
}

static struct ht_map *free_rows(struct ht_map *map)
{
    if (map)
        ht_map_each(map, unref_visit, NULL);
    return ht_map_free(map);
}

void ht_kube_forget(struct ht_kube *kube)
{
    kube->pods = free_rows(kube->pods);
    ht_kube_kin_fini(&kube->kin);
    ht_rowset_fini(&kube->namespaces);
    ht_rowset_fini(&kube->runtime_classes);
    kube->rights = ht_kube_rights_free(kube->rights);
    ht_rowset_fini(&kube->ingresses);
    ht_rowset_fini(&kube->services);
    kube->has_ingresses = kube->has_services = false;
    ht_row_unref(kube->own_node);
    kube->own_node = NULL;
    ht_kube_forget_storage(kube);
}

static void begin_pods(void *context)
{
    struct pods *pods = context;

    free_rows(pods->now);
    ht_kube_kin_fini(&pods->kube->kin);
    pods->now = ht_map_new();
    pods->left_out = 0;
}

static void take_pod(void *context, struct ht_row *row)
{
    struct pods *pods = context;
    struct ht_row *before = ht_map_get(pods->before, ht_row_id(row));

    if (ht_map_len(pods->now) >= HT_KUBE_PODS_MAX) {
        pods->left_out++;
        ht_row_unref(row);
        return;
    }
    row = ht_kube_kin_share(&pods->kube->kin, ht_kube_with_rights(pods->kube, row));
    row = ht_row_keep(before, row);
    ht_kube_kin_note(&pods->kube->kin, row);
    ht_row_unref(ht_map_set(pods->now, ht_row_id(row), row));
}

static int read_pods(struct ht_kube *kube, struct ht_trouble *trouble)
{
    ht_autobuf struct ht_buf path = HT_BUF(HT_LIMIT_ARG);
    struct pods pods = {.kube = kube, .before = kube->pods};
    struct list list = {.taker = {.take = take_pod, .context = &pods},
                        .begin = begin_pods,
                        .resource = kube->resource,
                        .resource_size = sizeof(kube->resource)};
    int r;

    if (!kube->node[0])
        return 0;
    kube->feed->at(kube->feed, "listing the pods of this node");
    ht_buf_add_text(&path, "/api/v1/pods?fieldSelector=spec.nodeName%3D");
    ht_http_escape(&path, ht_str_from(kube->node));
    list.path = path.data;
    r = read_list(kube, &list, trouble);
    if (r < 0) {
        free_rows(pods.now);
        return r;
    }
    free_rows(kube->pods);
    kube->pods = pods.now;
    kube->bad = list.bad;
    kube->left_out = pods.left_out;
    return 0;
}

static int read_version(struct ht_kube *kube, struct ht_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_str version;
    int r;

    kube->feed->at(kube->feed, "asking the API server about itself");
    r = ht_kube_get(&kube->client, "/version", &answer, trouble);
    if (is_of_resource(r))
        return 0;
    if (r < 0)
        return r;
    version = ht_kube_decode_version(arena, ht_buf_str(&answer.body));
    if (version.len < sizeof(kube->version))
        snprintf(kube->version, sizeof(kube->version), "%.*s", HT_STR_ARG(version));
    return 0;
}

int ht_kube_pass(struct ht_kube *kube, struct ht_trouble *trouble)
{
    int64_t start = ht_clock_mono(kube->feed->clock);
    int r;

    kube->missing[0] = '\0';
    r = read_version(kube, trouble);
    if (r == 0)
        r = find_node(kube, trouble);
    if (r == 0)
        r = read_others(kube, trouble);
    if (r == 0)
        r = read_rights(kube, trouble);
    if (r == 0)
        r = read_pods(kube, trouble);
    if (r == 0)
        ht_kube_read_storage(kube);
    kube->took_ns = ht_clock_mono(kube->feed->clock) - start;
    kube->next_full_ns = ht_clock_mono(kube->feed->clock) + HT_KUBE_FULL_PASS_NS;
    kube->changed = true;
    if (r == 0)
        kube->answered_at = ht_clock_wall(kube->feed->clock);
    return r;
}

/* ---- telling ---- */

static void add_pod(void *context, struct ht_str key, void *value)
{
    (void)key;
    ht_node_add(context, ht_row_ref(value));
}

static void add_cluster(const struct ht_kube *kube, struct ht_node *sample)
{
    const struct ht_kube_access *access = &kube->client.access;
    struct ht_cluster cluster = {0};

    if (!access->server)
        return;
    ht_cluster_set_id(&cluster, ht_str_from(access->server));
    if (access->cluster)
        ht_cluster_set_name(&cluster, ht_str_from(access->cluster));
    ht_cluster_set_source(&cluster, HT_S("kubernetes"));
    if (kube->version[0])
        ht_cluster_set_version(&cluster, ht_str_from(kube->version));
    if (kube->node[0])
        ht_cluster_set_node(&cluster, ht_str_from(kube->node));
    ht_cluster_set_insecure(&cluster, access->insecure);
    if (kube->one_node_known) {
        ht_cluster_set_one_node(&cluster, kube->nodes == 1);
        ht_cluster_set_nodes(&cluster, kube->nodes);
    }
    if (kube->has_ingresses)
        ht_cluster_set_ingresses(&cluster, kube->ingresses.len);
    if (kube->has_services)
        ht_cluster_set_services(&cluster, kube->services.len);
    if (kube->own_node && ht_cluster_node_has_taints(ht_cluster_node_of(kube->own_node)))
        ht_cluster_set_taints(&cluster, ht_cluster_node_of(kube->own_node)->taints);
    ht_node_add(sample, ht_row_new(&ht_cluster_table, &cluster));
}

static void add_source(const struct ht_kube *kube, struct ht_node *sample,
                       enum ht_source_state state, const char *detail, const char *help)
{
    struct ht_source source = {0};

    ht_source_set_id(&source, HT_S("kubernetes"));
    ht_source_set_name(&source, HT_S("kubernetes"));
    ht_source_set_state(&source, state);
    ht_source_set_detail(&source, ht_str_from(detail));
    ht_source_set_help(&source, ht_str_from(help));
    ht_source_set_interval(&source, HT_KUBE_FULL_PASS_NS);
    if (kube->client.access.server)
        ht_source_set_object(&source, ht_str_from(kube->client.access.server));
    if (kube->answered_at) {
        ht_source_set_answered_at(&source, kube->answered_at);
        ht_source_set_took(&source, kube->took_ns);
        ht_source_set_items(&source, kube->pods ? ht_map_len(kube->pods) : 0);
    }
    ht_node_add(sample, ht_row_new(&ht_source_table, &source));
}

void ht_kube_tell(struct ht_kube *kube, enum ht_source_state state, const char *detail,
                  const char *help)
{
    struct ht_node *sample = ht_node_new(ht_clock_wall(kube->feed->clock));

    add_source(kube, sample, state, detail, help ? help : "");
    add_cluster(kube, sample);
    if (kube->pods)
        ht_map_each(kube->pods, add_pod, sample);
    ht_rowset_share(&sample->sets[HT_TABLE_NAMESPACE], &kube->namespaces);
    ht_rowset_share(&sample->sets[HT_TABLE_RUNTIME_CLASS], &kube->runtime_classes);
    ht_rowset_share(&sample->sets[HT_TABLE_INGRESS], &kube->ingresses);
    ht_rowset_share(&sample->sets[HT_TABLE_SERVICE], &kube->services);
    if (kube->own_node)
        ht_node_add(sample, ht_row_ref(kube->own_node));
    ht_kube_tell_storage(kube, sample);
    ht_node_sort(sample);
    kube->changed = false;
    kube->told_ns = ht_clock_mono(kube->feed->clock);
    kube->feed->publish(kube->feed, sample);
}

void ht_kube_tell_good(struct ht_kube *kube)
{
    char detail[2 * HT_ERROR_TEXT_MAX];

    if (kube->ambiguous)
        ht_kube_tell(kube, HT_SOURCE_STATE_PART,
                     "several nodes have the boot id of this host, and none its name",
                     "name it by --node");
    else if (kube->missing[0])
        ht_kube_tell(kube, HT_SOURCE_STATE_PART, kube->missing,
                     "grant it: hulltop doctor --role prints what is needed");
    else if (kube->watch_refused)
        ht_kube_tell(kube, HT_SOURCE_STATE_PART,
                     "pods: no right to watch them; they are listed once a minute",
                     "grant it: hulltop doctor --role prints what is needed");
    else if (kube->bad) {
        snprintf(detail, sizeof(detail), "%zu pods could not be read", kube->bad);
        ht_kube_tell(kube, HT_SOURCE_STATE_PART, detail, "");
    } else if (kube->left_out) {
        snprintf(detail, sizeof(detail), "%zu pods more than the %d that are kept of a node",
                 kube->left_out, HT_KUBE_PODS_MAX);
        ht_kube_tell(kube, HT_SOURCE_STATE_PART, detail, "");
    } else if (!kube->node[0]) {
        snprintf(detail, sizeof(detail), "%s %s: this host is none of its nodes",
                 kube->client.access.cluster, kube->version);
        ht_kube_tell(kube, HT_SOURCE_STATE_OK, detail, "name it by --node");
    } else {
        snprintf(detail, sizeof(detail), "%s %s, node %s: %zu pods, %zu namespaces",
                 kube->client.access.cluster, kube->version, kube->node, ht_map_len(kube->pods),
                 kube->namespaces.len);
        ht_kube_tell(kube, HT_SOURCE_STATE_OK, detail, "");
    }
}
