/* SPDX-License-Identifier: GPL-2.0-or-later */
/* URIs of package sources, and the names of the files that apt keeps for them. Pure. */
#ifndef HT_SOURCE_DEB_URI_H
#define HT_SOURCE_DEB_URI_H

#include "hulltop/base/arena.h"
#include "hulltop/base/str.h"

struct ht_deb_uri {
    struct ht_str access; /* "https" */
    struct ht_str user;
    struct ht_str password;
    struct ht_str host; /* without brackets */
    unsigned port;      /* 0: none */
    struct ht_str path;
};

/* Takes a URI apart; what is not in it is empty, the path "/" at least. */
struct ht_deb_uri ht_deb_uri_parse(struct ht_arena *arena, struct ht_str text);
/* Puts it together again. */
struct ht_str ht_deb_uri_format(struct ht_arena *arena, const struct ht_deb_uri *uri);
/* %xx for the bytes in bad, for "%" and for what is no printable ASCII. */
struct ht_str ht_deb_uri_quote(struct ht_arena *arena, struct ht_str text, const char *bad);
/* The reverse. */
struct ht_str ht_deb_uri_unquote(struct ht_arena *arena, struct ht_str text);
/* The name of the file in apt's folder of lists: without scheme, user and password. */
struct ht_str ht_deb_uri_file_name(struct ht_arena *arena, struct ht_str text);

#endif
