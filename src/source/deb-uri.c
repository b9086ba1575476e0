/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deb-uri.h"

#include <string.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"

/* Bytes that apt quotes in the name of a file, and in a user's name. */
#define BAD_IN_NAME "\\|{}[]<>\"^~_=!@#$%^&*"
#define BAD_IN_USER ":/?#[]@"

enum { URI_MAX = 64 * 1024, PORT_DIGITS = 9 };

struct ht_str ht_deb_uri_quote(struct ht_arena *arena, struct ht_str text, const char *bad)
{
    ht_autobuf struct ht_buf out = HT_BUF(URI_MAX);

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c <= 0x20 || c >= 0x7f || c == '%' || strchr(bad, c))
            ht_buf_addf(&out, "%%%02x", c);
        else
            ht_buf_add_c(&out, (char)c);
    }
    return ht_arena_str(arena, ht_buf_str(&out));
}

struct ht_str ht_deb_uri_unquote(struct ht_arena *arena, struct ht_str text)
{
    ht_autobuf struct ht_buf out = HT_BUF(URI_MAX);

    for (size_t i = 0; i < text.len; i++) {
        int high = -1, low = -1;

        if (text.data[i] == '%' && i + 2 < text.len) {
            high = ht_hex_digit(text.data[i + 1]);
            low = ht_hex_digit(text.data[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            ht_buf_add_c(&out, (char)(high << 4 | low));
            i += 2;
        } else {
            ht_buf_add_c(&out, text.data[i]);
        }
    }
    return ht_arena_str(arena, ht_buf_str(&out));
}

/* Where the host ends: the first slash at or behind from that is not in brackets. */
static size_t find_slash(struct ht_str text, size_t from)
{
    bool inside = false;

    for (; from < text.len && (text.data[from] != '/' || inside); from++) {
        if (text.data[from] == '[')
            inside = true;
        else if (text.data[from] == ']')
            inside = false;
    }
    return from;
}

/* "[::1]:8080" or "host:8080" to its parts. */
static void parse_host(struct ht_arena *arena, struct ht_str text, struct ht_deb_uri *uri)
{
    ht_autobuf struct ht_buf host = HT_BUF(URI_MAX);
    size_t bracket_end = 0;
    bool inside = false;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '[') {
            inside = true;
        } else if (inside && text.data[i] == ']') {
            inside = false;
            bracket_end = host.len;
        } else {
            ht_buf_add_c(&host, text.data[i]);
        }
    }
    if (inside)
        return;

    struct ht_str whole = ht_buf_str(&host);
    ptrdiff_t colon = ht_str_rfind_byte(whole, ':');
    if (colon >= 0 && (size_t)colon >= bracket_end) {
        for (size_t i = (size_t)colon + 1;
             i < whole.len && i <= (size_t)colon + PORT_DIGITS && ht_is_digit(whole.data[i]); i++)
            uri->port = uri->port * 10 + (unsigned)(whole.data[i] - '0');
        whole = ht_str_sub(whole, 0, (size_t)colon);
    }
    uri->host = ht_arena_str(arena, whole);
}

struct ht_deb_uri ht_deb_uri_parse(struct ht_arena *arena, struct ht_str text)
{
    struct ht_deb_uri uri = {.path = HT_STR("/")};
    ptrdiff_t found = ht_str_find_byte(text, ':');
    size_t colon = found < 0 ? text.len : (size_t)found;
    bool slashes =
        colon + 2 < text.len && text.data[colon + 1] == '/' && text.data[colon + 2] == '/';
    size_t slash = find_slash(text, slashes && colon + 3 < text.len ? colon + 3 : colon);
    size_t host = slashes ? colon + 3 : colon + 1;

    uri.access = ht_str_sub(text, 0, colon);
    if (slash < text.len)
        uri.path = ht_str_sub(text, slash, text.len);
    if (host >= text.len)
        return uri;
    if (host > slash)
        host = slash;

    struct ht_str authority = ht_str_sub(text, host, slash - host);
    ptrdiff_t at = ht_str_rfind_byte(authority, '@');
    if (at > 0) {
        struct ht_str user = ht_str_sub(authority, 0, (size_t)at);
        /* The first byte belongs to the user, a colon or not. */
        ptrdiff_t second = ht_str_find_byte(ht_str_sub(user, 1, user.len), ':');

        if (second >= 0) {
            uri.password =
                ht_deb_uri_unquote(arena, ht_str_sub(user, (size_t)second + 2, user.len));
            user = ht_str_sub(user, 0, (size_t)second + 1);
        }
        uri.user = ht_deb_uri_unquote(arena, user);
        authority = ht_str_sub(authority, (size_t)at + 1, authority.len);
    }
    parse_host(arena, authority, &uri);
    return uri;
}

static void add_host(struct ht_arena *arena, const struct ht_deb_uri *uri, struct ht_buf *out)
{
    bool bracket = uri->access.len &&
                   (ht_str_find_byte(uri->host, ':') >= 0 || ht_str_find_byte(uri->host, '/') >= 0);

    if (uri->access.len)
        ht_buf_add_text(out, "//");
    if (uri->user.len) {
        ht_buf_add_str(out, ht_deb_uri_quote(arena, uri->user, BAD_IN_USER));
        if (uri->password.len) {
            ht_buf_add_c(out, ':');
            ht_buf_add_str(out, ht_deb_uri_quote(arena, uri->password, BAD_IN_USER));
        }
        ht_buf_add_c(out, '@');
    }
    if (bracket)
        ht_buf_add_c(out, '[');
    ht_buf_add_str(out, uri->host);
    if (bracket)
        ht_buf_add_c(out, ']');
    if (uri->port)
        ht_buf_addf(out, ":%u", uri->port);
}

struct ht_str ht_deb_uri_format(struct ht_arena *arena, const struct ht_deb_uri *uri)
{
    ht_autobuf struct ht_buf out = HT_BUF(URI_MAX);

    if (uri->access.len) {
        ht_buf_add_str(&out, uri->access);
        ht_buf_add_c(&out, ':');
    }
    if (uri->host.len)
        add_host(arena, uri, &out);
    if (uri->path.len) {
        if (uri->path.data[0] != '/')
            ht_buf_add_c(&out, '/');
        ht_buf_add_str(&out, uri->path);
    }
    return ht_arena_str(arena, ht_buf_str(&out));
}

struct ht_str ht_deb_uri_file_name(struct ht_arena *arena, struct ht_str text)
{
    struct ht_deb_uri uri = ht_deb_uri_parse(arena, text);
    struct ht_str name;

    uri.access = uri.user = uri.password = (struct ht_str){0};
    name = ht_deb_uri_quote(arena, ht_deb_uri_format(arena, &uri), BAD_IN_NAME);

    char *out = ht_arena_alloc(arena, name.len + 1, 1);
    for (size_t i = 0; i < name.len; i++)
        out[i] = name.data[i] == '/' ? '_' : name.data[i];
    return (struct ht_str){.data = out, .len = name.len};
}
