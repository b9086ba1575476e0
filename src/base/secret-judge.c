/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of what masking hides, what is worth a finding. Masking asks "could it be one", this asks "would
 * a person who is shown it agree": so a name alone is not enough, and neither is a shape whose body
 * nobody drew at random.
 */
#include <stdlib.h>
#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/secret.h"
#include "secret-find.h"
#include "secret-name.h"
#include "secret-table.h"

enum { DISTINCT_RANDOM = 8, LONG = 20, NOT_WORTH = -1 };

/* What a value is made of. */
struct makeup {
    size_t lower, upper, digits, blanks, others;
    size_t distinct;
    size_t longest_run; /* of one byte, or of bytes that count up */
};

static struct makeup look(struct ht_str value)
{
    struct makeup makeup = {0};
    bool seen[256] = {false};
    size_t same = 1;
    size_t counting = 1;

    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];
        unsigned char before = i ? (unsigned char)value.data[i - 1] : 0;

        makeup.lower += c >= 'a' && c <= 'z';
        makeup.upper += c >= 'A' && c <= 'Z';
        makeup.digits += c >= '0' && c <= '9';
        makeup.blanks += c == ' ' || c == '\t';
        makeup.distinct += !seen[c];
        seen[c] = true;
        same = i && c == before ? same + 1 : 1;
        counting = i && c == before + 1 ? counting + 1 : 1;
        if (same > makeup.longest_run)
            makeup.longest_run = same;
        if (counting > makeup.longest_run)
            makeup.longest_run = counting;
    }
    makeup.others = value.len - makeup.lower - makeup.upper - makeup.digits - makeup.blanks;
    return makeup;
}

/* Letters of two kinds, or letters and digits, and not few of them. */
static bool looks_random(struct ht_str value)
{
    struct makeup m = look(value);
    bool is_mixed = (m.digits && m.lower + m.upper) || (m.lower > 1 && m.upper > 1);

    return is_mixed && m.distinct >= DISTINCT_RANDOM &&
           (m.longest_run < 6 || m.longest_run * 4 < value.len) && m.blanks == 0;
}

static bool has_word(struct ht_str value, const char *const *words)
{
    for (; *words; words++) {
        if (ht_str_find_nocase(value, ht_str_from(*words), 0) >= 0)
            return true;
    }
    return false;
}

static bool is_word_of(struct ht_str value, const char *const *words)
{
    for (; *words; words++) {
        if (ht_str_is_nocase(value, *words))
            return true;
    }
    return false;
}

/* What people write where a secret is to be put. */
static bool is_placeholder(struct ht_str value)
{
    static const char *const parts[] = {
        "xxxx",  "example",  "your-",     "your_",     "<your",   "redacted",
        "****",  "changeme", "change-me", "change_me", "replace", "placeholder",
        "dummy", "....",     "insert",    "todo",      NULL};
    static const char *const wholes[] = {"password",
                                         "passwd",
                                         "pass",
                                         "pwd",
                                         "secret",
                                         "token",
                                         "key",
                                         "user",
                                         "username",
                                         "string",
                                         "str",
                                         "xxx",
                                         "required",
                                         "optional",
                                         "unset",
                                         "undefined",
                                         "empty",
                                         "default",
                                         "enabled",
                                         "disabled",
                                         "mypassword",
                                         "mysecret",
                                         "mytoken",
                                         "basic",
                                         "bearer",
                                         "...",
                                         "foo",
                                         "bar",
                                         "secretkeyref",
                                         "valuefrom",
                                         "configmapkeyref",
                                         NULL};
    struct makeup m = look(value);

    return m.distinct <= 1 || is_word_of(value, wholes) || has_word(value, parts) ||
           (m.longest_run >= 8 && m.longest_run * 2 >= value.len);
}

/* @NAME@, __NAME__, [hidden]: marks on both sides of what is to be replaced. */
static bool is_marked(struct ht_str value)
{
    static const char *const marks[][2] = {
        {"@", "@"}, {"__", "__"}, {"[", "]"}, {"(", ")"}, {"%", "%"}};

    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        size_t len = strlen(marks[i][0]) + strlen(marks[i][1]);

        if (value.len > len && ht_str_has_prefix(value, marks[i][0]) &&
            ht_str_has_suffix(value, marks[i][1]) && look(value).digits * 4 < value.len)
            return true;
    }
    return false;
}

static bool is_identifier(struct ht_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];

        if (!ht_is_alnum(c) && c != '_')
            return false;
    }
    return s.len > 0;
}

static bool is_call_name(struct ht_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];

        if (!ht_is_alpha(c) && c != '_' && c != '.')
            return false;
    }
    return name.len > 0;
}

/* input('Password: '), lookup("X"), self.find(realm, host): a line of a program. */
static bool is_call(struct ht_str value)
{
    enum { NAME_LEAST = 4 /* of a call without a text */ };
    ptrdiff_t open = ht_str_find_byte(value, '(');
    size_t at = (size_t)(open + 1);

    if (open <= 0 || value.data[value.len - 1] != ')' ||
        !is_call_name(ht_str_sub(value, 0, (size_t)open)))
        return false;
    if (value.data[at] && strchr("\"')", value.data[at]))
        return true;
    while (at < value.len - 1 && (is_identifier(ht_str_sub(value, at, 1)) ||
                                  (value.data[at] && strchr("., ->", value.data[at]))))
        at++;
    return open >= NAME_LEAST && at == value.len - 1;
}

/* Optional[str]: what a program says of a value. */
static bool is_type(struct ht_str value)
{
    if (!ht_str_has_prefix(value, "Optional[") || value.data[value.len - 1] != ']')
        return false;
    for (size_t i = strlen("Optional["); i + 1 < value.len; i++) {
        if (!is_identifier(ht_str_sub(value, i, 1)) && !strchr("., []", value.data[i]))
            return false;
    }
    return true;
}

/* {cipher}AQA..., as Spring writes what it has encrypted. */
static bool is_cipher(struct ht_str value)
{
    enum { LEAST = 16 };
    size_t at = strlen("{cipher}");

    if (!ht_str_has_prefix(value, "{cipher}") || value.len < at + LEAST)
        return false;
    while (at < value.len && (is_identifier(ht_str_sub(value, at, 1)) ||
                              (value.data[at] && strchr("+/=-", value.data[at]))))
        at++;
    return at == value.len;
}

/* --password --verbose: an option, in a text about options. */
static bool is_option(struct ht_str value)
{
    size_t at = 2;

    if (!ht_str_has_prefix(value, "--"))
        return false;
    while (at < value.len && ((value.data[at] >= 'a' && value.data[at] <= 'z') ||
                              value.data[at] == '-' || value.data[at] == '\''))
        at++;
    return at > 3 && at == value.len;
}

/* What a SealedSecret holds: only its controller can read it. It begins with the length of a key
 * that is encrypted with RSA, 512 bytes and so long at least. */
static bool is_sealed(struct ht_str value)
{
    enum { LEAST = 150 };

    return value.len >= LEAST &&
           (ht_str_has_prefix(value, "AgA") || ht_str_has_prefix(value, "AgB"));
}

/* Something that stands for a value kept elsewhere, or for one that is encrypted. */
static bool is_reference(struct ht_str value)
{
    static const char *const prefixes[] = {"${",
                                           "$(",
                                           "{{",
                                           "<%",
                                           "%(",
                                           "#{",
                                           "@@",
                                           "ENC[",
                                           "ENC(",
                                           "!vault",
                                           "vault:",
                                           "op://",
                                           "ref+",
                                           "arn:aws",
                                           "ssm:",
                                           "gsm:",
                                           "awssm:",
                                           "azurekv",
                                           "file:",
                                           "env:",
                                           "secret:",
                                           "secrets:",
                                           "process.env",
                                           "os.environ",
                                           "env[",
                                           "ENV[",
                                           "getenv",
                                           "os.getenv",
                                           "$ANSIBLE_VAULT",
                                           "sha256:",
                                           "sha512:",
                                           "sha384-",
                                           "sha512-",
                                           "<",
                                           "ssh-rsa ",
                                           "ssh-ed25519 ",
                                           "ecdsa-sha2-",
                                           "@Microsoft.KeyVault(",
                                           NULL};

    for (const char *const *prefix = prefixes; *prefix; prefix++) {
        if (ht_str_has_prefix(value, *prefix))
            return true;
    }
    return (value.len > 1 && value.data[0] == '$' &&
            is_identifier(ht_str_sub(value, 1, value.len))) ||
           ht_str_find(value, HT_S("{{"), 0) >= 0 || ht_str_find(value, HT_S("${"), 0) >= 0 ||
           is_marked(value) || is_sealed(value) || is_cipher(value) ||
           (ht_str_has_prefix(value, "projects/") && ht_str_find(value, HT_S("/secrets/"), 0) > 0);
}

/* /run/secrets/x, ./key.pem, C:\x, file names; a base64 text may begin with "/" too. */
static bool is_path(struct ht_str value)
{
    static const char *const endings[] = {".pem", ".key",  ".json", ".yaml", ".yml", ".txt", ".crt",
                                          ".env", ".conf", ".csv",  ".jks",  ".p12", NULL};
    struct makeup m = look(value);

    for (const char *const *ending = endings; *ending; ending++) {
        if (ht_str_has_suffix(value, *ending) && m.others)
            return true;
    }
    if (ht_str_has_prefix(value, "./") || ht_str_has_prefix(value, "../") ||
        ht_str_has_prefix(value, "~/"))
        return true;
    return value.len > 1 && value.data[0] == '/' && m.upper <= m.lower / 4 &&
           ht_str_find_byte(value, '+') < 0 && ht_str_find_byte(value, '=') < 0;
}

/* A URL; what is secret in one is found as such. */
static bool is_url(struct ht_str value)
{
    ptrdiff_t at = ht_str_find(value, HT_S("://"), 0);

    return at > 0 && at <= 16 && is_identifier(ht_str_sub(value, 0, (size_t)at));
}

/* Several words of lower case: a sentence, not a value. */
static bool is_prose(struct ht_str value)
{
    struct makeup m = look(value);

    return m.blanks >= 2 && m.lower > m.upper + m.digits + m.others;
}

/* my-db-secret, default/web-tls: names of things. */
static bool is_name_of_thing(struct ht_str value)
{
    struct makeup m = look(value);

    return m.upper == 0 && m.digits * 4 <= value.len && m.lower >= value.len / 2 &&
           value.len < LONG * 2 && (m.others || m.digits == 0) && m.blanks == 0;
}

static bool ends_with_nocase(struct ht_str name, const char *ending)
{
    size_t len = strlen(ending);

    return name.len >= len && ht_str_is_nocase(ht_str_sub(name, name.len - len, len), ending);
}

/* People choose passwords: any literal is one. Tokens and keys are drawn at random. */
static bool is_password_name(struct ht_str name)
{
    static const char *const endings[] = {"password",   "passwd",   "pass",     "pwd",        "pw",
                                          "passphrase", "passwort", "passcode", "masterauth", NULL};

    for (size_t trimmed = 0; trimmed < 3 && name.len; trimmed++) {
        char last = name.data[name.len - 1];

        if (!(last >= '0' && last <= '9') && last != '_' && last != '-')
            break;
        name.len--;
    }
    for (const char *const *ending = endings; *ending; ending++) {
        if (ends_with_nocase(name, *ending))
            return true;
    }
    return false;
}

/* True if the first len bytes of a name are a word of it: of usePassword and USE_PASSWORD, not of
 * USER_PASSWORD. */
static bool is_first_word(struct ht_str name, size_t len)
{
    char last = name.data[len - 1];
    char next = name.data[len];
    bool is_next_lower = next >= 'a' && next <= 'z';
    bool is_next_upper = next >= 'A' && next <= 'Z';

    return last == '-' || (!is_next_lower && !(is_next_upper && last >= 'A' && last <= 'Z'));
}

/* existingSecret, usePassword: a switch or a name, whatever the end says. */
static bool is_about_secret(struct ht_str name)
{
    static const char *const begins[] = {"existing", "use",       "enable", "disable", "create",
                                         "has",      "require",   "allow",  "no-",     "is-",
                                         "generate", "imagePull", NULL};

    while (name.len && name.data[0] == '-')
        name = ht_str_sub(name, 1, name.len);
    for (const char *const *begin = begins; *begin; begin++) {
        size_t len = strlen(*begin);

        /* "requirepass" is one word, "requirePassword" two. */
        if (name.len > len + 2 && ht_str_is_nocase(ht_str_sub(name, 0, len), *begin) &&
            is_first_word(name, len))
            return true;
    }
    return false;
}

static struct ht_str unquoted(struct ht_str s)
{
    while (s.len && strchr("\"'`\\", s.data[0]) && s.data[0])
        s = ht_str_sub(s, 1, s.len);
    while (s.len && s.data[s.len - 1] && strchr("\"'`,;\\", s.data[s.len - 1]))
        s.len--;
    return s;
}

static bool is_env_name(struct ht_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];

        if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_')
            return false;
    }
    return name.len > 0;
}

/* JWT_SECRET, SECRET_KEY: variables whose value a person may have chosen, as with a password.
 * A SECRET alone may as well be the name of one. */
static bool is_chosen_name(struct ht_str name)
{
    static const char *const words[] = {"JWT_",     "SESSION_",    "COOKIE_", "CLIENT_", "APP_",
                                        "API_",     "SIGNING_",    "HMAC_",   "AUTH_",   "CSRF_",
                                        "WEBHOOK_", "ENCRYPTION_", "SHARED_", "MASTER_", NULL};

    return is_env_name(name) &&
           (ends_with_nocase(name, "_KEY") || ends_with_nocase(name, "_BASE") ||
            (has_word(name, words) && ends_with_nocase(name, "SECRET")));
}

/* abcdef.0123456789abcdef */
static bool is_kubeadm_token(struct ht_str value)
{
    if (value.len != 23 || value.data[6] != '.')
        return false;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];

        if (i != 6 && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            return false;
    }
    return look(value).digits > 0;
}

/* "S3sam3 psql -h db": what stands before the first blank counts. */
static bool is_prose_secret(struct ht_str value)
{
    size_t end = 0;

    while (end < value.len && value.data[end] != ' ')
        end++;

    struct makeup first = look(ht_str_sub(value, 0, end));
    return first.digits && first.lower + first.upper;
}

/* Where a value stands: the same bytes are a call in a program and a password in an environment. */
enum place {
    IN_PROGRAM,     /* password = X, password: X */
    IN_DOUBT,       /* password=X, password: "X" */
    IN_COMMAND,     /* --password X */
    IN_ENVIRONMENT, /* PASSWORD=X, --password=X */
};

static enum place find_place(struct ht_str text, const struct ht_secret_span *span)
{
    struct ht_str name = span->origin.name;
    size_t end = name.len ? (size_t)(name.data - text.data) + name.len : 0;
    char before = span->from ? text.data[span->from - 1] : '\0';
    bool is_blank = before == ' ' || before == '\t';
    bool is_option = ht_str_has_prefix(name, "-");

    if (end && end < span->from && text.data[end] == '=' && !is_blank)
        return is_option || is_env_name(name) ? IN_ENVIRONMENT : IN_DOUBT;
    if (is_option)
        return IN_COMMAND;
    return is_blank ? IN_PROGRAM : IN_DOUBT;
}

/* What a line of a program ends with is no part of a call. */
static struct ht_str without_end_marks(struct ht_str s)
{
    while (s.len && (s.data[s.len - 1] == ';' || s.data[s.len - 1] == ','))
        s.len--;
    return s;
}

static int judge_named(struct ht_str name, struct ht_str value, enum place place)
{
    enum ht_secret_strength strength = ht_secret_name_strength(name);
    struct ht_str trimmed = ht_str_trim(value);
    struct ht_str code = without_end_marks(trimmed);
    bool is_code = is_call(code) || ht_str_has_suffix(code, "()") || is_type(code);
    bool is_opt = is_option(value);

    if ((is_code && place == IN_PROGRAM) || (is_opt && place == IN_COMMAND))
        return NOT_WORTH;
    value = unquoted(trimmed);
    if (value.len == 0 || is_reference(value) || is_path(value) || is_url(value))
        return NOT_WORTH;
    /* The password of a connection string is a pair of its own. */
    if (ht_secret_is_pairs(name, value))
        return HT_SECRET_HINT;
    if ((is_code && place == IN_DOUBT) || (is_opt && place != IN_ENVIRONMENT))
        return HT_SECRET_HINT;
    if (is_placeholder(value) || is_about_secret(name) ||
        (is_prose(value) && !is_prose_secret(value)))
        return HT_SECRET_HINT;
    if (is_password_name(name) || is_kubeadm_token(value))
        return HT_SECRET_LIKELY;
    if (value.len >= 8 && strength == HT_SECRET_STRONG && is_chosen_name(name))
        return HT_SECRET_LIKELY;
    if (value.len < 8 || is_name_of_thing(value))
        return HT_SECRET_HINT;
    if (strength == HT_SECRET_WEAK && (value.len < 16 || !looks_random(value)))
        return HT_SECRET_HINT;
    return HT_SECRET_LIKELY;
}

static bool is_uuid(struct ht_str s)
{
    enum { UUID_LEN = 36 };

    for (size_t i = 0; i < s.len; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        char c = s.data[i];

        if (is_dash ? c != '-' : !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
    }
    return s.len == UUID_LEN;
}

/* Shapes whose least length in the table is wide: names of things have them too. */
static bool is_real_shape(const char *rule, struct ht_str value, struct ht_str body)
{
    struct makeup m = look(body);

    if (strcmp(rule, "aws-key-id") == 0)
        return body.len == 16 && m.lower == 0 &&
               (m.digits || (ht_str_has_prefix(value, "AKIA") && m.distinct >= DISTINCT_RANDOM));
    if (strcmp(rule, "openai-key") == 0)
        return body.len >= 40 && m.digits && m.upper;
    if (strcmp(rule, "vault-token") == 0)
        return m.digits && m.upper && m.lower;
    if (strcmp(rule, "pypi-token") == 0)
        return ht_str_has_prefix(body, "AgE") && looks_random(body);
    if (strcmp(rule, "jwt") == 0)
        return ht_str_find(body, HT_S(".eyJ"), 0) > 0;
    if (strcmp(rule, "private-key") == 0)
        return body.len > 64;
    if (strcmp(rule, "airtable-token") == 0)
        return body.data[14] == '.' && body.len == 79;
    if (strcmp(rule, "launchdarkly-key") == 0)
        return is_uuid(body);
    return looks_random(body);
}

static int judge_shape(const char *rule, struct ht_str value)
{
    struct ht_str body = ht_str_sub(value, ht_secret_public_prefix(value), value.len);

    if (is_reference(body) || (is_placeholder(body) && strcmp(rule, "private-key") != 0))
        return NOT_WORTH;
    return is_real_shape(rule, value, body) ? HT_SECRET_CERTAIN : NOT_WORTH;
}

static int judge_url(struct ht_str value)
{
    if (is_reference(value) || is_placeholder(value))
        return NOT_WORTH;
    return HT_SECRET_CERTAIN;
}

/* arn:aws:secretsmanager:eu-west-1:1:secret:x: a list whose separator is ":". */
static bool is_inside_list(struct ht_str text, struct ht_str name)
{
    const char *end = text.data + text.len;

    return name.len && name.data > text.data && name.data[-1] == ':' &&
           name.data + name.len < end && name.data[name.len] == ':';
}

/* `cat /run/token`: a shell's command, whose output is the value; where no shell reads it, it may
 * as well be the value. */
static bool is_command(struct ht_str text, const struct ht_secret_span *span)
{
    struct ht_str value = ht_str_sub(text, span->from, span->to - span->from);

    return span->from > 0 && text.data[span->from - 1] == '`' && look(value).blanks;
}

static int judge_span(struct ht_str text, bool is_shell, const struct ht_secret_span *span)
{
    struct ht_str value = ht_str_sub(text, span->from, span->to - span->from);

    switch (span->origin.how) {
    case HT_SECRET_BY_SHAPE:
        return judge_shape(span->origin.rule, value);
    case HT_SECRET_BY_URL:
        return judge_url(value);
    case HT_SECRET_BY_URL_USER:
        return HT_SECRET_HINT;
    case HT_SECRET_BY_NAME:
        if (is_inside_list(text, span->origin.name))
            return NOT_WORTH;
        if (is_command(text, span))
            return is_shell ? NOT_WORTH : HT_SECRET_HINT;
        return judge_named(span->origin.name, value, find_place(text, span));
    case HT_SECRET_BY_PROGRAM:
    case HT_SECRET_BY_LINE:
        value = unquoted(value);
        return is_reference(value) || is_placeholder(value) ? NOT_WORTH : HT_SECRET_LIKELY;
    }
    return NOT_WORTH;
}

static int by_place(const void *left, const void *right)
{
    const struct ht_secret_found *a = left;
    const struct ht_secret_found *b = right;

    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return (int)b->sure - (int)a->sure;
}

/* Places that overlap are one: that of the better reason. */
static size_t merge(struct ht_secret_found *found, size_t len)
{
    size_t kept = 0;

    qsort(found, len, sizeof(*found), by_place);
    for (size_t i = 0; i < len; i++) {
        struct ht_secret_found *last = kept ? &found[kept - 1] : NULL;

        if (!last || found[i].from >= last->from + last->len) {
            found[kept++] = found[i];
        } else if (found[i].sure > last->sure) {
            struct ht_str name = last->name;

            *last = found[i];
            last->name = last->name.len ? last->name : name;
        } else if (!last->name.len) {
            last->name = found[i].name;
        }
    }
    return kept;
}

static int by_begin(const void *left, const void *right)
{
    const struct ht_secret_span *a = left;
    const struct ht_secret_span *b = right;

    return (a->from > b->from) - (a->from < b->from);
}

/* Sorts the spans and tells how far each and all before it reach. */
static size_t *sort_spans(struct ht_secret_spans *spans)
{
    size_t *reach = ht_new_array(size_t, spans->len + 1);

    if (spans->len)
        qsort(spans->items, spans->len, sizeof(*spans->items), by_begin);
    for (size_t i = 0; i < spans->len; i++)
        reach[i] = i && reach[i - 1] > spans->items[i].to ? reach[i - 1] : spans->items[i].to;
    return reach;
}

/* A name that is itself part of something hidden is not told. The spans are sorted. */
static struct ht_str safe_name(const struct ht_secret_spans *spans, const size_t *reach,
                               struct ht_str name)
{
    size_t from = name.len ? (size_t)(name.data - spans->text.data) : 0;
    size_t low = 0;
    size_t high = spans->len;

    /* All before low begin before the name's end. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (spans->items[middle].from < from + name.len)
            low = middle + 1;
        else
            high = middle;
    }
    return name.len && low && reach[low - 1] > from ? (struct ht_str){0} : name;
}

size_t ht_secret_judge(struct ht_str text, bool is_shell, struct ht_secret_found *ret_found,
                       size_t max)
{
    struct ht_secret_spans spans = {.text = text, .is_shell = is_shell};
    size_t len = 0;

    ht_secret_find_all(&spans);

    ht_autofree size_t *reach = sort_spans(&spans);
    ht_autofree struct ht_secret_found *all = ht_new_array(struct ht_secret_found, spans.len + 1);
    for (size_t i = 0; i < spans.len; i++) {
        const struct ht_secret_span *span = &spans.items[i];
        int sure = judge_span(text, is_shell, span);

        if (sure == NOT_WORTH)
            continue;
        all[len++] = (struct ht_secret_found){.sure = (enum ht_secret_sure)sure,
                                              .rule = span->origin.rule,
                                              .name = safe_name(&spans, reach, span->origin.name),
                                              .from = span->from,
                                              .len = span->to - span->from};
    }
    free(spans.items);
    len = merge(all, len);
    len = len < max ? len : max;
    if (len)
        memcpy(ret_found, all, len * sizeof(*all));
    return len;
}
