/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the kubelet proves who it is: its keys, whether they are made anew, what it joined with. */
#include <errno.h>
#include <string.h>

#include "hostconf-private.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* The key lies in one file with its certificate, or beside it. */
static const char *const keys[] = {"kubelet-client-current.pem", "kubelet-client.key",
                                   "kubelet.key"};

enum { OTHERS = 0077 };

/* Whether a key is open to more than the one that is told. */
static bool is_worse(const struct stat *st, const struct ht_kubelet *row)
{
    bool is_open = (st->st_mode & OTHERS) || st->st_uid != 0;
    bool was_open = (row->key_mode & OTHERS) || row->key_uid != 0;

    if (!ht_kubelet_has_key_mode(row) || is_open != was_open)
        return !ht_kubelet_has_key_mode(row) || is_open;
    return (st->st_mode & OTHERS & ~row->key_mode) != 0;
}

static void look_keys(struct ht_hostconf_pass *pass, struct ht_str folder, struct ht_kubelet *row)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct ht_str path = ht_arena_strf(pass->arena, "%.*s/%s", HT_STR_ARG(folder), keys[i]);
        struct stat st;

        if (ht_root_stat(pass->root, path.data, &st, NULL) < 0 || !S_ISREG(st.st_mode) ||
            !is_worse(&st, row))
            continue;
        ht_kubelet_set_key(row, path);
        ht_kubelet_set_key_mode(row, st.st_mode & 07777);
        ht_kubelet_set_key_uid(row, st.st_uid);
    }
}

/* A file that it joined the cluster with, as long as a token is in it. */
static void look_bootstrap(struct ht_hostconf_pass *pass, struct ht_str path,
                           struct ht_kubelet *row)
{
    ht_autofree char *name = ht_strndup(path.data, path.len);
    struct ht_str text;
    struct stat st;

    if (ht_hostconf_read(pass, path, &text, NULL))
        ht_kubelet_set_bootstrap(row, ht_str_find(text, HT_S("token"), 0) >= 0 ? path : HT_S(""));
    else if (ht_root_stat(pass->root, name, &st, NULL) == -ENOENT)
        ht_kubelet_set_bootstrap(row, HT_S(""));
}

void ht_hostconf_add_kubelet(struct ht_hostconf_pass *pass,
                             const struct ht_hostconf_kubelet *kubelet)
{
    struct ht_kubelet row = {0};

    ht_kubelet_set_id(&row, HT_S("kubelet"));
    if (kubelet->process)
        ht_kubelet_set_pid(&row, kubelet->process->pid);
    if (kubelet->is_known) {
        ht_kubelet_set_rotates(&row, kubelet->rotates);
        ht_kubelet_set_serving_rotates(&row, kubelet->serving_rotates || kubelet->has_certificate);
    }
    look_keys(pass, kubelet->folder.len ? kubelet->folder : HT_S("/var/lib/kubelet/pki"), &row);
    look_bootstrap(pass,
                   kubelet->bootstrap.len ? ht_arena_str(pass->arena, kubelet->bootstrap)
                                          : HT_S("/etc/kubernetes/bootstrap-kubelet.conf"),
                   &row);
    ht_node_add(pass->sample, ht_row_new(&ht_kubelet_table, &row));
}
