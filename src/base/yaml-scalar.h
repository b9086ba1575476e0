/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layer 1 (base), private; pure. */
#ifndef HT_BASE_YAML_SCALAR_H
#define HT_BASE_YAML_SCALAR_H

#include "hulltop/base/json.h"

/* What a plain scalar stands for in YAML 1.1, as Kubernetes' tools read it; a text is borrowed. */
void ht_yaml_scalar(struct ht_str text, struct ht_json *ret);

#endif
