/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files that make up the fact tables. Layer 3 (check), private. */
#ifndef HT_CHECK_FACTS_PRIVATE_H
#define HT_CHECK_FACTS_PRIVATE_H

#include "facts-read.h"
#include "hulltop/check/facts.h"

/* Where a path lies as seen from a pattern. */
enum relation {
    RELATION_NONE,
    RELATION_SAME,
    RELATION_BELOW, /* path lies inside what the pattern names */
    RELATION_ABOVE, /* path contains it */
};

/* Compares element by element; a * in the pattern stays within one. */
enum relation ht_path_relation(struct ht_str pattern, struct ht_str path);

struct facts_capabilities {
    struct ht_str source, date;
    struct fact_list capabilities; /* struct ht_fact_capability */
    struct fact_list defaults;     /* struct default_set */
    struct ht_text_list wide;
};
struct default_set {
    struct ht_str runtime;
    struct ht_text_list names;
};
struct facts_paths {
    struct ht_str source, date;
    struct fact_list lists[HT_FACT_PATHS_COUNT]; /* struct ht_fact_path */
    struct fact_list devices;
    struct ht_text_list benign;
};
struct facts_sockets {
    struct ht_str source, date;
    struct fact_list sockets; /* struct ht_fact_socket */
    struct fact_list names;   /* struct socket_name */
};
struct socket_name {
    struct ht_str name;
    struct ht_str kind;
};
struct facts_masks {
    struct ht_str source, date;
    struct fact_list masked; /* struct ht_fact_mask */
    struct fact_list readonly;
};
struct facts_runtimes {
    struct ht_str source, date;
    struct fact_list runtimes; /* struct ht_fact_runtime */
};
struct facts_sysctls {
    struct ht_str source, date;
    struct fact_list safe; /* struct safe_sysctl */
};
struct safe_sysctl {
    struct ht_str name;
    struct ht_str since;
};
struct facts_support {
    struct ht_str source, date;
    struct fact_list cycles; /* struct ht_fact_cycle */
};
struct facts_stack {
    struct ht_str source, date;
    struct ht_text_list components;
    struct fact_list holes; /* struct ht_fact_hole */
};
struct facts_builders {
    struct ht_str source, date;
    struct fact_list systems;    /* struct ht_fact_builder */
    struct fact_list clients;    /* struct ht_fact_client */
    struct fact_list neighbours; /* struct ht_fact_neighbour */
    struct fact_list versions;   /* struct ht_fact_version */
    struct ht_text_list others, untrusted, credentials, credential_files;
};
struct facts_programs {
    struct ht_str source, date;
    struct fact_list managers; /* struct ht_fact_manager */
    struct ht_text_list lists[HT_FACT_PROGRAMS_COUNT];
};
struct facts_miners {
    struct ht_str source, date;
    struct ht_text_list names, others, arguments, pools, targets, payees, ports;
};
struct facts_injectors {
    struct ht_str source, date;
    struct fact_list injectors; /* struct ht_fact_injector */
};
struct facts_expected {
    struct ht_str source, date;
    struct fact_list workloads; /* struct ht_fact_workload */
};

struct ht_facts {
    struct ht_arena *arena;
    struct facts_capabilities capabilities;
    struct facts_paths paths;
    struct facts_sockets sockets;
    struct facts_masks masks;
    struct facts_runtimes runtimes;
    struct facts_sysctls sysctls;
    struct facts_support support;
    struct facts_stack stack;
    struct facts_builders builders;
    struct facts_programs programs;
    struct facts_miners miners;
    struct facts_expected expected;
    struct facts_injectors injectors;
    const struct ht_fact_capability *by_bit[64];
    uint64_t default_any; /* what any runtime gives */
    uint64_t wide;
    const struct ht_allowed *allowed; /* borrowed */
    size_t allowed_len;
};

/* One table: its file, its shape and where it lies in struct ht_facts. */
struct fact_table {
    const char *file;
    const struct fact_shape *shape;
    size_t offset;
};

/* The tables, ended by a NULL file. */
const struct fact_table *ht_fact_tables(void);

#endif
