/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper.h"

#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* Names as their projects give them, November 2026. */
enum kind {
    VAULT_AGENT,
    VAULT_OPERATOR,
    STORE_CSI,
    EXTERNAL,
    SEALED,
    SOPS,
    FLUX,
    CERT,
    KMS,
    KINDS
};

static const struct keeper {
    const char *kind;
    const char *name;
    enum ht_keeping keeping;
    const char *meaning;
    const char *images[5]; /* last parts of image names */
    const char *group;
    const char *programs[6];
} keepers_known[KINDS] = {
    [VAULT_AGENT] = {"vault-agent",
                     "HashiCorp Vault",
                     HT_KEEPING_OUTSIDE,
                     "What its agent puts into a pod lies in the pod's memory alone.",
                     {"vault", "vault-k8s", "vault-enterprise", "openbao"},
                     NULL,
                     {"vault", "vault-k8s", "bao"}},
    [VAULT_OPERATOR] = {"vault-secrets-operator",
                        "Vault Secrets Operator",
                        HT_KEEPING_INSIDE,
                        "What it fetches becomes Secrets: the datastore has the values.",
                        {"vault-secrets-operator"},
                        "secrets.hashicorp.com",
                        {"vault-secrets-operator"}},
    [STORE_CSI] = {"secrets-store-csi",
                   "Secrets Store CSI driver",
                   HT_KEEPING_UNCLEAR,
                   "It mounts values from elsewhere into pods; with secretObjects it copies them "
                   "into Secrets, and so into the datastore.",
                   {"driver", "secrets-store-csi-driver", "csi-secrets-store"},
                   "secrets-store.csi.x-k8s.io",
                   {"secrets-store-csi", "secrets-store-csi-driver"}},
    [EXTERNAL] = {"external-secrets",
                  "External Secrets",
                  HT_KEEPING_INSIDE,
                  "What it fetches becomes Secrets: the datastore has the values.",
                  {"external-secrets", "kubernetes-external-secrets"},
                  "external-secrets.io",
                  {"external-secrets"}},
    [SEALED] = {"sealed-secrets",
                "Sealed Secrets",
                HT_KEEPING_INSIDE,
                "Files in git are safe. The datastore has the values, and the private key that "
                "opens all of these files.",
                {"sealed-secrets-controller", "sealed-secrets"},
                "bitnami.com",
                {"sealed-secrets-controller"}},
    [SOPS] = {"sops",
              "SOPS operator",
              HT_KEEPING_INSIDE,
              "Files in git are safe. What it decrypts becomes Secrets in the datastore.",
              {"sops-secrets-operator"},
              "isindir.github.com",
              {"sops-secrets-operator"}},
    [FLUX] = {"flux",
              "Flux, which can decrypt SOPS",
              HT_KEEPING_INSIDE,
              "Files in git may be safe. What it decrypts becomes Secrets in the datastore.",
              {"kustomize-controller"},
              "kustomize.toolkit.fluxcd.io",
              {"kustomize-controller"}},
    [CERT] = {"cert-manager",
              "cert-manager",
              HT_KEEPING_INSIDE,
              "Private keys of certificates are Secrets in the datastore.",
              {"cert-manager-controller"},
              "cert-manager.io",
              {NULL}},
    [KMS] = {"kms-plugin",
             "KMS plugin",
             HT_KEEPING_KEY,
             "The datastore has the values, encrypted; the key that opens them is elsewhere.",
             {"aws-encryption-provider", "kms", "k8s-cloudkms-plugin", "kubernetes-kms",
              "vault-kubernetes-kms"},
             NULL,
             {"aws-encryption-provider", "k8s-cloudkms-plugin", "kubernetes-kms",
              "azurekeyvault-kms", "vault-kubernetes-kms", "k8s-kms-plugin"}},
};

static void see(struct ht_keepers *keepers, enum kind kind, struct ht_str sign)
{
    size_t len = keepers->signs[kind].len;

    for (size_t i = 0; i < len; i++) {
        if (ht_str_equal(keepers->signs[kind].items[i], sign))
            return;
    }
    if (len < HT_KEEPER_SIGNS) {
        keepers->signs[kind].items[len] = ht_arena_str(keepers->arena, sign);
        keepers->signs[kind].len = len + 1;
    }
}

static bool is_one_of(struct ht_str text, const char *const *names, size_t len)
{
    for (size_t i = 0; i < len && names[i]; i++) {
        if (ht_str_is(text, names[i]))
            return true;
    }
    return false;
}

/* registry:5000/path/NAME:tag@digest: NAME, and in ret_before the part in front of it. */
static struct ht_str image_name(struct ht_str image, struct ht_str *ret_before)
{
    ptrdiff_t at = ht_str_find_byte(image, '@');
    struct ht_str name = at < 0 ? image : ht_str_sub(image, 0, (size_t)at);
    ptrdiff_t slash = ht_str_rfind_byte(name, '/');
    struct ht_str before = slash < 0 ? (struct ht_str){0} : ht_str_sub(name, 0, (size_t)slash);

    name = ht_str_sub(name, (size_t)(slash + 1), SIZE_MAX);
    at = ht_str_find_byte(name, ':');
    slash = ht_str_rfind_byte(before, '/');
    *ret_before = ht_str_sub(before, (size_t)(slash + 1), SIZE_MAX);
    return at < 0 ? name : ht_str_sub(name, 0, (size_t)at);
}

void ht_keepers_see_image(struct ht_keepers *keepers, struct ht_str image, struct ht_str pod)
{
    struct ht_str before, name = image_name(image, &before);

    for (enum kind i = 0; i < KINDS; i++) {
        if (!is_one_of(name, keepers_known[i].images, ARRAY_LEN(keepers_known[i].images)))
            continue;
        /* Names that many have. */
        if (ht_str_is(name, "driver") && !ht_str_is(before, "csi-secrets-store"))
            continue;
        if (ht_str_is(name, "kms") && !ht_str_is(before, "kubernetes") &&
            !ht_str_is(before, "azure"))
            continue;
        see(keepers, i,
            ht_arena_strf(keepers->arena, "pod %.*s runs %.*s", HT_STR_ARG(pod),
                          HT_STR_ARG(image)));
    }
}

void ht_keepers_see_annotation(struct ht_keepers *keepers, const struct ht_pair *annotation,
                               struct ht_str pod)
{
    bool asks = false;

    if ((ht_str_is(annotation->key, "vault.hashicorp.com/agent-inject") ||
         ht_str_is(annotation->key, "openbao.org/agent-inject")) &&
        ht_parse_bool(annotation->value, &asks) == 0 && asks)
        see(keepers, VAULT_AGENT,
            ht_arena_strf(keepers->arena, "pod %.*s asks for it (%.*s)", HT_STR_ARG(pod),
                          HT_STR_ARG(annotation->key)));
}

void ht_keepers_see_group(struct ht_keepers *keepers, struct ht_str group)
{
    for (enum kind i = 0; i < KINDS; i++) {
        if (keepers_known[i].group && ht_str_is(group, keepers_known[i].group))
            see(keepers, i, ht_arena_strf(keepers->arena, "API group %.*s", HT_STR_ARG(group)));
    }
}

bool ht_keeper_is_program(struct ht_str program)
{
    for (enum kind i = 0; i < KINDS; i++) {
        if (is_one_of(program, keepers_known[i].programs, ARRAY_LEN(keepers_known[i].programs)))
            return true;
    }
    return false;
}

void ht_keepers_see_program(struct ht_keepers *keepers, struct ht_str program, uint64_t pid)
{
    for (enum kind i = 0; i < KINDS; i++) {
        if (is_one_of(program, keepers_known[i].programs, ARRAY_LEN(keepers_known[i].programs)))
            see(keepers, i,
                ht_arena_strf(keepers->arena, "process %llu, %.*s", (unsigned long long)pid,
                              HT_STR_ARG(program)));
    }
}

void ht_keepers_see_kms(struct ht_keepers *keepers, struct ht_str sign)
{
    see(keepers, KMS, sign);
}

void ht_keepers_see_driver(struct ht_keepers *keepers, struct ht_str path)
{
    see(keepers, STORE_CSI, ht_arena_strf(keepers->arena, "socket %.*s", HT_STR_ARG(path)));
}

/* ---- what the API says ---- */

bool ht_keepers_decode_groups(struct ht_keepers *keepers, struct ht_str text)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    const struct ht_json *root = ht_json_parse(arena, "kubernetes", text, NULL);
    const struct ht_json *groups = ht_json_get(root, "groups");

    if (!ht_json_is_array(groups))
        return false;
    for (size_t i = 0; i < groups->len; i++) {
        struct ht_str name;

        if (ht_json_string(ht_json_get(&groups->items[i], "name"), &name))
            ht_keepers_see_group(keepers, name);
    }
    return true;
}

bool ht_keepers_decode_classes(struct ht_keepers *keepers, struct ht_str text)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    const struct ht_json *root = ht_json_parse(arena, "kubernetes", text, NULL);
    const struct ht_json *items = ht_json_get(root, "items");
    struct ht_str more = {0};

    if (!ht_json_is_array(items))
        return false;
    for (size_t i = 0; i < items->len; i++) {
        const struct ht_json *objects =
            ht_json_path(&items->items[i], "spec", "secretObjects", NULL);

        keepers->copies = keepers->copies || (ht_json_is_array(objects) && objects->len > 0);
    }
    /* One that was not seen may copy. */
    ht_json_string(ht_json_path(root, "metadata", "continue", NULL), &more);
    keepers->has_classes = more.len == 0 || keepers->copies;
    return true;
}

bool ht_keepers_has_driver(const struct ht_keepers *keepers)
{
    return keepers->signs[STORE_CSI].len > 0;
}

/* ---- rows ---- */

static enum ht_keeping keeping_of(const struct ht_keepers *keepers, enum kind kind)
{
    if (kind != STORE_CSI || !keepers->has_classes)
        return keepers_known[kind].keeping;
    return keepers->copies ? HT_KEEPING_INSIDE : HT_KEEPING_OUTSIDE;
}

void ht_keepers_tell(const struct ht_keepers *keepers, const char *source, struct ht_node *sample)
{
    for (enum kind i = 0; i < KINDS; i++) {
        struct ht_keeper row = {0};

        if (keepers->signs[i].len == 0)
            continue;
        ht_keeper_set_id(&row,
                         ht_arena_strf(keepers->arena, "%s:%s", source, keepers_known[i].kind));
        ht_keeper_set_kind(&row, ht_str_from(keepers_known[i].kind));
        ht_keeper_set_name(&row, ht_str_from(keepers_known[i].name));
        ht_keeper_set_source(&row, ht_str_from(source));
        ht_keeper_set_keeping(&row, keeping_of(keepers, i));
        ht_keeper_set_meaning(&row, ht_str_from(keepers_known[i].meaning));
        ht_keeper_set_signs(&row, (struct ht_text_list){.items = keepers->signs[i].items,
                                                        .len = keepers->signs[i].len});
        ht_node_add(sample, ht_row_new(&ht_keeper_table, &row));
    }
}
