/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/secret.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"
#include "src/base/secret-find.h"

static struct ht_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = ht_arena_new(64 * 1024 * 1024);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = ht_arena_free(arena);
    return 0;
}

static void assert_text(struct ht_str got, const char *expected)
{
    if (!ht_str_is(got, expected))
        fail_msg("got \"%.*s\", expected \"%s\"", HT_STR_ARG(got), expected);
}

static void assert_arg(const char *arg, const char *expected)
{
    struct ht_str masked = ht_secret_mask_arg(arena, ht_str_from(arg));

    assert_text(masked, expected);
    assert_text(ht_secret_mask_arg(arena, masked), expected);
}

/* What is shorter is not searched. */
static void the_shortest_are_found(void **state)
{
    size_t least = SIZE_MAX;

    (void)state;
    for (const struct ht_secret_shape *shape = ht_secret_shapes(); shape->name; shape++) {
        size_t len = strlen(shape->prefix) + shape->least;

        least = len < least ? len : least;
    }
    assert_int_equal(least, HT_SECRET_SHAPE_MIN);
    assert_arg("xoxb-1234567890", "xoxb-***");
    assert_arg("a/xoxb-1234567890", "a/xoxb-***");
    assert_arg("h:1:d:u:xxx", "h:1:d:u:***");
    assert_arg("abc7Q~0123456789012345678901234567890", "***");
}

/* They are searched by their first byte. */
static void shapes_are_in_the_order_of_their_first_byte(void **state)
{
    size_t seen = 0, all = 0;

    (void)state;
    for (const struct ht_secret_shape *shape = ht_secret_shapes(); shape->name; shape++) {
        if (all++)
            assert_true((unsigned char)shape[-1].prefix[0] <= (unsigned char)shape->prefix[0]);
    }
    for (int byte = 0; byte <= UCHAR_MAX; byte++) {
        const struct ht_secret_shape *shape = ht_secret_shapes_of((char)byte);

        for (; shape; shape = ht_secret_shape_next(shape)) {
            assert_true(shape->prefix[0] == (char)byte);
            seen++;
        }
    }
    assert_true(all > 0);
    assert_int_equal(seen, all);
}

/* words and expected: separated by "|". */
static void assert_argv(const char *words, const char *expected)
{
    struct ht_str rest = ht_str_from(words);
    struct ht_str argv[32];
    size_t len = 0;

    while (len < ARRAY_LEN(argv) && ht_str_next(&rest, '|', &argv[len]))
        len++;
    for (int pass = 0; pass < 2; pass++) {
        ht_autobuf struct ht_buf out = HT_BUF(4096);
        struct ht_str *masked = ht_secret_mask_argv(arena, argv, len);

        for (size_t i = 0; i < len; i++) {
            if (i)
                ht_buf_add_c(&out, '|');
            ht_buf_add_str(&out, masked[i]);
            argv[i] = masked[i];
        }
        assert_text(ht_buf_str(&out), expected);
    }
}

static void names_are_judged_by_their_end(void **state)
{
    (void)state;
    static const char *const secret[] = {
        "PASSWORD",
        "DB_PASSWORD",
        "db_pass",
        "dbPassword",
        "apiKey",
        "API_KEY",
        "x-api-key",
        "--token",
        "AccessKeyId",
        "AWS_SECRET_ACCESS_KEY",
        "client-secret",
        "client.secret",
        "TOKEN_2",
        "PASSWORD1",
        "PASSWORD_OLD",
        "SECRETS",
        "passwd",
        "MYSQL_PWD",
        "pwd",
        "Authorization",
        "_authToken",
        "auth",
        "BasicAuth",
        "RAILS_MASTER_KEY",
        "SECRET_KEY_BASE",
        "credentials",
        "HTPASSWD",
        "PGPASSWORD",
        "SSH_PRIVATE_KEY",
        "SESSION_SECRET_BASE64",
        "sig",
        "JWT",
    };
    static const char *const other[] = {
        "",
        "PATH",
        "TOKEN_FILE",
        "PASSWORD_PATH",
        "SECRET_ROTATION_DAYS",
        "PWD",
        "OLDPWD",
        "TOKEN_URL",
        "SECRET_NAME",
        "TOKEN_TTL",
        "bypass",
        "compass",
        "AUTHOR",
        "KEYBOARD",
        "monkey",
        "public-key",
        "CLIENT_ID",
        "CREDENTIALS_FILE",
        "authorization-mode",
        "design",
        "key",
        "hash",
        "1",
        "_",
        "passwords_dir",
    };

    for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
        if (!ht_secret_is_name(ht_str_from(secret[i])))
            fail_msg("%s is the name of a secret", secret[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(other); i++) {
        if (ht_secret_is_name(ht_str_from(other[i])))
            fail_msg("%s is not the name of a secret", other[i]);
    }
}

static void values_of_named_words_are_masked(void **state)
{
    (void)state;
    static const struct {
        const char *arg;
        const char *masked;
    } cases[] = {
        {"--password=hunter2", "--password=***"},
        {"--password=two words", "--password=***"},
        {"PASSWORD=hunter2", "PASSWORD=***"},
        {"PASSWORD=a b=c:d", "PASSWORD=***"},
        {"password: hunter2", "password: ***"},
        {"--from-literal=db-password=hunter2", "--from-literal=db-password=***"},
        {"Server=tcp:db,1433;User ID=sa;Password=qfTV;Encrypt=True;",
         "Server=tcp:db,1433;User ID=sa;Password=***"},
        {"{\"user\":\"bob\",\"password\":\"hun\\\"ter2\",\"x\":1}",
         "{\"user\":\"bob\",\"password\":\"***\",\"x\":1}"},
        {"{\\\"password\\\":\\\"hunter2\\\",\\\"x\\\":1}",
         "{\\\"password\\\":\\\"***\\\",\\\"x\\\":1}"},
        {"Authorization: Bearer abcdef", "Authorization: Bearer ***"},
        {"authorization: basic dXNlcjpw", "authorization: basic ***"},
        {"X-Api-Key: abc def", "X-Api-Key: ***"},
        {"Cookie: a=b; c=d", "Cookie: ***"},
        {"https://h/p?a=1&token=abc&b=2", "https://h/p?a=1&token=***"},
        {"//npm.example.net/:_authToken=abc", "//npm.example.net/:_authToken=***"},
        {"--token=ghp_0123456789abcdef0123", "--token=ghp_***"},
        {"PASSWORD='a b'", "PASSWORD='***'"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_arg(cases[i].arg, cases[i].masked);
}

static void what_is_no_secret_stays(void **state)
{
    (void)state;
    static const char *const args[] = {
        "",
        "nginx",
        "--anonymous-auth=false",
        "--client-cert-auth=1",
        "--authorization-mode=Node,RBAC",
        "--token-auth-file=/etc/tokens.csv",
        "--password-file=/run/secrets/db",
        "--password=",
        "--password=${DB_PASSWORD}",
        "--password=$(DB_PASSWORD)",
        "--user=1000:1000",
        "registry.example.net/team/token:1.2",
        "http://example.net:8080/path@2x.png",
        "ssh://git@example.net/repo.git",
        "redis://redis:6379/0",
        "src=/a,dst=/b",
        "/usr/share/doc/ghp_readme",
        "http://[::1]:80/",
        "-p",
        "80:80",
        "sha256:dee28e342195ffe5592afd4075d292657f31e1c2052692cdb4805cfd73b3fc41",
        "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----",
    };

    for (size_t i = 0; i < ARRAY_LEN(args); i++) {
        struct ht_str arg = ht_str_from(args[i]);

        assert_arg(args[i], args[i]);
        assert_ptr_equal(ht_secret_mask_arg(arena, arg).data, arg.data);
    }
}

static void urls_lose_their_password(void **state)
{
    (void)state;
    assert_arg("amqp://svc:3ZzlHJJ6@rabbit:5672/", "amqp://svc:***@rabbit:5672/");
    assert_arg("redis://:pw@redis", "redis://:***@redis");
    assert_arg("postgres://u:p/w?x@db/app", "postgres://u:***@db/app");
    assert_arg("postgres://u:p@w@db/app", "postgres://u:***@db/app");
    assert_arg("https://0123456789abcdef01234567@example.net/x", "https://***@example.net/x");
    assert_arg("jdbc:x://h/?u=http://a:b@h/", "jdbc:x://h/?u=http://a:***@h/");
    assert_arg("x http://a:b@h y http://c:d@h", "x http://a:***@h y http://c:***@h");
}

static void shapes_keep_their_public_prefix(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *shape;
        const char *masked;
    } cases[] = {
        {"AKIAIOSFODNN7EXAMPLE", "aws-key-id", "AKIA***"},
        {"ghp_0123456789abcdefghij0123456789abcdef", "github-token", "ghp_***"},
        {"github_pat_0123456789abcdefghij_0123456789", "github-token", "github_pat_***"},
        {"glpat-aFK2THmNUQKie9mUfJth", "gitlab-token", "glpat-***"},
        {"xoxb-123456789012-abcdef", "slack-token", "xoxb-***"},
        {"xoxp-123456789012-abcdef", "slack-token", "xoxp-***"},
        {"xoxa-123456789012-abcdef", "slack-token", "xoxa-***"},
        {"sk_live_0123456789abcdef", "stripe-key", "sk_live_***"},
        {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "jwt", "eyJ***"},
        {"AIzaSyA0123456789abcdefghijklmnopqrstuv", "gcp-api-key", "AIza***"},
        {"npm_PnflMxEIujrKzV9PkpRnosZalo0tch6yhVmg", "npm-token", "npm_***"},
        {"hvs.CAESIJ0123456789abcdef", "vault-token", "hvs.***"},
        {"dckr_pat_0123456789abcdefghij", "docker-token", "dckr_pat_***"},
        {"-----BEGIN RSA PRIVATE KEY-----\nMIIW\n-----END RSA PRIVATE KEY-----", "private-key",
         "-----BEGIN ***"},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\\nb3Blbn", "private-key", "-----BEGIN ***"},
        {"https://hooks.slack.com/services/T000/B000/XXXXXXXXXXXX", "slack-webhook",
         "https://hooks.slack.com/services/***"},
        {"$6$salt$0123456789abcdefghijklmnop", "password-hash", "$6$***"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_arg(cases[i].value, cases[i].masked);
        assert_non_null(ht_secret_shape(ht_str_from(cases[i].value)));
        assert_string_equal(ht_secret_shape(ht_str_from(cases[i].value)), cases[i].shape);
    }
    assert_string_equal(ht_secret_shape(HT_S("redis://:pw@redis")), "url-password");
    assert_null(ht_secret_shape(HT_S("plain")));
    assert_null(ht_secret_shape(HT_S("")));
    assert_arg("a,ghp_0123456789abcdefghij,b", "a,ghp_***,b");
    assert_arg("xghp_0123456789abcdefghij", "xghp_0123456789abcdefghij");
}

static void neighbours_tell_what_is_secret(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        const char *masked;
    } cases[] = {
        {"app|--password|hunter2|--port|80", "app|--password|***|--port|80"},
        {"app|--api-key|-x|y", "app|--api-key|***|y"},
        {"app|--password|--token|x", "app|--password|***|x"},
        {"mongod|--auth|--port|1", "mongod|--auth|--port|1"},
        {"app|--auth|abc", "app|--auth|***"},
        {"app|--password|${PW}|x", "app|--password|${PW}|x"},
        {"mysql|-uroot|-phunter2|db", "mysql|-uroot|-p***|db"},
        {"mysql|-p|db", "mysql|-p|db"},
        {"/usr/bin/env|A=1|/opt/mysqldump|-phunter2", "/usr/bin/env|A=1|/opt/mysqldump|-p***"},
        {"docker|run|-p80:80|x", "docker|run|-p80:80|x"},
        {"docker|login|-u|bob|-p|hunter2|host", "docker|login|-u|bob|-p|***|host"},
        {"docker|build|--secret|id=npm,src=/n|.", "docker|build|--secret|id=npm,src=/n|."},
        {"docker|run|-u|1000:1000|x", "docker|run|-u|1000:1000|x"},
        {"sshpass|-p|hunter2|ssh|h", "sshpass|-p|***|ssh|h"},
        {"redis-server|--requirepass|hunter2|--port|1", "redis-server|--requirepass|***|--port|1"},
        {"redis-server|--masterauth|hunter2", "redis-server|--masterauth|***"},
        {"keytool|-storepass|hunter2", "keytool|-storepass|***"},
        {"sh|-c|redis-server --requirepass hunter2", "sh|-c|redis-server --requirepass ***"},
        {"redis-cli|-a|hunter2|ping", "redis-cli|-a|***|ping"},
        {"curl|-u|bob:hunter2|http://h", "curl|-u|bob:***|http://h"},
        {"curl|-ubob:hunter2|http://h", "curl|-ubob:***|http://h"},
        {"curl|--user=bob:hunter2|http://h", "curl|--user=bob:***|http://h"},
        {"curl|-u|hunter2:|http://h", "curl|-u|***:|http://h"},
        {"etcdctl|--user|root:hunter2|get|/", "etcdctl|--user|root:***|get|/"},
        {"app|--user=bob:hunter2", "app|--user=bob:***"},
        {"app|--user|bob|run", "app|--user|bob|run"},
        {"docker|run|--user|1000:1000|web", "docker|run|--user|1000:1000|web"},
        {"docker|run|--user=1000:1000|web", "docker|run|--user=1000:1000|web"},
        {"app|--username|bob:x", "app|--username|bob:x"},
        {"smbclient|-U|bob%hunter2|//h/s", "smbclient|-U|bob%***|//h/s"},
        {"smbclient|--user=bob%hunter2", "smbclient|--user=bob%***"},
        {"psql|-U|postgres|-c|select 1", "psql|-U|postgres|-c|select 1"},
        {"vault|login|hunter2", "vault|login|***"},
        {"vault|login|-no-print|hunter2", "vault|login|-no-print|***"},
        {"vault|status|login", "vault|status|login"},
        {"htpasswd|-b|f|bob|hunter2", "htpasswd|-b|f|bob|***"},
        {"htpasswd|-nb|bob|hunter2", "htpasswd|-nb|bob|***"},
        {"mysqladmin|-u|root|password|hunter2", "mysqladmin|-u|root|password|***"},
        {"rabbitmqctl|change_password|bob|hunter2", "rabbitmqctl|change_password|bob|***"},
        {"ssh-keygen|-t|rsa|-N|hunter2", "ssh-keygen|-t|rsa|-N|***"},
        {"cryptsetup|--key|hunter2|open", "cryptsetup|--key|***|open"},
        {"cryptsetup|--key-size|512|open", "cryptsetup|--key-size|512|open"},
        {"restic|--password-command|echo hunter2|backup", "restic|--password-command|***|backup"},
        {"restic|--password-command=echo hunter2", "restic|--password-command=***"},
        {"sh|-c|vault login hunter2 && htpasswd -b f bob hunter2",
         "sh|-c|vault login *** && htpasswd -b f bob ***"},
        {"curl|-H|Authorization: Bearer abc|http://h",
         "curl|-H|Authorization: Bearer ***|http://h"},
        {"openssl|enc|-pass|pass:x|-k|y", "openssl|enc|-pass|***|-k|***"},
        {"sh|-c|PASSWORD=hunter2 app --token x; curl -u a:b http://e/$PW",
         "sh|-c|PASSWORD=*** app --token ***; curl -u a:*** http://e/$PW"},
        {"bash|-lc|mysql -p\"$PW\" -e 'x'; mysqldump -phunter2 > f",
         "bash|-lc|mysql -p\"$PW\" -e 'x'; mysqldump -p*** > f"},
        {"sh|-c|curl -H 'Authorization: Bearer abc' http://h",
         "sh|-c|curl -H 'Authorization: Bearer ***' http://h"},
        {"sh|-c|app --password 'two words' -v", "sh|-c|app --password '***' -v"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_argv(cases[i].words, cases[i].masked);
}

static void text_is_masked_like_a_shell_line(void **state)
{
    (void)state;
    assert_text(
        ht_secret_mask_text(
            arena, HT_S("RUN /bin/sh -c echo //n/:_authToken=npm_0123456789abcdefghij > x")),
        "RUN /bin/sh -c echo //n/:_authToken=npm_*** > x");
    assert_text(ht_secret_mask_text(arena, HT_S("ENV PASSWORD=a b")), "ENV PASSWORD=*** b");
    assert_text(ht_secret_mask_text(arena, HT_S("RUN |1 TOKEN=abc /bin/sh -c make")),
                "RUN |1 TOKEN=*** /bin/sh -c make");
    assert_text(ht_secret_mask_text(arena, HT_S("")), "");
}

/* What ends a value is not what is protected in it; and no value hides the next one. */
static void masks_reach_to_the_end(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *masked;
    } cases[] = {
        {"[\"x\",\"--password\",\"ab\\\"cdefGH9\"]", "[\"x\",\"--password\",\"***\"]"},
        {"[\\\"x\\\",\\\"--password\\\",\\\"ab\\\\\\\"cdefGH9\\\"]",
         "[\\\"x\\\",\\\"--password\\\",\\\"***\\\"]"},
        {"{\"name\":\"DB_PASSWORD\",\"value\":\"abc\\\\defGHIJ9\"}",
         "{\"name\":\"DB_PASSWORD\",\"value\":\"***\"}"},
        {"{\"name\":\"DB_PASSWORD\",\"value\":\"hun\\u0074er2xyz\"}",
         "{\"name\":\"DB_PASSWORD\",\"value\":\"***\"}"},
        {"{\\\"name\\\":\\\"DB_PASSWORD\\\",\\\"value\\\":\\\"ab\\\\\\\"cdGH9\\\"}",
         "{\\\"name\\\":\\\"DB_PASSWORD\\\",\\\"value\\\":\\\"***\\\"}"},
        {"<add key='Password' value='abc\\defGHI99'/>", "<add key='Password' value='***'/>"},
        {"{\"name\":\"DB_PASSWORD\",\"type\":\"string\",\"value\":\"hunter2xyz\"}",
         "{\"name\":\"DB_PASSWORD\",\"type\":\"string\",\"value\":\"***\"}"},
        {"{\"value\":\"hunter2xyz\",\"name\":\"DB_PASSWORD\"}",
         "{\"value\":\"***\",\"name\":\"DB_PASSWORD\"}"},
        {"- name: DB_PASSWORD\n  value: hunter2 xyz\n- name: B\n  value: c",
         "- name: DB_PASSWORD\n  value: ***\n- name: B\n  value: c"},
        {"{\"name\":\"A\",\"value\":\"x\"},{\"name\":\"TOKEN\",\"value\":\"y\"}",
         "{\"name\":\"A\",\"value\":\"x\"},{\"name\":\"TOKEN\",\"value\":\"***\"}"},
        {"ALTER USER a PASSWORD 'abc''defGH99' x", "ALTER USER a PASSWORD '***' x"},
        {"ALTER USER a PASSWORD 'abc\\'defGH99' x", "ALTER USER a PASSWORD '***' x"},
        {"ALTER USER a PASSWORD  \n E'abcdefGH99' x", "ALTER USER a PASSWORD  \n E'***' x"},
        {"ALTER USER a PASSWORD $$abc'def$$ x", "ALTER USER a PASSWORD $$***$$ x"},
        {"CREATE USER a IDENTIFIED WITH 'native' BY 'abcdefGH99'",
         "CREATE USER a IDENTIFIED WITH 'native' BY '***'"},
        {"requirepass \"hunter2 xyz99\"", "requirepass \"***\""},
        {"port 1\n  requirepass hunter2xyz\nmasterauth b2",
         "port 1\n  requirepass ***\nmasterauth ***"},
        {"DSN user:pa:ssword9@tcp(h)/d", "DSN user:***@tcp(h)/d"},
        {"DSN a:pw9x@tcp(h:1)/d,b:pw8x@tcp(h)/d", "DSN a:***@tcp(h:1)/d,b:***@tcp(h)/d"},
        {"x jdbc:oracle:thin:scott/ti/ger99x@h", "x jdbc:oracle:thin:scott/***@h"},
        {"echo root:pa:ss|word9 | chpasswd", "echo root:*** | chpasswd"},
        {"printf 'root:Ab9\\nbob:Bc9\\n' | chpasswd", "printf 'root:***\\nbob:***\\n' | chpasswd"},
        {"echo 'root:pa ss\\nord9' | chpasswd; echo b:c9 | chpasswd",
         "echo 'root:***' | chpasswd; echo b:*** | chpasswd"},
        {"[{\"kty\":\"RSA\",\"d\":\"0123456789012345678901\",\"p\":\"0123456789012345678901\"},"
         "{\"kty\":\"oct\",\"k\": \"0123456789012345678901\"}]",
         "[{\"kty\":\"RSA\",\"d\":\"***\",\"p\":\"***\"},{\"kty\":\"oct\",\"k\": \"***\"}]"},
        {"[\"mysql\",\"-phunter2\"]", "[\"mysql\",\"-p***\"]"},
        {"[\"mysql\", \"-phun\\\"ter2\"]", "[\"mysql\", \"-p***\"]"},
        {"[\\\"mysql\\\",\\\"-phunter2\\\"]", "[\\\"mysql\\\",\\\"-p***\\\"]"},
        {"[\"curl\",\"-u\",\"bob:hunter2\"]", "[\"curl\",\"-u\",\"bob:***\"]"},
        {"[\"sh\",\"-c\",\"mysql -phunter2 db\"]", "[\"sh\",\"-c\",\"mysql -p*** db\"]"},
        {"sh -c -- \"mysql -phunter2 db\"", "sh -c -- \"mysql -p*** db\""},
        {"sh -c \"mysql -phunter2 db", "sh -c \"mysql -p*** db"},
        {"sh -c \"mysql -p\\\"hunter2 xyz\\\" db\"", "sh -c \"mysql -p*** db\""},
        {"sh -c \"echo \\\"a b\\\"; mysql -phunter2 db\"",
         "sh -c \"echo \\\"a b\\\"; mysql -p*** db\""},
        {"echo \"a\\\"b\"; mysql -phunter2", "echo \"a\\\"b\"; mysql -p***"},
        {"{\\\"password\\\":\\\"ab\\\\\\\"cdGH9\\\",\\\"x\\\":1}",
         "{\\\"password\\\":\\\"***\\\",\\\"x\\\":1}"},
        {"{\"name\":\"TOKEN\",\"d\":\"a {b} <c>\",\"value\":\"hunter2xyz\"}",
         "{\"name\":\"TOKEN\",\"d\":\"a {b} <c>\",\"value\":\"***\"}"},
        {"{\"value\":\"hunter2xyz\",\"d\":\"a {b}\",\"name\":\"TOKEN\"}",
         "{\"value\":\"***\",\"d\":\"a {b}\",\"name\":\"TOKEN\"}"},
        {"{\"name\":\"TOKEN\"},{\"d\":\"a\",\"value\":\"b\"},{\"name\":\"TOKEN\"}",
         "{\"name\":\"TOKEN\"},{\"d\":\"a\",\"value\":\"b\"},{\"name\":\"TOKEN\"}"},
        {"<n:password>hunter2</n:password>", "<n:password>***</n:password>"},
        {"<password type=\"x\">hunter2</password>", "<password type=\"x\">***</password>"},
        {"<password><![CDATA[hun>ter2]]></password>", "<password><![CDATA[***]]></password>"},
        {"<password>hun>ter2</password>", "<password>***</password>"},
        {"<secret><name>pg</name></secret>", "<secret><name>pg</name></secret>"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_str masked = ht_secret_mask_text(arena, ht_str_from(cases[i].text));

        assert_text(masked, cases[i].masked);
        assert_text(ht_secret_mask_text(arena, masked), cases[i].masked);
    }
}

static double find_seconds(const char *one, size_t bytes)
{
    ht_autobuf struct ht_buf text = HT_BUF(4 << 20);
    struct ht_secret_spans spans = {.len = 0};
    struct timespec before, after;

    ht_buf_add_text(&text, "{\"kty alter user uid= ");
    while (text.len < bytes)
        ht_buf_add_text(&text, one);
    spans.text = ht_buf_str(&text);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    ht_secret_find_all(&spans);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    free(spans.items);
    return (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
}

/* A text made to cost the most takes as long as it is: sixteen times the bytes of what takes so
 * many milliseconds, and not 256 times their time. */
static void the_worst_texts_take_linear_time(void **state)
{
    static const char *const patterns[] = {
        "value",
        "\"value\"",
        "\"password\",value:\"",
        "value: \"x\" ",
        "value=\"",
        ";PWD=a",
        ";PWD=\"",
        "secret=id=",
        "\"--password\",\"",
        "\\\"--password\\\",\\\"",
        "<password>",
        "<password \"",
        "</password",
        "password $a$ ",
        "identified with ",
        "a:b@tcp(",
        "jdbc:oracle:thin:a/",
        "[\"a",
        "[\\\"a",
        "sh -c \"sh -c ",
        "sh -c \"\\\"",
        "| chpasswd a:b",
        "\"d\":\"",
        "\nrequirepass \"",
        "\\\\\\\"",
        "Q~0123456789abcdefghijklmnopqrstuvwxyz",
        ":AA0123456789abcd",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        double small = find_seconds(patterns[i], 1 << 16);
        double large = find_seconds(patterns[i], 1 << 20);

        if (large > 100 * (small + 1e-4))
            fail_msg("%s: %g s became %g s", patterns[i], small, large);
    }
}

static void environment_values_are_never_kept(void **state)
{
    (void)state;
    static const struct {
        const char *entry;
        const char *masked;
    } cases[] = {
        {"DB_PASSWORD=hunter2", "DB_PASSWORD=<7 characters>"},
        {"GREETING=hello=world", "GREETING=<11 characters>"},
        {"X=y", "X=<1 character>"},
        {"EMPTY=", "EMPTY=<empty>"},
        {"GH=ghp_0123456789abcdefghij", "GH=<24 characters, shape github-token>"},
        {"URL=http://a:b@h/", "URL=<13 characters, shape url-password>"},
        {"PATH=/usr/bin:/bin", "PATH=/usr/bin:/bin"},
        {"HOME=/root", "HOME=/root"},
        {"PATH=/ghp_0123456789abcdefghij", "PATH=/ghp_***"},
        {"no equals sign", "<14 characters>"},
        {"", "<empty>"},
        {"=x", "=<1 character>"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_text(ht_secret_mask_env_entry(arena, ht_str_from(cases[i].entry)), cases[i].masked);
}

static bool has(struct ht_str text, struct ht_str needle)
{
    return ht_str_find(text, needle, 0) >= 0;
}

/* A canary in every form that is documented must never come out. */
static void no_form_lets_a_canary_through(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "--password=%s",
        "--password='%s'",
        "DB_PASSWORD=%s",
        "password: %s",
        "password = %s",
        "\"secret\": \"%s\"",
        "x http://u:%s@h/ y",
        "Authorization: Bearer %s",
        "Cookie: %s",
        "a;Password=%s;b",
        "/p?x=1&access_token=%s",
        "{'apiKey': '%s'}",
        "{\\\"token\\\":\\\"%s\\\"}",
        "token=>%s",
        "token:=%s",
        "-----BEGIN PRIVATE KEY-----%s",
        "mysql -p%s",
        "app --token %s",
        "curl -u me:%s http://h",
        "app --secret \"%s\" x",
    };
    static const char *const canaries[] = {"canary-4711", "C4n4ry/+==", "-canary",
                                           "1canary@x",   "can$ary",    "canary:x"};

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        for (size_t j = 0; j < ARRAY_LEN(canaries); j++) {
            ht_autobuf struct ht_buf text = HT_BUF(4096);
            struct ht_str canary = ht_str_from(canaries[j]);

            ht_buf_addf(&text, forms[i], canaries[j]);
            struct ht_str arg = ht_secret_mask_arg(arena, ht_buf_str(&text));
            struct ht_str line = ht_secret_mask_text(arena, ht_buf_str(&text));
            struct ht_str env = ht_secret_mask_env_entry(arena, ht_buf_str(&text));
            if (has(arg, canary) || has(line, canary))
                fail_msg("\"%s\" gave \"%.*s\" and \"%.*s\"", text.data, HT_STR_ARG(arg),
                         HT_STR_ARG(line));
            assert_false(ht_str_find_byte(ht_buf_str(&text), '=') < 0 && has(env, canary));
        }
    }
}

/* Each is an address that could end at the last "@": it is looked for once, and taken once. */
static void addresses_inside_addresses_cost_no_more_than_one(void **state)
{
    static const char one[] = "://a:b/";
    ht_autobuf struct ht_buf text = HT_BUF(2 << 20);
    struct ht_secret_spans spans = {.len = 0};

    (void)state;
    while (text.len < 1 << 20)
        ht_buf_add_text(&text, one);
    spans.text = ht_buf_str(&text);
    ht_secret_find_urls(&spans);
    assert_int_equal(spans.len, 0);
    ht_buf_add_text(&text, "@h");
    spans.text = ht_buf_str(&text);
    ht_secret_find_urls(&spans);
    assert_int_equal(spans.len, 1);
    assert_int_equal(spans.items[0].from, strlen("://a:"));
    assert_true(spans.items[0].to >= text.len - strlen("@h"));
    free(spans.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_shortest_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_judged_by_their_end, setup, teardown),
        cmocka_unit_test_setup_teardown(values_of_named_words_are_masked, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_secret_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(urls_lose_their_password, setup, teardown),
        cmocka_unit_test(shapes_are_in_the_order_of_their_first_byte),
        cmocka_unit_test_setup_teardown(shapes_keep_their_public_prefix, setup, teardown),
        cmocka_unit_test_setup_teardown(neighbours_tell_what_is_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(text_is_masked_like_a_shell_line, setup, teardown),
        cmocka_unit_test_setup_teardown(environment_values_are_never_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(no_form_lets_a_canary_through, setup, teardown),
        cmocka_unit_test_setup_teardown(masks_reach_to_the_end, setup, teardown),
        cmocka_unit_test(the_worst_texts_take_linear_time),
        cmocka_unit_test(addresses_inside_addresses_cost_no_more_than_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
