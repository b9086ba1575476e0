/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEC-025: a store elsewhere whose values are in the datastore all the same. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"
#include "sec-stored.h"

/* Plaintext secrets of this node's datastores; false: none is known in full. */
static bool find_plaintext(struct ht_checking *checking, uint64_t *ret_count)
{
    const struct ht_rowset *stores = ht_node_set(ht_checking_node(checking), HT_TABLE_DATASTORE);
    uint64_t count = 0;
    bool known = false;

    for (size_t i = 0; i < stores->len; i++) {
        const struct ht_datastore *store = ht_datastore_of(stores->rows[i]);
        const struct ht_stored *secrets = ht_stored_find(store, "secrets");

        if (ht_datastore_has_lone(store) && store->lone)
            continue;
        known = known || (ht_datastore_has_stored(store) && store->exact);
        count += secrets ? secrets->plaintext : 0;
    }
    *ret_count = count;
    return known || count > 0;
}

static void look_copied(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_keeper *keeper = ht_keeper_of(row);
    uint64_t plaintext;

    if (!ht_keeper_has_keeping(keeper) || keeper->keeping == HT_KEEPING_UNCLEAR) {
        ht_unknown(checking, "kubernetes", "whether the store copies what it mounts is not known",
                   "hulltop doctor --role prints the right that is needed");
        return;
    }
    if (keeper->keeping != HT_KEEPING_INSIDE)
        return;
    if (!find_plaintext(checking, &plaintext)) {
        ht_unknown(checking, "datastore", "what lies in the datastore is not known here",
                   "look on a control plane node");
        return;
    }
    if (plaintext == 0)
        return;

    struct ht_finding *finding = ht_fire(checking, keeper->kind);
    ht_fire_title(checking, finding, "%.*s is used, and what it brings lies in the datastore",
                  HT_STR_ARG(keeper->name));
    ht_fire_evidence(checking, finding, "keeper", "meaning", keeper->meaning);
    for (size_t i = 0; i < keeper->signs.len; i++)
        ht_fire_evidence(checking, finding, "keeper", "known by", keeper->signs.items[i]);
    ht_fire_evidencef(checking, finding, "datastore", "plaintext secrets", "%llu",
                      (unsigned long long)plaintext);
}

static const struct ht_check checks[] = {
    {.id = "SEC-025",
     .question = 5,
     .scope = HT_TABLE_KEEPER,
     .reads = HT_READS(DATASTORE),
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A store elsewhere is used, and its values lie in the datastore too",
     .condition =
         "A tool is seen that makes Secrets of what it fetches or decrypts, and secrets of "
         "the datastore are in plaintext.",
     .why = "The store elsewhere protects nothing that was copied: whoever reads the datastore "
            "reads it.",
     .fix =
         "Encrypt the datastore, or mount values without copying them (Secrets Store CSI without "
         "secretObjects, an agent that writes into the pod's memory).",
     .needs = HT_TEXTS("kubernetes", "hostconf", "datastore"),
     .references = HT_TEXTS("CIS Kubernetes 1.12 5.4.2", "Kubescape C-0208", "Kubescape C-0234"),
     .other_causes = HT_TEXTS("copies that are wanted, in an encrypted datastore"),
     .run = look_copied},
};

const struct ht_check_group ht_checks_sec_keepers = {.checks = checks, .count = ARRAY_LEN(checks)};
