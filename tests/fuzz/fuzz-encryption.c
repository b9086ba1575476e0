/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An EncryptionConfiguration is refused with a reason or has a rule for secrets; no key of the
 * file's is in what comes out. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "src/source/encryption-config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    struct ht_encryption encryption = {0};

    ht_encryption_decode((struct ht_str){.data = (const char *)data, .len = size}, size % 2, arena,
                         &encryption);
    require(ht_encryption_has_valid(&encryption));
    require(encryption.valid == !ht_encryption_has_error(&encryption));
    require(encryption.valid == (ht_encryption_rule_of(&encryption, "secrets") != NULL));
    for (size_t i = 0; encryption.valid && i < encryption.rules.len; i++) {
        const struct ht_encryption_rule *rule = &encryption.rules.items[i];

        require(ht_encryption_rule_has_writes(rule));
        require(ht_str_is(rule->writes, "plaintext") == !ht_encryption_rule_has_key(rule));
    }
    return 0;
}
