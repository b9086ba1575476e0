/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the documents of document.h share. Private to src/model; any thread.
 */
#ifndef HT_MODEL_DOCUMENT_INNER_H
#define HT_MODEL_DOCUMENT_INNER_H

#include "hulltop/model/document.h"

/* A tree of a document takes several times its text. */
#define HT_DOCUMENT_TREE ((size_t)1024 * 1024 * 1024)

/* Writes "plural": [rows] if there are any. */
void ht_rows_write(struct ht_json_writer *writer, const struct ht_table *table,
                   const struct ht_rowset *rows);
/* Reads an array of rows into the empty set, sorted if sort; NULL and null are no rows. An id that
 * is missing or comes twice fails. name begins messages. */
int ht_rows_read(const struct ht_json *array, const struct ht_table *table, const char *name,
                 struct ht_rowset *ret_rows, struct ht_error *err);
/* Puts the tables of a node as members into the object that is open. */
void ht_node_write_tables(struct ht_json_writer *writer, const struct ht_node *node);
/* Reads the tables of a node from the members of object. */
int ht_node_read_tables(const struct ht_json *object, const char *name, int64_t taken_at,
                        struct ht_node **ret_node, struct ht_error *err);
/* Parses a text that must be one object. */
int ht_document_parse(struct ht_arena *arena, const char *name, struct ht_str text,
                      const struct ht_json **ret_root, struct ht_error *err);
/* Reads a time that must be there: object's member key. */
int ht_document_time(const struct ht_json *object, const char *key, const char *name,
                     int64_t *ret_ns, struct ht_error *err);
/* Whether object is of that schema; says what it is otherwise. */
int ht_document_schema(const struct ht_json *object, const char *schema, const char *name,
                       struct ht_error *err);
/* Writes a time in the way of struct fields. */
void ht_document_put_time(struct ht_json_writer *writer, int64_t ns);

/* The value of a report's control_plane: the node's first API server, or null. */
void ht_control_plane_write(struct ht_json_writer *json, const struct ht_node *node);
/* Puts "datastores": [...] of the report into the object that is open. */
void ht_report_put_datastores(struct ht_json_writer *json, const struct ht_node *node);
/* Writes the value of a report's "packages": null where no package database was seen. */
void ht_report_put_packages(struct ht_json_writer *json, const struct ht_state *state);

#endif
