/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process as the checks of behaviour see it. Layer 3 (check), private. */
#ifndef HT_CHECK_DRF_LIVE_H
#define HT_CHECK_DRF_LIVE_H

#include "hulltop/check/checking.h"

struct live {
    struct ht_checking *checking;
    const struct ht_facts *facts;
    const struct ht_process *process;
    struct ht_str program; /* path of the file that runs, or the applet that it is called as */
    struct ht_str name;    /* its last element */
    bool on_host;          /* of no container */
};

/* Fills live. False: it is none of those that are judged (kernel threads; processes of the node
 * unless host is set), or what it runs is not known, which is said. */
bool ht_live_open(struct ht_checking *checking, const struct ht_row *row, bool host,
                  struct live *live);
/* The same without asking what it runs. */
bool ht_live_peek(struct ht_checking *checking, const struct ht_row *row, bool host,
                  struct live *live);
bool ht_live_is(const struct live *live, enum ht_fact_programs list);
/* Path of what another process runs, as above; its name where that is all that is known. */
struct ht_str ht_live_program(const struct ht_process *process);
/* Which of its words is the first behind its program's name ("busybox sh -c": the third). */
size_t ht_live_words(const struct ht_process *process);
/* Whether it is the first process of its container. */
bool ht_live_is_first(const struct live *live);
/* Its parent, or NULL. */
const struct ht_process *ht_live_parent(const struct live *live);
/* Where the file that it runs comes from; false where nobody told. */
bool ht_live_origin(const struct live *live, enum ht_code_origin *ret_origin);
/* The same of code of that kind and path in its container. */
bool ht_live_origin_of(const struct live *live, enum ht_code_kind kind, struct ht_str path,
                       enum ht_code_origin *ret_origin);
/* Begins a finding about it: the object is its program's name. On the node the subject is the unit
 * or session, and the title begins with HOST. */
struct ht_finding *ht_live_fire(const struct live *live, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Evidence: what runs, its command line, its parents, who began it. */
void ht_live_show(const struct live *live, struct ht_finding *finding);

#endif
