/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "docker-client.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "docker-decode.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { CONNECT_MS = 2000, STALL_MS = 2000, ANSWER_MS = 2000, INSPECT_BODY_MAX = 8 * 1024 * 1024 };

/* ---- words ---- */

static const struct {
    int code;
    enum ht_source_state state;
    const char *help;
} troubles[] = {
    {ENOENT, HT_SOURCE_STATE_ABSENT, "no daemon here, or it listens elsewhere: --docker URL"},
    {EACCES, HT_SOURCE_STATE_DENIED, "sudo hulltop (being in group docker is being root)"},
    {ECONNREFUSED, HT_SOURCE_STATE_BROKEN, "the daemon is not running: systemctl status docker"},
    {EHOSTUNREACH, HT_SOURCE_STATE_BROKEN, "check the address given with --docker or DOCKER_HOST"},
    {ETIMEDOUT, HT_SOURCE_STATE_BUSY, "the daemon is overloaded or stopped; it is asked again"},
    {EFBIG, HT_SOURCE_STATE_BROKEN, "the answer is not that of a sane daemon"},
    {EPROTO, HT_SOURCE_STATE_BROKEN, "what listens there is no Docker daemon"},
    {EINVAL, HT_SOURCE_STATE_BROKEN, "what listens there is no Docker daemon"},
    {ECONNRESET, HT_SOURCE_STATE_BROKEN, "the daemon went away; it is asked again"},
    {EKEYREJECTED, HT_SOURCE_STATE_BROKEN, "check DOCKER_CERT_PATH and the daemon's certificate"},
    {ENOTSUP, HT_SOURCE_STATE_OFF, "install libcurl (Debian: libcurl4)"},
};

void ht_docker_explain(const struct ht_docker_client *client, const struct ht_error *err,
                       struct ht_docker_trouble *trouble)
{
    (void)client;
    trouble->state = HT_SOURCE_STATE_BROKEN;
    trouble->help = "it is asked again";
    for (size_t i = 0; i < ARRAY_LEN(troubles); i++) {
        if (troubles[i].code == err->code) {
            trouble->state = troubles[i].state;
            trouble->help = troubles[i].help;
        }
    }
    snprintf(trouble->detail, sizeof(trouble->detail), "%s", err->text);
}

static int fail(const struct ht_docker_client *client, struct ht_error *err,
                struct ht_docker_trouble *trouble)
{
    ht_docker_explain(client, err, trouble);
    return -(err->code ? err->code : EIO);
}

/* ---- where ---- */

static bool is_socket(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Fills path from a pattern whose '*' stands for a user id: as root the first user that has one,
 * else ours. */
static bool find_user_socket(const char *pattern, char *path, size_t size)
{
    const char *star = strchr(pattern, '*');
    DIR *users;
    bool found = false;

    if (geteuid() != 0) {
        int len = snprintf(path, size, "%.*s%u%s", (int)(star - pattern), pattern,
                           (unsigned)geteuid(), star + 1);

        return len > 0 && (size_t)len < size && is_socket(path);
    }
    users = opendir("/run/user");
    for (struct dirent *entry = users ? readdir(users) : NULL; entry && !found;
         entry = readdir(users)) {
        uint64_t uid;

        if (ht_parse_u64(ht_str_from(entry->d_name), &uid) < 0)
            continue;
        int len = snprintf(path, size, "%.*s%s%s", (int)(star - pattern), pattern, entry->d_name,
                           star + 1);
        found = len > 0 && (size_t)len < size && is_socket(path);
    }
    if (users)
        closedir(users);
    return found;
}

/* The first place where there is a socket; else the first place, so that its absence has a name. */
static void find_place(const char *const *places, char *path, size_t size)
{
    for (size_t i = 0; places[i]; i++) {
        if (strchr(places[i], '*')) {
            if (find_user_socket(places[i], path, size))
                return;
        } else if (is_socket(places[i])) {
            snprintf(path, size, "%s", places[i]);
            return;
        }
    }
    snprintf(path, size, "%s", places[0]);
}

static int set_endpoint(struct ht_docker_client *client, const struct ht_docker_target *target,
                        struct ht_error *err)
{
    const char *url = target->url;

    if (!url) {
        find_place(target->places, client->socket_path, sizeof(client->socket_path));
    } else if (strncmp(url, "tcp://", 6) != 0) {
        const char *path = strncmp(url, "unix://", 7) == 0 ? url + 7 : url;

        if (path[0] != '/')
            return ht_error_set(err, EINVAL, "%s: neither unix:///PATH nor tcp://HOST:PORT", url);
        if (strlen(path) >= sizeof(client->socket_path))
            return ht_error_set(err, EINVAL, "%s: the path is too long for a socket", url);
        snprintf(client->socket_path, sizeof(client->socket_path), "%s", path);
    } else if (strlen(url) >= sizeof(client->endpoint)) {
        return ht_error_set(err, EINVAL, "%.40s...: the address is too long", url);
    }
    if (client->socket_path[0])
        snprintf(client->endpoint, sizeof(client->endpoint), "unix://%s", client->socket_path);
    else
        snprintf(client->endpoint, sizeof(client->endpoint), "%s", url);
    return 0;
}

/* TLS is used where a certificate folder or DOCKER_TLS_VERIFY says so; the certificate is always
 * verified. */
static int open_http(struct ht_docker_client *client, const struct ht_docker_target *target,
                     struct ht_error *err)
{
    char url[320], ca[512], cert[512], key[512];
    unsigned answer_ms =
        target->timeout_ns ? (unsigned)(target->timeout_ns / HT_NS_PER_MS) : ANSWER_MS;
    struct ht_http_options options = {.connect_ms = CONNECT_MS,
                                      .total_ms = answer_ms,
                                      .stall_ms = STALL_MS,
                                      .body_max = HT_LIMIT_BODY,
                                      .cancel_fd = target->stop_fd};

    if (client->socket_path[0]) {
        options.socket_path = client->socket_path;
    } else {
        bool tls = target->cert_path || target->tls_verify;

        snprintf(url, sizeof(url), "%s://%s", tls ? "https" : "http", client->endpoint + 6);
        options.url = url;
        if (target->cert_path) {
            snprintf(ca, sizeof(ca), "%s/ca.pem", target->cert_path);
            snprintf(cert, sizeof(cert), "%s/cert.pem", target->cert_path);
            snprintf(key, sizeof(key), "%s/key.pem", target->cert_path);
            options.ca_file = ca;
            options.cert_file = cert;
            options.key_file = key;
        }
    }
    client->http = ht_http_new(&options, err);
    return client->http ? 0 : -err->code;
}

/* ---- calls ---- */

void ht_docker_close(struct ht_docker_client *client)
{
    client->http = ht_http_free(client->http);
}

/* What an answer other than 200 says; always a failure. */
static int refuse(const struct ht_docker_client *client, const char *path,
                  const struct ht_http_answer *answer, struct ht_docker_trouble *trouble)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    struct ht_str body = ht_str_sub(ht_buf_str(&answer->body), 0, 4096);
    struct ht_str message = ht_docker_decode_message(arena, body);
    struct ht_error err = {0};

    if (message.len == 0)
        message = ht_str_trim(ht_str_sub(body, 0, 120));
    ht_error_set(&err, EPROTO, "%s: %s: status %d: %.*s", client->endpoint, path, answer->status,
                 HT_STR_ARG(message));
    ht_docker_explain(client, &err, trouble);
    if (answer->status == 403 || answer->status == 401)
        trouble->state = HT_SOURCE_STATE_DENIED;
    if (answer->status >= 400)
        trouble->help = "the daemon refuses the request; its log tells more";
    return answer->status == 404 ? -ESRCH : -EPROTO;
}

int ht_docker_ping(struct ht_docker_client *client, struct ht_docker_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct ht_error err = {0};

    if (ht_http_get(client->http, "/_ping", &answer, &err) < 0)
        return fail(client, &err, trouble);
    return answer.status == 200 ? 0 : refuse(client, "/_ping", &answer, trouble);
}

int ht_docker_get(struct ht_docker_client *client, const char *path, struct ht_http_answer *answer,
                  struct ht_docker_trouble *trouble)
{
    char full[512];
    struct ht_error err = {0};

    snprintf(full, sizeof(full), "/v%s%s", client->version, path);
    if (ht_http_get(client->http, full, answer, &err) < 0)
        return fail(client, &err, trouble);
    return answer->status == 200 ? 0 : refuse(client, full, answer, trouble);
}

/* "1.41": digits, a point, digits. */
static bool is_version(struct ht_str text, unsigned *ret_minor)
{
    struct ht_str major;
    uint64_t a, b;

    if (!ht_str_next(&text, '.', &major) || ht_parse_u64(major, &a) < 0 ||
        ht_parse_u64(text, &b) < 0 || a > 99 || b > 9999)
        return false;
    *ret_minor = (unsigned)(a * 10000 + b);
    return true;
}

/* The version that the daemon names in every answer is used, from 1.24 on: answers only ever gained
 * keys. */
static int negotiate(struct ht_docker_client *client, struct ht_docker_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct ht_error err = {0};
    unsigned number;

    if (ht_http_get(client->http, "/_ping", &answer, &err) < 0)
        return fail(client, &err, trouble);

    struct ht_str version = ht_http_header(&answer, "Api-Version");
    if (!is_version(version, &number) || version.len >= sizeof(client->version)) {
        if (answer.status != 200)
            return refuse(client, "/_ping", &answer, trouble);
        ht_error_set(&err, EPROTO, "%s: answers, but names no Docker API version",
                     client->endpoint);
        return fail(client, &err, trouble);
    }
    memcpy(client->version, version.data, version.len);
    client->version[version.len] = '\0';
    if (number < 10024) {
        ht_error_set(&err, EPROTO, "%s: Docker API %s is too old; 1.24 is the least",
                     client->endpoint, client->version);
        ht_docker_explain(client, &err, trouble);
        trouble->help = "upgrade Docker to 1.12 or newer";
        return -EPROTO;
    }
    return 0;
}

int ht_docker_connect(struct ht_docker_client *client, const struct ht_docker_target *target,
                      struct ht_docker_trouble *trouble)
{
    struct ht_error err = {0};

    *client = (struct ht_docker_client){0};
    if (set_endpoint(client, target, &err) < 0 || open_http(client, target, &err) < 0)
        return fail(client, &err, trouble);

    int r = negotiate(client, trouble);
    if (r < 0)
        ht_docker_close(client);
    return r;
}
