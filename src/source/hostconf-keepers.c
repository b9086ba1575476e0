/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tools that keep secrets, by their processes and sockets on this node. The socket of a KMS plugin
 * is the one that the encryption configuration names; whether somebody listens there the kernel's
 * table of sockets tells.
 */
#include "encryption-private.h"
#include "hostconf-private.h"
#include "keeper.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { PATH_LIMIT = 4096, SOCKETS_MAX = 16 };

/* ---- the kernel's table ---- */

/* "Num RefCount Protocol Flags Type St Inode Path"; 00010000 is what waits for others. */
static uint64_t inode_of_listener(struct ht_str table, struct ht_str path)
{
    struct ht_str line;

    while (ht_str_next(&table, '\n', &line)) {
        struct ht_str rest = line, word, inode = {0};
        bool listens = false;

        for (int i = 0; i < 7 && ht_str_next(&rest, ' ', &word);) {
            if (word.len == 0)
                continue;
            listens = i == 3 ? ht_str_is(word, "00010000") : listens;
            inode = i == 6 ? word : inode;
            i++;
        }

        uint64_t number;
        if (listens && ht_str_equal(ht_str_trim(rest), path) && ht_parse_u64(inode, &number) == 0)
            return number;
    }
    return 0;
}

/* ---- whose it is ---- */

struct wanted {
    uint64_t inode;
    const struct ht_hostconf_process *owner;
};

static void compare(void *context, const struct ht_hostconf_process *process, uint64_t inode)
{
    struct wanted *wanted = context;

    if (inode == wanted->inode)
        wanted->owner = process;
}

static const struct ht_hostconf_process *owner_of(struct ht_hostconf_pass *pass, uint64_t inode)
{
    struct wanted wanted = {.inode = inode};

    for (size_t i = 0; i < pass->processes_len && !wanted.owner; i++) {
        if (pass->processes[i].is_keeper)
            (void)ht_hostconf_walk_sockets(pass, &pass->processes[i], compare, &wanted);
    }
    return wanted.owner;
}

/* ---- plugins ---- */

static void look_at_plugin(struct ht_hostconf_pass *pass, struct ht_keepers *keepers,
                           const struct ht_kms *kms, struct ht_str table)
{
    struct ht_str path = kms->endpoint;
    const struct ht_hostconf_process *owner;
    ht_autobuf struct ht_buf sign = HT_BUF(PATH_LIMIT);
    uint64_t inode;
    struct stat st;

    path = ht_str_sub(path, sizeof("unix:") - 1, SIZE_MAX);
    while (ht_str_has_prefix(path, "//"))
        path = ht_str_sub(path, 1, SIZE_MAX);
    ht_autofree char *name = ht_strndup(path.data, path.len);
    inode = inode_of_listener(table, path);
    owner = inode ? owner_of(pass, inode) : NULL;
    ht_buf_addf(&sign, "plugin ");
    ht_buf_add_str(&sign, kms->name);
    ht_buf_add_text(&sign, ", socket ");
    ht_buf_add_str(&sign, path);
    if (inode && owner)
        ht_buf_addf(&sign, ": process %llu listens", (unsigned long long)owner->pid);
    else if (inode)
        ht_buf_add_text(&sign, ": somebody listens");
    else if (ht_root_stat(pass->root, name, &st, NULL) < 0)
        ht_buf_add_text(&sign, ": not there as the node sees it");
    else if (!S_ISSOCK(st.st_mode))
        ht_buf_add_text(&sign, ": there, and no socket");
    else
        ht_buf_add_text(&sign, table.len ? ": nobody listens" : ": there");
    ht_keepers_see_kms(keepers, ht_buf_str(&sign));
}

void ht_hostconf_note_plugins(struct ht_hostconf_pass *pass, struct ht_str text)
{
    struct ht_provider_config config = {0};
    ht_autobuf struct ht_buf table = HT_BUF(HT_LIMIT_PROC_FILE);
    size_t seen = 0;

    if (ht_encryption_read(text, pass->scratch, &config, NULL) < 0)
        return;
    (void)ht_root_read(pass->proc, "proc/1/net/unix", &table, HT_LIMIT_PROC_FILE, NULL);
    for (size_t i = 0; i < config.len; i++) {
        for (size_t j = 0; j < config.entries[i].providers_len; j++) {
            const struct ht_provider *provider = &config.entries[i].providers[j];

            if (provider->found & 1U << HT_PROVIDER_KMS && seen++ < SOCKETS_MAX &&
                ht_str_has_prefix(provider->kms.endpoint, "unix:"))
                look_at_plugin(pass, pass->keepers, &provider->kms, ht_buf_str(&table));
        }
    }
}

void ht_hostconf_find_keepers(struct ht_hostconf_pass *pass)
{
    static const char *const sockets[] = {
        "/var/lib/kubelet/plugins/csi-secrets-store/csi.sock",
        "/var/lib/kubelet/plugins/secrets-store.csi.k8s.io/csi.sock",
        "/var/lib/kubelet/plugins_registry/secrets-store.csi.k8s.io-reg.sock",
    };
    struct stat st;

    for (size_t i = 0; i < ARRAY_LEN(sockets); i++) {
        if (ht_root_lstat(pass->root, sockets[i], &st, NULL) == 0)
            ht_keepers_see_driver(pass->keepers, ht_str_from(sockets[i]));
    }
    for (size_t i = 0; i < pass->processes_len; i++) {
        const struct ht_hostconf_process *process = &pass->processes[i];

        if (process->is_keeper && !process->by_name)
            ht_keepers_see_program(pass->keepers, process->name, process->pid);
    }
    ht_keepers_tell(pass->keepers, "hostconf", pass->sample);
}
