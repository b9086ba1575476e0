/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tools that keep secrets are known by what others cannot have by chance, and judged by where the
 * values are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/keeper.h"

enum { ARENA = 1024 * 1024 };

static const struct ht_keeper *find(const struct ht_node *node, const char *kind)
{
    const struct ht_rowset *set = ht_node_set(node, HT_TABLE_KEEPER);

    for (size_t i = 0; i < set->len; i++) {
        if (ht_str_is(ht_keeper_of(set->rows[i])->kind, kind))
            return ht_keeper_of(set->rows[i]);
    }
    return NULL;
}

static const struct {
    const char *image;
    const char *kind; /* NULL: none of them */
} images[] = {
    {"hashicorp/vault:1.15", "vault-agent"},
    {"docker.io/hashicorp/vault-k8s@sha256:ab", "vault-agent"},
    {"ghcr.io/external-secrets/external-secrets:v0.9", "external-secrets"},
    {"registry:5000/x/sealed-secrets-controller", "sealed-secrets"},
    {"registry.k8s.io/csi-secrets-store/driver:v1.4.0", "secrets-store-csi"},
    {"registry.k8s.io/sig-storage/driver:v1", NULL},
    {"quay.io/jetstack/cert-manager-controller:v1.13.1", "cert-manager"},
    {"mcr.microsoft.com/oss/azure/kms/keyvault:v0.5", NULL},
    {"mcr.microsoft.com/oss/azure/kms:v0.5", "kms-plugin"},
    {"acme/kms:1", NULL},
    {"acme/vault-of-wines:1", NULL},
    {"", NULL},
};

static void images_tell_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(images); i++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA);
        struct ht_keepers keepers = {.arena = arena};
        struct ht_node *node = ht_node_new(1);

        ht_keepers_see_image(&keepers, ht_str_from(images[i].image), HT_S("ns/pod"));
        ht_keepers_tell(&keepers, "kubernetes", node);
        if (images[i].kind ? !find(node, images[i].kind)
                           : ht_node_set(node, HT_TABLE_KEEPER)->len > 0)
            fail_msg("%s", images[i].image);
        ht_node_unref(node);
    }
}

static enum ht_keeping keeping(const char *classes)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA);
    struct ht_keepers keepers = {.arena = arena};
    struct ht_node *node = ht_node_new(1);
    enum ht_keeping keeping;

    assert_true(ht_keepers_decode_groups(
        &keepers, HT_S("{\"groups\":[{\"name\":\"apps\"},{\"name\":7},"
                       "{\"name\":\"secrets-store.csi.x-k8s.io\"},{\"name\":\"bitnami.com\"}]}")));
    if (classes)
        assert_true(ht_keepers_decode_classes(&keepers, ht_str_from(classes)));
    ht_keepers_tell(&keepers, "kubernetes", node);
    assert_int_equal(find(node, "sealed-secrets")->keeping, HT_KEEPING_INSIDE);
    assert_null(find(node, "external-secrets"));
    keeping = find(node, "secrets-store-csi")->keeping;
    ht_node_unref(node);
    return keeping;
}

/* The driver alone keeps values out; told to, it copies them. */
static void what_the_driver_copies_decides(void **state)
{
    (void)state;
    assert_int_equal(keeping(NULL), HT_KEEPING_UNCLEAR);
    assert_int_equal(keeping("{\"items\":[]}"), HT_KEEPING_OUTSIDE);
    assert_int_equal(keeping("{\"items\":[{\"spec\":{\"provider\":\"vault\"}}]}"),
                     HT_KEEPING_OUTSIDE);
    assert_int_equal(keeping("{\"items\":[{\"spec\":{\"secretObjects\":[]}}]}"),
                     HT_KEEPING_OUTSIDE);
    assert_int_equal(keeping("{\"items\":[{\"spec\":{}},{\"spec\":{\"secretObjects\":[{}]}}]}"),
                     HT_KEEPING_INSIDE);
    /* There are more than were seen. */
    assert_int_equal(keeping("{\"items\":[{\"spec\":{}}],\"metadata\":{\"continue\":\"x\"}}"),
                     HT_KEEPING_UNCLEAR);
}

static void other_answers_are_refused(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA);
    struct ht_keepers keepers = {.arena = arena};

    (void)state;
    assert_false(ht_keepers_decode_groups(&keepers, HT_S("")));
    assert_false(ht_keepers_decode_groups(&keepers, HT_S("{\"groups\":{}}")));
    assert_false(ht_keepers_decode_groups(&keepers, HT_S("[]")));
    assert_false(ht_keepers_decode_classes(&keepers, HT_S("{\"kind\":\"Status\"}")));
    assert_false(keepers.has_classes);
}

static void signs_are_told_once_and_have_an_end(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA);
    struct ht_keepers keepers = {.arena = arena};
    struct ht_node *node = ht_node_new(1);

    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        ht_keepers_see_program(&keepers, HT_S("vault"), i / 2);
        ht_keepers_see_kms(&keepers, HT_S("plugin vault, socket /run/kms.sock: nobody listens"));
    }
    ht_keepers_tell(&keepers, "hostconf", node);
    assert_int_equal(find(node, "vault-agent")->signs.len, HT_KEEPER_SIGNS);
    assert_int_equal(find(node, "kms-plugin")->signs.len, 1);
    assert_int_equal(find(node, "kms-plugin")->keeping, HT_KEEPING_KEY);
    assert_true(ht_keeper_is_program(HT_S("aws-encryption-provider")));
    assert_false(ht_keeper_is_program(HT_S("bash")));
    ht_node_unref(node);
}

static void only_a_true_annotation_asks(void **state)
{
    static const char *const values[] = {"false", "", "0", "maybe", "true"};
    struct ht_keepers keepers = {.arena = ht_arena_new(HT_LIMIT_DOCUMENT)};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct ht_node *node = ht_node_new(0);
        const struct ht_pair pair = {.key = HT_S("vault.hashicorp.com/agent-inject"),
                                     .value = ht_str_from(values[i])};

        ht_keepers_see_annotation(&keepers, &pair, HT_S("ns/pod"));
        ht_keepers_tell(&keepers, "kubernetes", node);
        assert_int_equal(ht_node_set(node, HT_TABLE_KEEPER)->len, i == 4);
        ht_node_unref(node);
    }
    ht_arena_free(keepers.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_tell_them),
        cmocka_unit_test(what_the_driver_copies_decides),
        cmocka_unit_test(other_answers_are_refused),
        cmocka_unit_test(only_a_true_annotation_asks),
        cmocka_unit_test(signs_are_told_once_and_have_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
