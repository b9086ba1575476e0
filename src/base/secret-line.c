/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secrets that the form of a whole line tells, or the middle of a token. */
#include <string.h>

#include "hulltop/base/mem.h"
#include "secret-find.h"
#include "secret-name.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_token(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t token_end(struct ht_str text, size_t from)
{
    while (from < text.len && is_token(text.data[from]))
        from++;
    return from;
}

static void add(struct ht_secret_spans *spans, const char *rule, size_t from, size_t to)
{
    spans->origin = (struct ht_secret_origin){.how = HT_SECRET_BY_LINE, .rule = rule};
    ht_secret_add(spans, from, to);
}

/* netrc: "machine H login U password X", in any order, words between blanks. */
static void find_netrc(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    ptrdiff_t at = ht_str_find(text, HT_S("password "), 0);

    if (ht_str_find(text, HT_S("login "), 0) < 0 ||
        (ht_str_find(text, HT_S("machine "), 0) < 0 && !ht_str_has_prefix(text, "default ")))
        return;
    for (; at >= 0; at = ht_str_find(text, HT_S("password "), (size_t)at + 1)) {
        size_t from = (size_t)at + strlen("password ");

        while (from < text.len && is_blank(text.data[from]))
            from++;

        size_t to = from;
        while (to < text.len && !is_blank(text.data[to]))
            to++;
        add(spans, "netrc", from, to);
    }
}

static bool is_port(struct ht_str s)
{
    if (ht_str_is(s, "*"))
        return true;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_digit(s.data[i]))
            return false;
    }
    return s.len > 0 && s.len <= 5;
}

static bool is_host(struct ht_str s)
{
    if (ht_str_is(s, "*"))
        return true;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];

        if (!is_token(c) && c != '.')
            return false;
    }
    return s.len > 0;
}

/* pgpass: host:port:database:user:X. Numbers alone are an address or a time. */
static void find_pgpass(struct ht_secret_spans *spans)
{
    struct ht_str fields[5];
    struct ht_str rest = spans->text;
    bool is_number = true;

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        ptrdiff_t colon = i < 4 ? ht_str_find_byte(rest, ':') : (ptrdiff_t)rest.len;

        if (colon <= 0)
            return;
        fields[i] = ht_str_sub(rest, 0, (size_t)colon);
        rest = ht_str_sub(rest, (size_t)colon + 1, rest.len);
    }
    for (size_t i = 0; i < fields[2].len; i++)
        is_number = is_number && is_digit(fields[2].data[i]);
    if (!is_host(fields[0]) || !is_port(fields[1]) || is_number || fields[4].len < 3)
        return;
    for (size_t i = 0; i < spans->text.len; i++) {
        if (is_blank(spans->text.data[i]) || spans->text.data[i] == '=')
            return;
    }
    add(spans, "pgpass", spans->text.len - fields[4].len, spans->text.len);
}

/* "echo root:X | chpasswd", as images are built. */
static void find_chpasswd(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    ptrdiff_t pipe = ht_str_find_byte(text, '|');
    ptrdiff_t end = pipe < 0 ? -1 : ht_str_find(text, HT_S("chpasswd"), (size_t)pipe);
    ptrdiff_t colon = end < 0 ? -1 : ht_str_rfind_byte(ht_str_sub(text, 0, (size_t)end), ':');
    size_t to = (size_t)(colon + 1);

    if (colon <= 0 || !is_token(text.data[colon - 1]))
        return;
    while (to < (size_t)end && !is_blank(text.data[to]) && !strchr("\"'|", text.data[to]))
        to++;
    if (ht_str_find_byte(ht_str_sub(text, to, (size_t)end - to), '|') >= 0)
        add(spans, "chpasswd", (size_t)colon + 1, to);
}

/* The password between what introduces it and what ends it, in one word without a "/". */
static void find_between(struct ht_secret_spans *spans, const char *rule, char before,
                         const char *after)
{
    struct ht_str text = spans->text;
    ptrdiff_t at = ht_str_find(text, ht_str_from(after), 0);
    size_t from = at < 0 ? 0 : (size_t)at;

    while (from > 0 && text.data[from - 1] != before && !is_blank(text.data[from - 1]))
        from--;
    if (from > 1 && text.data[from - 1] == before && is_token(text.data[from - 2]))
        add(spans, rule, from, (size_t)at);
}

/* DSN=user:X@tcp(host:3306)/db, as programs in Go write it; jdbc:oracle:thin:user/X@host. */
static void find_dsn(struct ht_secret_spans *spans)
{
    find_between(spans, "dsn-password", ':', "@tcp(");
    find_between(spans, "dsn-password", ':', "@unix(");
    if (ht_str_find(spans->text, HT_S("jdbc:oracle:"), 0) >= 0)
        find_between(spans, "dsn-password", '/', "@");
}

/* A JSON Web Key: "d" of a private one, "k" of a symmetric one. */
static void find_jwk(struct ht_secret_spans *spans)
{
    static const char *const members[] = {"\"d\"", "\"k\""};
    enum { LEAST = 22 /* 128 bits */ };
    struct ht_str text = spans->text;

    if (ht_str_find(text, HT_S("\"kty\""), 0) < 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        ptrdiff_t at = ht_str_find(text, ht_str_from(members[i]), 0);
        size_t from = at < 0 ? text.len : (size_t)at + strlen(members[i]);

        while (from < text.len && (is_blank(text.data[from]) || text.data[from] == ':'))
            from++;
        if (from == text.len || text.data[from] != '"')
            continue;

        size_t to = from + 1;
        while (to < text.len && is_token(text.data[to]))
            to++;
        if (to - from > LEAST)
            add(spans, "jwk", from + 1, to);
    }
}

/* ["program","--password","X"]: the words of a command line as JSON. */
static void find_json_words(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    ptrdiff_t at = ht_str_find(text, HT_S("\"-"), 0);

    for (; at >= 0; at = ht_str_find(text, HT_S("\"-"), (size_t)at + 1)) {
        size_t from = (size_t)at + 1;
        size_t to = token_end(text, from);
        struct ht_str name = ht_str_sub(text, from, to - from);
        size_t value = to + 1;

        while (value < text.len && (is_blank(text.data[value]) || text.data[value] == ','))
            value++;
        if (to == text.len || text.data[to] != '"' || value >= text.len ||
            text.data[value] != '"' || ht_secret_name_strength(name) != HT_SECRET_STRONG)
            continue;

        ptrdiff_t end = ht_str_find_byte(ht_str_sub(text, value + 1, text.len), '"');
        spans->origin =
            (struct ht_secret_origin){.how = HT_SECRET_BY_NAME, .rule = "option", .name = name};
        if (end > 0)
            ht_secret_add(spans, value + 1, value + 1 + (size_t)end);
    }
}

static void add_named(struct ht_secret_spans *spans, struct ht_str name, size_t from, size_t to)
{
    spans->origin =
        (struct ht_secret_origin){.how = HT_SECRET_BY_NAME, .rule = "named", .name = name};
    ht_secret_add(spans, from, to);
}

/* <password>X</password> */
static void find_elements(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    ptrdiff_t at = ht_str_find(text, HT_S("</"), 0);

    for (; at >= 0; at = ht_str_find(text, HT_S("</"), (size_t)at + 2)) {
        size_t end = token_end(text, (size_t)at + 2);
        struct ht_str name = ht_str_sub(text, (size_t)at + 2, end - (size_t)at - 2);
        size_t from = (size_t)at;

        while (from > 0 && text.data[from - 1] != '>' && text.data[from - 1] != '<')
            from--;
        if (from > name.len + 1 && text.data[from - 1] == '>' &&
            text.data[from - 2 - name.len] == '<' &&
            ht_str_equal(ht_str_sub(text, from - 1 - name.len, name.len), name) &&
            ht_secret_name_strength(name) == HT_SECRET_STRONG)
            add_named(spans, name, from, (size_t)at);
    }
}

/* Skips blanks and what stands between the words of JSON and of XML. */
static size_t skip_marks(struct ht_str text, size_t at)
{
    while (at < text.len && (is_blank(text.data[at]) || strchr("\"':=,\\", text.data[at])) &&
           text.data[at])
        at++;
    return at;
}

/* {"name":"DB_PASSWORD","value":"X"}, <add key="Secret" value="X"/>, name: X, value: Y: a name that
 * is a value itself. */
static void find_named_values(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    ptrdiff_t at = ht_str_find_nocase(text, HT_S("value"), 0);

    for (; at > 0; at = ht_str_find_nocase(text, HT_S("value"), (size_t)at + 1)) {
        size_t end = (size_t)at;
        size_t from = skip_marks(text, (size_t)at + strlen("value"));
        size_t to = from;
        bool is_quoted = from > 0 && (text.data[from - 1] == '"' || text.data[from - 1] == '\'');

        while (end > 0 && (is_blank(text.data[end - 1]) || strchr("\"',\\", text.data[end - 1])) &&
               text.data[end - 1])
            end--;

        size_t begin = end;
        while (begin > 0 && (is_token(text.data[begin - 1]) || text.data[begin - 1] == '.'))
            begin--;
        if (begin == end || end == (size_t)at || begin == 0 ||
            !strchr("\"'", text.data[begin - 1]) || from == (size_t)at + strlen("value") ||
            !is_quoted)
            continue;
        while (to < text.len && text.data[to] != text.data[from - 1] && text.data[to] != '\\')
            to++;

        struct ht_str name = ht_str_sub(text, begin, end - begin);
        if (ht_secret_name_strength(name) == HT_SECRET_STRONG)
            add_named(spans, name, from, to);
    }
}

/* ALTER USER app WITH PASSWORD 'X', IDENTIFIED BY "X". */
static void find_sql(struct ht_secret_spans *spans)
{
    static const char *const words[] = {"identified by ", "password "};
    static const char *const verbs[] = {"alter user ", "create user ", "alter role ",
                                        "create role ", "grant "};
    struct ht_str text = spans->text;
    bool is_sql = false;

    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        is_sql = is_sql || ht_str_find_nocase(text, ht_str_from(verbs[i]), 0) >= 0;
    for (size_t i = 0; is_sql && i < ARRAY_LEN(words); i++) {
        size_t len = strlen(words[i]);
        ptrdiff_t at = ht_str_find_nocase(text, ht_str_from(words[i]), 0);

        for (; at >= 0; at = ht_str_find_nocase(text, ht_str_from(words[i]), (size_t)at + len)) {
            size_t from = (size_t)at + len + 1;
            char quote = from <= text.len && from > 0 ? text.data[from - 1] : '\0';
            size_t to = from;

            if (quote != '\'' && quote != '"')
                continue;
            while (to < text.len && text.data[to] != quote && text.data[to] != '\\')
                to++;
            add(spans, "sql-password", from, to);
        }
    }
}

/* Lines of configuration files that have no "=": redis.conf, ldap.conf, slapd.conf. */
static void find_directive(struct ht_secret_spans *spans)
{
    static const char *const names[] = {"requirepass ", "masterauth ", "bindpw ", "rootpw "};
    struct ht_str text = spans->text;
    size_t begin = 0;

    while (begin < text.len && is_blank(text.data[begin]))
        begin++;
    if (begin == text.len || !strchr("rmbRMB", text.data[begin]))
        return;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t len = strlen(names[i]);
        size_t from = begin + len;
        size_t to;

        if (!ht_str_is_nocase(ht_str_sub(text, begin, len), names[i]))
            continue;
        while (from < text.len && is_blank(text.data[from]))
            from++;
        for (to = from; to < text.len && !is_blank(text.data[to]);)
            to++;
        add_named(spans, ht_str_sub(text, begin, len - 1), from, to);
    }
}

/* Tokens whose public part is in their middle. */
static void find_infix(struct ht_secret_spans *spans, const char *infix, size_t least,
                       const char *rule)
{
    struct ht_str text = spans->text;
    size_t len = strlen(infix);
    ptrdiff_t at = ht_str_find(text, ht_str_from(infix), 0);

    while (at >= 0) {
        size_t from = (size_t)at;
        size_t to = (size_t)at + len;

        while (from > 0 && is_token(text.data[from - 1]))
            from--;
        while (to < text.len && (is_token(text.data[to]) || text.data[to] == '~'))
            to++;
        if (to - from >= least && from < (size_t)at)
            add(spans, rule, from, to);
        at = ht_str_find(text, ht_str_from(infix), to);
    }
}

/* Telegram: 123456789:AA and 33 more. */
static void find_telegram(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    ptrdiff_t at = ht_str_find(text, HT_S(":AA"), 0);

    for (; at >= 0; at = ht_str_find(text, HT_S(":AA"), (size_t)at + 1)) {
        size_t from = (size_t)at;
        size_t to = (size_t)at + 1;

        while (from > 0 && is_digit(text.data[from - 1]))
            from--;
        while (to < text.len && is_token(text.data[to]))
            to++;
        if ((size_t)at - from >= 8 && to - (size_t)at >= 34)
            add(spans, "telegram-token", from, to);
    }
}

/* Teams: whoever knows the path may write. */
static void find_teams(struct ht_secret_spans *spans)
{
    static const char infix[] = "/webhookb2/";
    struct ht_str text = spans->text;
    ptrdiff_t at = ht_str_find(text, ht_str_from(infix), 0);

    if (at < 0)
        return;

    size_t from = (size_t)at + strlen(infix);
    size_t to = from;
    while (to < text.len && (is_token(text.data[to]) || strchr("/@", text.data[to])) &&
           text.data[to])
        to++;
    if (to - from >= 64)
        add(spans, "teams-webhook", from, to);
}

/* Azure: three characters, a digit, "Q~" and 31 to 34 more. */
static void find_azure(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    ptrdiff_t at = ht_str_find(text, HT_S("Q~"), 0);

    for (; at >= 0; at = ht_str_find(text, HT_S("Q~"), (size_t)at + 1)) {
        size_t to = (size_t)at + 2;

        while (to < text.len &&
               (is_token(text.data[to]) || text.data[to] == '.' || text.data[to] == '~'))
            to++;
        if (at >= 4 && is_digit(text.data[at - 1]) && to - (size_t)at >= 33)
            add(spans, "azure-secret", (size_t)at - 4, to);
    }
}

/* Discord: a number in base64 (so it begins with M, N or O), a time, a sum. */
static void find_discord(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;

    for (size_t from = 0; from < text.len;) {
        size_t one = token_end(text, from);
        size_t two = one < text.len && text.data[one] == '.' ? token_end(text, one + 1) : one;
        size_t end = two < text.len && text.data[two] == '.' ? token_end(text, two + 1) : two;

        if (strchr("MNO", text.data[from]) && text.data[from] && one - from >= 23 &&
            one - from <= 28 && two - one >= 7 && two - one <= 8 && end - two >= 28)
            add(spans, "discord-token", from, end);
        from = one + 1;
    }
}

static bool has(struct ht_str text, char c)
{
    return ht_str_find_byte(text, c) >= 0;
}

/* What only stands in a text that has a certain byte: most words have none of them. */
static void find_marked(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    bool has_blank = has(text, ' ');

    if (has_blank) {
        find_chpasswd(spans);
        find_directive(spans);
    }
    if (has(text, '@'))
        find_dsn(spans);
    if (has(text, '<'))
        find_elements(spans);
    if (!has(text, '"') && !has(text, '\''))
        return;
    find_json_words(spans);
    find_named_values(spans);
    find_jwk(spans);
    if (has_blank)
        find_sql(spans);
}

/* The least bytes of each: most words are shorter than any of them. */
enum {
    PGPASS_MIN = sizeof("h:1:d:u:xxx") - 1,
    NETRC_MIN = sizeof("login password default ") - 1,
    TOKEN_MIN = 4 + 33 /* an Azure secret is the shortest */
};

void ht_secret_find_lines(struct ht_secret_spans *spans)
{
    if (spans->text.len < PGPASS_MIN)
        return;
    if (spans->text.len >= NETRC_MIN)
        find_netrc(spans);
    find_pgpass(spans);
    find_marked(spans);
    if (spans->text.len < TOKEN_MIN)
        return;
    find_telegram(spans);
    find_azure(spans);
    find_teams(spans);
    find_discord(spans);
    find_infix(spans, ".atlasv1.", 60, "terraform-token");
    find_infix(spans, "JQQJ99", 76, "azure-devops-token");
    find_infix(spans, ":APA91b", 100, "firebase-key");
}
