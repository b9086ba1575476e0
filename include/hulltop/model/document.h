/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two documents: node (hulltop-node/1) and report (hulltop/1), and recordings.
 * Layer 2 (model). Everything here goes by the field tables; any thread, one per object.
 *
 * A node is lossless for everything that checks read.  A report is the answer for people and
 * scripts; it is read back only to be shown.  A recording is one JSON object a line.
 */
#ifndef HT_MODEL_DOCUMENT_H
#define HT_MODEL_DOCUMENT_H

#include "hulltop/base/arena.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/base/json.h"
#include "hulltop/model/node.h"
#include "hulltop/model/state.h"

/* ---- one struct ---- */

/* Writes the fields of the struct at data as an object. Unknown fields are written as null if
 * with_nulls, else left out. Kinds: time as RFC 3339 with milliseconds (nanoseconds when lossless),
 * bits as an array of names ("41" for a nameless bit), enum by name, hex as text of 16 digits, ref
 * as the id. */
void ht_struct_write(struct ht_json_writer *writer, const struct ht_table *table, const void *data,
                     bool with_nulls);
/* Writes the same without the braces, so that the caller can add keys of its own. */
void ht_struct_write_fields(struct ht_json_writer *writer, const struct ht_table *table,
                            const void *data, bool with_nulls);
/* Where what is read goes, and where it stands. */
struct ht_reading {
    struct ht_arena *arena; /* gets texts and lists; its limit is the struct's */
    const char *path;       /* begins messages: "node.json: containers[3]" */
};
/* Reads an object into the zeroed struct at ret_data. null is unknown, keys that are not known are
 * ignored. A value of the wrong kind fails: "path.pid: expected a number", -EINVAL; too many items
 * or bytes: -E2BIG. */
int ht_struct_read(const struct ht_json *object, const struct ht_table *table,
                   const struct ht_reading *reading, void *ret_data, struct ht_error *err);

/* ---- node ---- */

#define HT_NODE_SCHEMA   "hulltop-node/1"
#define HT_REPORT_SCHEMA "hulltop/1"

/* What a document turned out to be. */
enum ht_document_kind { HT_DOCUMENT_NODE, HT_DOCUMENT_REPORT, HT_DOCUMENT_RECORDING };

/* Writes {"schema":"hulltop-node/1","taken_at":...,"sources":[...],...}: one key a table that has
 * rows. */
void ht_node_write(struct ht_buf *out, const struct ht_node *node, enum ht_json_style style);
/* Reads a node; name ("-" or a path) begins messages. */
int ht_node_read(struct ht_str text, const char *name, struct ht_node **ret_node,
                 struct ht_error *err);
/* Tells what the text of a document is by its first object's "schema" (a recording's first line
 * says
 * {"schema":"hulltop-node/1","recording":true,...}); -EINVAL with a clear message if it is none. */
int ht_document_sniff(struct ht_str text, const char *name, enum ht_document_kind *ret_kind,
                      struct ht_error *err);

/* ---- report ---- */

/* Findings that an earlier report has, and others. */
struct ht_report_against {
    size_t accepted, fresh;
};
/* An earlier report whose findings were accepted. */
struct ht_report_baseline {
    const char *file;                /* NULL: none was given, and nothing below is set */
    size_t known;                    /* findings in it */
    struct ht_report_against counts; /* of the asked questions' findings in this report */
    const struct ht_rowset *gone;    /* findings in it that this report has not; NULL: not told */
    /* The same of the group with this key. */
    struct ht_report_against (*of_group)(const void *context, struct ht_str key);
    /* Whether it has the finding with this id. */
    bool (*has)(const void *context, struct ht_str finding);
    const void *context;
};

struct ht_report_options {
    unsigned questions;  /* bit n: question n is asked (bits 1 to 6) */
    const char *version; /* of the program */
    enum ht_json_style style;
    struct ht_report_baseline baseline;
};
/* Writes a report of the state: design "JSON report, a contract". */
void ht_report_write(struct ht_buf *out, const struct ht_state *state,
                     const struct ht_report_options *options);

/* Rows of a report that are not in its state, for there may be too many: they are asked for one at
 * a time, in the order of display. Each call may fail: -errno with err filled, which ends the
 * report.
 */
struct ht_report_rows {
    void *context;
    size_t findings, groups; /* how many there are */
    /* The i-th, owned by the caller. */
    int (*finding)(void *context, size_t i, struct ht_row **ret_finding, struct ht_error *err);
    /* The i-th and its first finding, both owned by the caller. */
    int (*group)(void *context, size_t i, struct ht_row **ret_group, struct ht_row **ret_finding,
                 struct ht_error *err);
    /* Appends a piece of what ht_report_add_pod made of all pods, from that place of it on, and
     * says how long it was; 0 at the end. NULL: the pods are in the state. */
    int (*pods)(void *context, uint64_t from, struct ht_buf *out, struct ht_error *err);
    /* Behind each row, of the state too: may take what was written so far, and empty it. */
    int (*spill)(void *context, struct ht_buf *out, struct ht_error *err);
};
/* ht_report_write of a state whose findings, groups and pods are elsewhere, or whose report is not
 * to be in memory as a whole. */
int ht_report_write_rows(struct ht_buf *out, const struct ht_state *state,
                         const struct ht_report_options *options, const struct ht_report_rows *rows,
                         struct ht_error *err);
/* Appends one pod as it stands in the report; first: none was appended before. */
void ht_report_add_pod(struct ht_buf *out, const struct ht_row *pod, bool first,
                       enum ht_json_style style);
/* Reads a report into a state of HT_ORIGIN_REPORT: shown as recorded, never judged again. */
int ht_report_read(struct ht_str text, const char *name, struct ht_state **ret_state,
                   struct ht_error *err);

/* ---- recording (NDJSON) ----
 * line 1   a full node with "recording":true
 * later    {"at":T,"put":{"containers":[row...]},"drop":{"containers":["id"...]}}   changes
 *          {"at":T,"node":{...}}   a full node again, at intervals
 * T is RFC 3339 with nanoseconds and never before that of the line above; events are rows of the
 * table events.  In one line drops come before puts. */

struct ht_recorder;
/* Starts a recorder that writes lines by the callback (whole lines, in the caller's thread). */
typedef int (*ht_line_write)(void *context, struct ht_str line, struct ht_error *err);
struct ht_recorder *ht_recorder_new(ht_line_write write, void *context);
struct ht_recorder *ht_recorder_free(struct ht_recorder *recorder);
/* Writes what changed since the last call; a full node first and then every five minutes of
 * the nodes' clock. Nothing changed: nothing is written. After a failure the same may be tried
 * again. */
int ht_recorder_put(struct ht_recorder *recorder, const struct ht_node *node, struct ht_error *err);

struct ht_player;
/* Opens a recording that lies in memory (borrowed until free). Bad lines fail here, with their
 * number: -EINVAL; a line cut off at the very end is dropped and told by ht_player_cut_line, unless
 * it is the first. */
int ht_player_new(struct ht_str text, const char *name, struct ht_player **ret_player,
                  struct ht_error *err);
struct ht_player *ht_player_free(struct ht_player *player);
/* Number, from 1, of the line in whose middle the recording ends; 0: it ends behind a line. */
size_t ht_player_cut_line(const struct ht_player *player);
/* Appends that in words, without a dot. */
void ht_recording_put_cut(struct ht_buf *out, size_t line);
/* Number of frames (lines), and time of frame i, ns since 1970. */
size_t ht_player_frames(const struct ht_player *player);
int64_t ht_player_time(const struct ht_player *player, size_t frame);
/* The node as it was after frame i, owned by the caller. Going forward one frame costs its changes;
 * going back starts at the nearest full node. */
int ht_player_node(struct ht_player *player, size_t frame, struct ht_node **ret_node,
                   struct ht_error *err);

#endif
