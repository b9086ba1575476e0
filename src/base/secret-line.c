/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secrets that the form of a whole line tells, or what stands around them. */
#include <string.h>

#include "hulltop/base/mem.h"
#include "secret-find.h"
#include "secret-name.h"

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

static size_t skip_blanks(struct ht_str text, size_t at)
{
    while (at < text.len && ht_is_blank(text.data[at]))
        at++;
    return at;
}

static bool is_at(struct ht_str text, size_t at, const char *word)
{
    return ht_str_is_nocase(ht_str_sub(text, at, strlen(word)), word);
}

static bool is_named(struct ht_str name)
{
    return name.len && ht_secret_name_strength(name) == HT_SECRET_STRONG;
}

/* How many backslashes stand right before a place, but not before least. */
static size_t backslashes(struct ht_str text, size_t least, size_t at)
{
    size_t from = at;

    while (from > least && text.data[from - 1] == '\\')
        from--;
    return at - from;
}

struct ht_secret_quoted ht_secret_read_quoted(struct ht_str text, size_t at)
{
    char quote = text.data[at];
    size_t own = backslashes(text, 0, at);
    struct ht_secret_quoted quoted = {.from = at + 1, .to = text.len, .next = text.len};

    for (size_t i = at + 1; i < text.len; i++) {
        size_t before = text.data[i] == quote ? backslashes(text, at + 1, i) : 1;

        if (text.data[i] != quote || (before % 2 && before % (2 * (own + 1)) != own))
            continue;
        quoted.to = i - (before < own ? before : own);
        quoted.next = i + 1;
        break;
    }
    return quoted;
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
        size_t from = skip_blanks(text, (size_t)at + strlen("password "));
        size_t to = from;

        while (to < text.len && !ht_is_blank(text.data[to]))
            to++;
        ht_secret_add_line(spans, "netrc", from, to);
    }
}

static bool is_port(struct ht_str s)
{
    if (ht_str_is(s, "*"))
        return true;
    for (size_t i = 0; i < s.len; i++) {
        if (!ht_is_digit(s.data[i]))
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

        if (!ht_secret_is_token(c) && c != '.')
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
        is_number = is_number && ht_is_digit(fields[2].data[i]);
    if (!is_host(fields[0]) || !is_port(fields[1]) || is_number || fields[4].len < 3)
        return;
    for (size_t i = 0; i < spans->text.len; i++) {
        if (ht_is_blank(spans->text.data[i]) || spans->text.data[i] == '=')
            return;
    }
    ht_secret_add_line(spans, "pgpass", spans->text.len - fields[4].len, spans->text.len);
}

/* Where the last command of a shell's text begins: behind a ";" or "&" that is in no quotes. */
static size_t last_command(struct ht_str text, size_t from, size_t to)
{
    char quote = '\0';

    for (size_t i = from; i < to; i++) {
        char c = text.data[i];

        if (quote)
            quote = c == quote ? '\0' : quote;
        else if (is_quote(c))
            quote = c;
        else if (c == ';' || c == '&')
            from = i + 1;
    }
    return from;
}

/* A new line, or "\n" before another user or the last quote. */
static bool is_line_end(struct ht_str text, size_t at)
{
    if (text.data[at] != '\\' || at + 1 >= text.len || text.data[at + 1] != 'n')
        return text.data[at] == '\n';

    size_t end = ht_secret_token_end(text, at + 2);
    return end < text.len && (end > at + 2 ? text.data[end] == ':' : is_quote(text.data[end]));
}

/* user:X, user:X, each at the begin of a word or of a line in quotes. */
static void find_users(struct ht_secret_spans *spans, size_t at, size_t to)
{
    struct ht_str text = spans->text;
    size_t least = at;

    for (; at < to; at++) {
        size_t begin = at;
        size_t end = at + 1;

        if (text.data[at] != ':')
            continue;
        while (begin > least &&
               (ht_secret_is_token(text.data[begin - 1]) || text.data[begin - 1] == '.'))
            begin--;

        char before = begin > least ? text.data[begin - 1] : ' ';
        bool is_line = before == '\n' || before == '\\' || is_quote(before);
        while (end < to && !is_quote(text.data[end]) &&
               (is_line ? !is_line_end(text, end) : !ht_is_blank(text.data[end])))
            end++;
        if (begin == at || is_at(text, at, "://"))
            continue;
        ht_secret_add_line(spans, "chpasswd", at + 1, end);
        at = end - 1;
        least = end;
    }
}

/* "echo root:X | chpasswd", as images are built. */
static void find_chpasswd(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    ptrdiff_t end = ht_str_find(text, HT_S("chpasswd"), 0);
    size_t from = 0;

    for (; end >= 0; end = ht_str_find(text, HT_S("chpasswd"), from)) {
        struct ht_str before = ht_str_sub(text, from, (size_t)end - from);
        ptrdiff_t pipe = ht_str_rfind_byte(before, '|');
        size_t to = from + (size_t)(pipe < 0 ? 0 : pipe);

        find_users(spans, last_command(text, from, to), to);
        from = (size_t)end + strlen("chpasswd");
    }
}

/* True if a place may be the begin of the password: behind a user, and in no scheme. */
static bool is_user_end(struct ht_str text, size_t at, char mark)
{
    return text.data[at] == mark && at > 0 && ht_secret_is_token(text.data[at - 1]) &&
           !ht_str_has_prefix(ht_str_sub(text, at, 3), "://");
}

/* DSN=user:X@tcp(host:3306)/db, as programs in Go write it: X begins behind the first ":". */
static void find_go_dsn(struct ht_secret_spans *spans, const char *after)
{
    struct ht_str text = spans->text;
    size_t least = 0;
    ptrdiff_t at = ht_str_find(text, ht_str_from(after), 0);

    for (; at >= 0; at = ht_str_find(text, ht_str_from(after), least)) {
        size_t from = (size_t)at;

        while (from > least && !ht_is_blank(text.data[from - 1]))
            from--;
        while (from < (size_t)at && !is_user_end(text, from, ':'))
            from++;
        if (from < (size_t)at)
            ht_secret_add_line(spans, "dsn-password", from + 1, (size_t)at);
        for (least = (size_t)at + strlen(after); least < text.len && text.data[least] != ')';)
            least++;
    }
}

/* jdbc:oracle:thin:user/X@host: X ends at the last "@" of the word. */
static void find_oracle(struct ht_secret_spans *spans)
{
    static const char scheme[] = "jdbc:oracle:";
    struct ht_str text = spans->text;
    ptrdiff_t found = ht_str_find(text, ht_str_from(scheme), 0);
    size_t end = 0;

    for (; found >= 0; found = ht_str_find(text, ht_str_from(scheme), end)) {
        size_t user = ht_secret_token_end(text, (size_t)found + strlen(scheme)) + 1;
        size_t from = ht_secret_token_end(text, user);
        size_t to = 0;

        end = (size_t)found + strlen(scheme);
        while (end < text.len && !ht_is_blank(text.data[end]) &&
               !(to && is_quote(text.data[end]))) {
            to = text.data[end] == '@' ? end : to;
            end++;
        }
        if (from > user && from < to && text.data[from] == '/')
            ht_secret_add_line(spans, "dsn-password", from + 1, to);
    }
}

static void find_dsn(struct ht_secret_spans *spans)
{
    find_go_dsn(spans, "@tcp(");
    find_go_dsn(spans, "@unix(");
    find_oracle(spans);
}

/* Skips blanks and what stands between the words of JSON and of XML. */
static size_t skip_marks(struct ht_str text, size_t at)
{
    while (at < text.len && (ht_is_blank(text.data[at]) || strchr("\"':=,\\", text.data[at])) &&
           text.data[at])
        at++;
    return at;
}

/* JSON Web Keys: "d", "p" and what follows from them of private ones, "k" of symmetric ones. */
static void find_jwk(struct ht_secret_spans *spans)
{
    static const char *const members[] = {"d", "k", "p", "q", "dp", "dq", "qi"};
    enum { LEAST = 22 /* 128 bits */ };
    struct ht_str text = spans->text;

    if (ht_str_find(text, HT_S("\"kty"), 0) < 0)
        return;
    for (size_t at = 0; at < text.len; at++) {
        bool is_member = false;

        if (text.data[at] != '"')
            continue;

        size_t end = ht_secret_token_end(text, at + 1);
        struct ht_str name = ht_str_sub(text, at + 1, end - at - 1);
        for (size_t i = 0; i < ARRAY_LEN(members); i++)
            is_member = is_member || ht_str_is(name, members[i]);
        if (!is_member)
            continue;

        size_t from = skip_marks(text, end);
        size_t to = ht_secret_token_end(text, from);
        if (text.data[from - 1] == '"' && to - from >= LEAST)
            ht_secret_add_line(spans, "jwk", from, to);
        at = to - 1;
    }
}

/* ["program","--password","X"]: the words of a command line as JSON. */
static void find_json_words(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    ptrdiff_t at = ht_str_find(text, HT_S("\"-"), 0);
    size_t covered = 0;

    for (; at >= 0; at = ht_str_find(text, HT_S("\"-"), (size_t)at + 1)) {
        size_t from = (size_t)at + 1;
        size_t to = ht_secret_token_end(text, from);
        struct ht_str name = ht_str_sub(text, from, to - from);
        size_t value = to + backslashes(text, 0, (size_t)at);
        bool is_closed = value < text.len && text.data[value] == '"';

        for (value++;
             value < text.len && strchr(" \t\r\n,\\", text.data[value]) && text.data[value];)
            value++;
        if (!is_closed || value >= text.len || text.data[value] != '"' || value < covered ||
            !is_named(name))
            continue;

        struct ht_secret_quoted quoted = ht_secret_read_quoted(text, value);
        spans->origin =
            (struct ht_secret_origin){.how = HT_SECRET_BY_NAME, .rule = "option", .name = name};
        ht_secret_add(spans, quoted.from, quoted.to);
        covered = quoted.next;
    }
}

static void add_named(struct ht_secret_spans *spans, struct ht_str name, size_t from, size_t to)
{
    spans->origin =
        (struct ht_secret_origin){.how = HT_SECRET_BY_NAME, .rule = "named", .name = name};
    ht_secret_add(spans, from, to);
}

/* The end of an XML tag that has no "/" before it; 0: it has none, or ends far away. */
static size_t tag_end(struct ht_str text, size_t at)
{
    enum { FAR = 1024 };
    char quote = '\0';

    for (size_t end = at + FAR; at < text.len && at < end; at++) {
        char c = text.data[at];

        if (quote)
            quote = c == quote ? '\0' : quote;
        else if (is_quote(c))
            quote = c;
        else if (c == '>')
            return text.data[at - 1] == '/' ? 0 : at + 1;
    }
    return 0;
}

/* What is in an element, without blanks around it, in CDATA or not. Other elements are not it. */
static void add_content(struct ht_secret_spans *spans, struct ht_str name, size_t from, size_t to)
{
    static const char begin[] = "<![CDATA[";
    struct ht_str text = spans->text;

    from = skip_blanks(text, from);
    while (to > from && ht_is_blank(text.data[to - 1]))
        to--;
    if (is_at(text, from, begin)) {
        from += strlen(begin);
        to -= ht_str_has_suffix(ht_str_sub(text, 0, to), "]]>") ? strlen("]]>") : 0;
    } else if (from < to && text.data[from] == '<') {
        return;
    }
    if (from < to)
        add_named(spans, name, from, to);
}

/* <password>X</password>, <password type="x"><![CDATA[X]]></password> */
static void find_elements(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    struct ht_str open = {0};
    size_t from = 0;

    for (size_t at = 0; at < text.len; at++) {
        if (text.data[at] != '<')
            continue;

        bool is_end = at + 1 < text.len && text.data[at + 1] == '/';
        size_t begin = at + 1 + is_end;
        size_t end = ht_secret_token_end(text, begin);

        /* <ns:password> */
        if (end > begin && end < text.len && text.data[end] == ':') {
            begin = end + 1;
            end = ht_secret_token_end(text, begin);
        }

        struct ht_str name = ht_str_sub(text, begin, end - begin);
        if (is_end && open.len && ht_str_equal(name, open)) {
            add_content(spans, open, from, at);
            open.len = 0;
        } else if (!is_end && is_named(name)) {
            size_t content = tag_end(text, end);

            open = content ? name : open;
            from = content ? content : from;
        }
    }
}

enum {
    NEAR = 256,     /* bytes between a value and its name */
    NAME_MAX = 128, /* bytes of a name that are looked at */
};

/* The name that ends right before a "value", in quotes; empty: there is none. */
static struct ht_str name_right_before(struct ht_str text, size_t at)
{
    size_t end = at;

    while (end > 0 && (ht_is_blank(text.data[end - 1]) || strchr("\"',\\", text.data[end - 1])) &&
           text.data[end - 1])
        end--;

    size_t begin = end;
    while (end < at && begin > 0 && end - begin < NAME_MAX &&
           (ht_secret_is_token(text.data[begin - 1]) || text.data[begin - 1] == '.'))
        begin--;
    if (begin == end || begin == 0 || !strchr("\"'", text.data[begin - 1]))
        return (struct ht_str){0};
    return ht_str_sub(text, begin, end - begin);
}

/* True at what ends an object, an element or an item of a list. */
static bool is_border(struct ht_str text, size_t at)
{
    bool is_item = text.data[at] == '-' && at + 1 < text.len && text.data[at + 1] == ' ' &&
                   (at == 0 || ht_is_blank(text.data[at - 1]));

    return is_item || (text.data[at] && strchr("{}<>", text.data[at]));
}

/* The name that "name" or "key" gives between two places; empty: none does. */
static struct ht_str name_between(struct ht_str text, size_t from, size_t to)
{
    for (size_t at = from; at < to; at++) {
        bool is_word =
            at == 0 || (!ht_secret_is_token(text.data[at - 1]) && text.data[at - 1] != '.');
        size_t len = !is_word || !strchr("nNkK", text.data[at]) ? 0
                     : is_at(text, at, "name")                  ? strlen("name")
                     : is_at(text, at, "key")                   ? strlen("key")
                                                                : 0;

        if (len == 0)
            continue;

        size_t begin = skip_marks(text, at + len);
        size_t end;
        for (end = begin; end < to && end - begin < NAME_MAX &&
                          (ht_secret_is_token(text.data[end]) || text.data[end] == '.');)
            end++;
        if (begin > at + len && is_named(ht_str_sub(text, begin, end - begin)))
            return ht_str_sub(text, begin, end - begin);
    }
    return (struct ht_str){0};
}

/* The name of a "value" at a place, whose value ends at another: before it or behind it. */
static struct ht_str name_near(struct ht_str text, size_t at, size_t to)
{
    struct ht_str name = name_right_before(text, at);
    size_t from = at;
    size_t end = to;

    if (is_named(name))
        return name;
    if (from > 0 && text.data[from - 1] == '"')
        from--;
    for (bool is_text = false; from > 0 && at - from < NEAR; from--) {
        is_text = is_text != (text.data[from - 1] == '"');
        if (!is_text && is_border(text, from - 1))
            break;
    }
    name = name_between(text, from, at);
    if (name.len)
        return name;
    for (bool is_text = false; end < text.len && end - to < NEAR; end++) {
        is_text = is_text != (text.data[end] == '"');
        if (!is_text && is_border(text, end))
            break;
    }
    return name_between(text, to, end);
}

/* The value behind a "value" that ends at a place: in quotes, or the rest of a line of YAML. */
static bool read_value(struct ht_str text, size_t at, struct ht_secret_quoted *ret_value)
{
    size_t marks = skip_marks(text, at);
    size_t from = at + 1;
    bool is_separated = false;

    for (size_t i = at; i < marks; i++) {
        is_separated = is_separated || strchr(":=,", text.data[i]);
        if (is_separated && is_quote(text.data[i])) {
            *ret_value = ht_secret_read_quoted(text, i);
            return true;
        }
    }
    if (marks == at || text.data[at] != ':')
        return false;
    while (from < text.len && text.data[from] == ' ')
        from++;

    size_t end = from;
    while (end < text.len && text.data[end] != '\n' && text.data[end] != '\r')
        end++;
    *ret_value = (struct ht_secret_quoted){.from = from, .to = end, .next = end};
    return from > at + 1;
}

/* {"name":"DB_PASSWORD","value":"X"}, <add key="Secret" value="X"/>, and in YAML "name: X" and
 * "value: Y" on two lines: a name that is a value itself, before or behind, with others between. */
static void find_named_values(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    ptrdiff_t at = ht_str_find_nocase(text, HT_S("value"), 0);
    size_t covered = 0;

    for (; at >= 0; at = ht_str_find_nocase(text, HT_S("value"), (size_t)at + 1)) {
        struct ht_secret_quoted value;

        if ((at > 0 && ht_secret_is_token(text.data[at - 1])) || (size_t)at < covered ||
            !read_value(text, (size_t)at + strlen("value"), &value))
            continue;

        struct ht_str name = name_near(text, (size_t)at, value.next);
        covered = value.next;
        if (name.len)
            add_named(spans, name, value.from, value.to);
    }
}

/* Skips what may stand between a word of SQL and the text in quotes: blanks, the E of E'...', a
 * backslash. */
static size_t skip_to_quote(struct ht_str text, size_t at)
{
    at = skip_blanks(text, at);
    if (at + 1 < text.len && strchr("EeNn", text.data[at]) && text.data[at] &&
        text.data[at + 1] == '\'')
        at++;
    while (at < text.len && text.data[at] == '\\')
        at++;
    return at;
}

/* Behind "IDENTIFIED": where its text may begin, behind BY, WITH plugin BY or WITH plugin AS. */
static size_t skip_identified(struct ht_str text, size_t at)
{
    size_t from = skip_blanks(text, at);

    if (is_at(text, from, "with")) {
        from = skip_marks(text, ht_secret_token_end(text, from));
        from = skip_marks(text, ht_secret_token_end(text, from));
    }
    if (!is_at(text, from, "by") && !is_at(text, from, "as"))
        return at;
    return from + strlen("by");
}

/* What is in quotes of SQL, which may be doubled to stand for one, or between two $tag$. */
static struct ht_secret_quoted read_sql_quoted(struct ht_str text, size_t at)
{
    struct ht_secret_quoted quoted = {.from = at, .to = at, .next = at};

    if (at < text.len && text.data[at] == '$') {
        size_t tag = ht_secret_token_end(text, at + 1) + 1;
        ptrdiff_t end = -1;

        if (tag > text.len || text.data[tag - 1] != '$')
            return quoted;
        end = ht_str_find(text, ht_str_sub(text, at, tag - at), tag);
        quoted.from = tag;
        quoted.to = end < 0 ? text.len : (size_t)end;
        quoted.next = end < 0 ? text.len : (size_t)end + tag - at;
        return quoted;
    }
    if (at >= text.len || !is_quote(text.data[at]))
        return quoted;
    quoted = ht_secret_read_quoted(text, at);
    while (quoted.next < text.len && text.data[quoted.next] == text.data[at]) {
        struct ht_secret_quoted more = ht_secret_read_quoted(text, quoted.next);

        quoted.to = more.to;
        quoted.next = more.next;
    }
    return quoted;
}

/* ALTER USER app WITH PASSWORD 'X', IDENTIFIED BY "X", IDENTIFIED WITH plugin BY 'X'. */
static void find_sql(struct ht_secret_spans *spans)
{
    static const char *const words[] = {"identified", "password"};
    static const char *const verbs[] = {"alter user", "create user", "alter role", "create role",
                                        "grant "};
    struct ht_str text = spans->text;
    bool is_sql = false;

    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        is_sql = is_sql || ht_str_find_nocase(text, ht_str_from(verbs[i]), 0) >= 0;
    for (size_t i = 0; is_sql && i < ARRAY_LEN(words); i++) {
        ptrdiff_t at = ht_str_find_nocase(text, ht_str_from(words[i]), 0);
        size_t next = 0;

        for (; at >= 0; at = ht_str_find_nocase(text, ht_str_from(words[i]), next)) {
            size_t end = (size_t)at + strlen(words[i]);
            size_t from = i == 0 ? skip_identified(text, end) : end;
            struct ht_secret_quoted quoted = {.next = end};

            if (from < text.len && ht_is_blank(text.data[from]))
                quoted = read_sql_quoted(text, skip_to_quote(text, from));
            if (quoted.from < quoted.to)
                ht_secret_add_line(spans, "sql-password", quoted.from, quoted.to);
            next = quoted.next > end ? quoted.next : end;
        }
    }
}

/* A line, as redis.conf, ldap.conf and slapd.conf have it. */
static void find_directive_at(struct ht_secret_spans *spans, size_t begin)
{
    static const char *const names[] = {"requirepass", "masterauth", "bindpw", "rootpw"};
    struct ht_str text = spans->text;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t len = strlen(names[i]);
        size_t from = begin + len;

        if (!is_at(text, begin, names[i]) || from >= text.len ||
            (text.data[from] != ' ' && text.data[from] != '\t'))
            continue;
        while (from < text.len && (text.data[from] == ' ' || text.data[from] == '\t'))
            from++;

        size_t to = from;
        if (from < text.len && is_quote(text.data[from])) {
            struct ht_secret_quoted quoted = ht_secret_read_quoted(text, from);

            from = quoted.from;
            to = quoted.to;
        } else {
            while (to < text.len && !ht_is_blank(text.data[to]))
                to++;
        }
        add_named(spans, ht_str_sub(text, begin, len), from, to);
    }
}

/* Lines of configuration files that have no "=". */
static void find_directive(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;

    for (size_t at = 0; at < text.len;) {
        ptrdiff_t end;

        at = skip_blanks(text, at);
        if (at < text.len && text.data[at] && strchr("rmbRMB", text.data[at]))
            find_directive_at(spans, at);
        end = ht_str_find(text, HT_S("\n"), at);
        at = end < 0 ? text.len : (size_t)end;
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

    bool has_quote = has(text, '"') || has(text, '\'');
    if (has_quote || has(text, '\n'))
        find_named_values(spans);
    if (has_blank)
        find_sql(spans);
    if (!has_quote)
        return;
    find_json_words(spans);
    find_jwk(spans);
}

/* The least bytes of each: most words are shorter than any of them. */
enum {
    PGPASS_MIN = sizeof("h:1:d:u:xxx") - 1,
    NETRC_MIN = sizeof("login password default ") - 1,
};

void ht_secret_find_lines(struct ht_secret_spans *spans)
{
    if (spans->text.len < PGPASS_MIN)
        return;
    if (spans->text.len >= NETRC_MIN)
        find_netrc(spans);
    find_pgpass(spans);
    find_marked(spans);
    ht_secret_find_tokens(spans);
}
