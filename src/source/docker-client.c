/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "docker-client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "docker-decode.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/secret.h"

enum { CONNECT_MS = 2000, ANSWER_MS = 2000, PING_BODY_MAX = 64 * 1024 };

/* ---- words ---- */

#define NO_DOCKER   "what listens there is no Docker daemon"
#define ADDRESS     "give unix:///PATH or tcp://HOST:PORT with --docker or DOCKER_HOST"
#define NOT_SANE    "no sane daemon answers so much; what listens there?"
#define NOT_RUNNING "if it should run here: systemctl status docker.socket docker podman.socket"

static const struct ht_trouble_cause causes[] = {
    {ENOENT, HT_SOURCE_STATE_ABSENT, "no daemon here, or it listens elsewhere: --docker URL"},
    {EACCES, HT_SOURCE_STATE_DENIED, "sudo hulltop (being in group docker is being root)"},
    {EPERM, HT_SOURCE_STATE_DENIED, "sudo hulltop, or let its user read that file"},
    {ENOTSOCK, HT_SOURCE_STATE_BROKEN, HT_TROUBLE_NO_SOCKET},
    {EMFILE, HT_SOURCE_STATE_BROKEN, HT_TROUBLE_FILES},
    {ECONNREFUSED, HT_SOURCE_STATE_BROKEN, NOT_RUNNING},
    {EHOSTUNREACH, HT_SOURCE_STATE_BROKEN, "check the address given with --docker or DOCKER_HOST"},
    {ETIMEDOUT, HT_SOURCE_STATE_BUSY, "the daemon is overloaded or stopped; it is asked again"},
    {EFBIG, HT_SOURCE_STATE_BROKEN, NOT_SANE},
    {E2BIG, HT_SOURCE_STATE_BROKEN, NOT_SANE},
    {EOVERFLOW, HT_SOURCE_STATE_BROKEN, NOT_SANE},
    {EPROTO, HT_SOURCE_STATE_BROKEN, NO_DOCKER},
    {EINVAL, HT_SOURCE_STATE_BROKEN, NO_DOCKER},
    {EDESTADDRREQ, HT_SOURCE_STATE_BROKEN, ADDRESS},
    {ECONNRESET, HT_SOURCE_STATE_BROKEN, "the daemon went away; it is asked again"},
    {EKEYREJECTED, HT_SOURCE_STATE_BROKEN, "check DOCKER_CERT_PATH and the daemon's certificate"},
    {ENOTSUP, HT_SOURCE_STATE_OFF, "install libcurl (Debian: libcurl4)"},
};

int ht_docker_explain(const struct ht_error *err, struct ht_trouble *trouble)
{
    return ht_trouble_explain(causes, ARRAY_LEN(causes), err, trouble);
}

/* ---- where ---- */

/* An address with a user's name may hold a password: it is not quoted. */
static int refuse_address(const char *url, const char *why, struct ht_error *err)
{
    if (strchr(url, '@'))
        return ht_error_set(err, EDESTADDRREQ, "the daemon's address: %s", why);
    return ht_error_set(err, EDESTADDRREQ, "%.100s: %s", url, why);
}

static int set_unix_endpoint(struct ht_docker_client *client, const char *url, const char *path,
                             struct ht_error *err)
{
    struct sockaddr_un address;

    if (strncmp(url, "ssh://", 6) == 0)
        return refuse_address(url, "addresses over ssh are not supported", err);
    if (path[0] != '/')
        return refuse_address(url, "neither unix:///PATH nor tcp://HOST:PORT", err);
    if (strlen(path) >= sizeof(address.sun_path))
        return refuse_address(url, "the path is too long for a socket", err);
    snprintf(client->socket_path, sizeof(client->socket_path), "%s", path);
    return 0;
}

static bool speaks_tls(const struct ht_docker_target *target)
{
    return target->cert_path || target->tls_verify;
}

/* "host:2375", "[::1]:2375". As with Docker's own client, a port that is not said is its usual one,
 * and a host that is not said is this one. */
static bool split_address(struct ht_str text, struct ht_str *host, uint64_t *port)
{
    ptrdiff_t bracket = ht_str_has_prefix(text, "[") ? ht_str_find_byte(text, ']') : -1;
    struct ht_str rest;

    if (ht_str_has_prefix(text, "[") && bracket < 3)
        return false;
    ptrdiff_t colon = ht_str_find(text, HT_S(":"), bracket < 0 ? 0 : (size_t)bracket);
    *host = colon < 0 ? text : ht_str_sub(text, 0, (size_t)colon);
    rest = colon < 0 ? HT_S("") : ht_str_sub(text, (size_t)colon + 1, text.len);
    if (bracket >= 0 && host->len != (size_t)bracket + 1)
        return false;
    if (host->len == 0)
        *host = HT_S("127.0.0.1");
    return rest.len == 0 || (ht_parse_u64(rest, port) == 0 && *port > 0 && *port <= UINT16_MAX);
}

static int set_tcp_endpoint(struct ht_docker_client *client, const struct ht_docker_target *target,
                            struct ht_error *err)
{
    struct ht_str rest = ht_str_from(target->url + strlen("tcp://")), host;
    uint64_t port = speaks_tls(target) ? 2376 : 2375;

    if (rest.len + sizeof("tcp://127.0.0.1:65535") > sizeof(client->endpoint))
        return refuse_address(target->url, "the address is too long", err);
    if (strchr(target->url, '@'))
        return refuse_address(target->url, "a user's name is of no use there", err);
    if (ht_str_has_suffix(rest, "/"))
        rest.len--;
    if (rest.len == 0 || !split_address(rest, &host, &port))
        return refuse_address(target->url, "what follows :// is not HOST:PORT", err);
    snprintf(client->endpoint, sizeof(client->endpoint), "tcp://%.*s:%u", HT_STR_ARG(host),
             (unsigned)port);
    return 0;
}

static int set_endpoint(struct ht_docker_client *client, const struct ht_docker_target *target,
                        struct ht_error *err)
{
    const char *url = target->url;

    if (!url) {
        ht_docker_find_place(target, client->socket_path, sizeof(client->socket_path));
    } else if (strncmp(url, "tcp://", 6) != 0) {
        const char *path = strncmp(url, "unix://", 7) == 0 ? url + 7 : url;

        if (set_unix_endpoint(client, url, path, err) < 0)
            return -err->code;
    } else {
        return set_tcp_endpoint(client, target, err);
    }
    snprintf(client->endpoint, sizeof(client->endpoint), "unix://%s", client->socket_path);
    return 0;
}

/* The files of a certificate folder. */
struct credentials {
    char ca[512], cert[512], key[512];
};

/* libcurl tells of one that is missing, not readable or not a key in the same words. */
static int try_credential(const char *path, struct ht_error *err)
{
    ht_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd >= 0)
        return 0;
    if (errno == EACCES || errno == EPERM)
        return ht_error_set(err, EPERM, "%s: permission denied", path);
    return ht_error_set(err, EKEYREJECTED, "%s: %s", path,
                        errno == ENOENT ? "there is no such file" : "cannot be opened");
}

/* As with Docker's own client, a folder without certificate and key is one for a daemon that wants
 * none. */
static int find_credentials(const char *folder, struct credentials *credentials,
                            struct ht_error *err)
{
    struct credentials *c = credentials;

    if (strlen(folder) + sizeof("/cert.pem") > sizeof(c->ca))
        return ht_error_set(err, EKEYREJECTED, "DOCKER_CERT_PATH: the path is too long");
    snprintf(c->ca, sizeof(c->ca), "%s/ca.pem", folder);
    snprintf(c->cert, sizeof(c->cert), "%s/cert.pem", folder);
    snprintf(c->key, sizeof(c->key), "%s/key.pem", folder);
    if (try_credential(c->ca, err) < 0)
        return -err->code;
    if (access(c->cert, F_OK) < 0 && errno == ENOENT && access(c->key, F_OK) < 0 && errno == ENOENT)
        c->cert[0] = c->key[0] = '\0';
    else if (try_credential(c->cert, err) < 0 || try_credential(c->key, err) < 0)
        return -err->code;
    return 0;
}

/* TLS is used where a certificate folder or DOCKER_TLS_VERIFY says so; the certificate is always
 * verified. */
static int open_http(struct ht_docker_client *client, const struct ht_docker_target *target,
                     struct ht_error *err)
{
    struct credentials credentials;
    char url[sizeof(client->endpoint) + sizeof("https://")];
    struct ht_http_options options = {.connect_ms = CONNECT_MS,
                                      .total_ms = client->answer_ms,
                                      .stall_ms = client->answer_ms,
                                      .body_max = HT_LIMIT_BODY,
                                      .cancel_fd = target->stop_fd};

    if (client->socket_path[0]) {
        options.socket_path = client->socket_path;
    } else {
        snprintf(url, sizeof(url), "%s://%s", speaks_tls(target) ? "https" : "http",
                 client->endpoint + 6);
        options.url = url;
        options.name = client->endpoint;
    }
    if (options.url && target->cert_path) {
        if (find_credentials(target->cert_path, &credentials, err) < 0)
            return -err->code;
        options.ca_file = credentials.ca;
        options.cert_file = credentials.cert[0] ? credentials.cert : NULL;
        options.key_file = credentials.key[0] ? credentials.key : NULL;
    }
    client->http = ht_http_new(&options, err);
    /* An address that is none, not an answer that is none. */
    if (!client->http && err->code == EINVAL)
        err->code = EDESTADDRREQ;
    return client->http ? 0 : -err->code;
}

/* ---- calls ---- */

void ht_docker_close(struct ht_docker_client *client)
{
    client->http = ht_http_free(client->http);
}

/* A page of a proxy has many lines. */
static struct ht_str one_line(struct ht_arena *arena, struct ht_str text)
{
    char *to = ht_arena_array(arena, char, text.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        bool blank = strchr(" \t\r\n", text.data[i]);

        if (!blank || (len && to[len - 1] != ' '))
            to[len++] = blank ? ' ' : text.data[i];
    }
    return ht_str_trim((struct ht_str){.data = to, .len = len});
}

/* What an answer other than 200 says; always a failure. */
static int refuse(const struct ht_docker_client *client, const char *path,
                  const struct ht_http_answer *answer, struct ht_trouble *trouble)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    struct ht_str body = ht_str_sub(ht_buf_str(&answer->body), 0, 4096);
    struct ht_str message = ht_docker_decode_message(arena, body);
    struct ht_error err = {0};

    if (message.len == 0)
        message = body;
    message = ht_secret_mask_text(arena, one_line(arena, ht_str_sub(message, 0, 200)));
    ht_error_set(&err, EPROTO, "%s: %s: status %d%s%.*s", client->endpoint, path, answer->status,
                 message.len ? ": " : "", HT_STR_ARG(message));
    ht_docker_explain(&err, trouble);
    if (answer->status >= 400)
        trouble->help = "the daemon refuses the request; its log tells more";
    if (ht_str_find(message, HT_S("HTTP request to an HTTPS server"), 0) >= 0)
        trouble->help = "it speaks TLS: set DOCKER_CERT_PATH, or DOCKER_TLS_VERIFY";
    if (answer->status == 403 || answer->status == 401) {
        trouble->state = HT_SOURCE_STATE_DENIED;
        trouble->help = "an authorization plugin or a proxy of the daemon does not let us read";
    }
    return answer->status == 404 ? -ESRCH : -EPROTO;
}

/* "OK", and nothing else. */
static bool is_pong(const struct ht_http_answer *answer)
{
    return answer->status == 200 && ht_str_is(ht_str_trim(ht_buf_str(&answer->body)), "OK");
}

static int ping(struct ht_docker_client *client, struct ht_http_answer *answer,
                struct ht_trouble *trouble)
{
    struct ht_error err = {0};
    const struct ht_http_request request = {.path = "/_ping", .body_max = PING_BODY_MAX};

    if (ht_http_send(client->http, &request, answer, &err) < 0)
        return ht_docker_explain(&err, trouble);
    if (is_pong(answer))
        return 0;
    if (answer->status != 200)
        return refuse(client, request.path, answer, trouble);
    ht_error_set(&err, EPROTO, "%s: answers, but not as a Docker daemon does", client->endpoint);
    return ht_docker_explain(&err, trouble);
}

int ht_docker_ping(struct ht_docker_client *client, struct ht_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;

    return ping(client, &answer, trouble);
}

void ht_docker_path(const struct ht_docker_client *client, const char *path, struct ht_buf *out)
{
    ht_buf_addf(out, "/v%s%s", client->version, path);
}

void ht_docker_list_path(const struct ht_docker_client *client, struct ht_buf *out)
{
    if (client->libpod[0])
        ht_buf_addf(out, "/v%s/libpod/containers/json?all=true&external=true", client->libpod);
    else
        ht_docker_path(client, "/containers/json?all=1", out);
}

void ht_docker_inspect_path(const struct ht_docker_client *client, const char *id,
                            struct ht_buf *out)
{
    if (client->libpod[0])
        ht_buf_addf(out, "/v%s/libpod", client->libpod);
    else
        ht_docker_path(client, "", out);
    ht_buf_addf(out, "/containers/%s/json", id);
}

int ht_docker_judge(const struct ht_docker_client *client, const struct ht_docker_reply *reply,
                    struct ht_trouble *trouble)
{
    if (reply->result < 0)
        return ht_docker_explain(reply->err, trouble);
    return reply->answer->status == 200 ? 0 : refuse(client, reply->path, reply->answer, trouble);
}

int ht_docker_get(struct ht_docker_client *client, const char *path, size_t body_max,
                  struct ht_http_answer *answer, struct ht_trouble *trouble)
{
    ht_autobuf struct ht_buf full = HT_BUF(512);
    struct ht_error err = {0};
    struct ht_http_request request = {.total_ms = client->answer_ms, .body_max = body_max};
    struct ht_docker_reply reply = {.answer = answer, .err = &err};

    ht_docker_path(client, path, &full);
    request.path = reply.path = full.data;
    reply.result = ht_http_send(client->http, &request, answer, &err);
    return ht_docker_judge(client, &reply, trouble);
}

/* Why a stream (NULL: there is none) did not open; always a failure. */
static int refuse_stream(const struct ht_docker_client *client, struct ht_http_stream *stream,
                         struct ht_error *err, struct ht_trouble *trouble)
{
    int status = stream ? ht_http_stream_status(stream) : 0;
    struct ht_error end = {0};

    if (!err->code)
        ht_error_set(err, EPROTO, "%s: /events: status %d", client->endpoint, status);
    if (status == 0 || status == 200)
        return ht_docker_explain(err, trouble);
    /* The end of a refusal tells why; it may not come. */
    ht_http_stream_wait(stream, -1, (int)client->answer_ms, &end);
    return refuse(client, "/events", ht_http_stream_answer(stream), trouble);
}

int ht_docker_open_stream(struct ht_docker_client *client, const struct ht_docker_stream *wanted,
                          struct ht_http_stream **ret_stream, struct ht_trouble *trouble)
{
    char full[1024];
    struct ht_error err = {0};
    const struct ht_http_request request = {.path = full, .total_ms = client->answer_ms};
    int r = 1;

    snprintf(full, sizeof(full), "/v%s%s", client->version, wanted->path);
    struct ht_http_stream *stream =
        ht_http_stream_open(client->http, &request, wanted->line, wanted->context, &err);
    if (stream)
        ht_http_stream_show(stream, wanted->seen);
    while (stream && r == 1 && ht_http_stream_status(stream) == 0)
        r = ht_http_stream_wait(stream, -1, -1, &err);
    /* One that whoever takes its lines has ended by now was open, too: the next wait says so. */
    if (stream && ht_http_stream_status(stream) == 200 && (r >= 0 || !err.code)) {
        *ret_stream = stream;
        return 0;
    }
    r = refuse_stream(client, stream, &err, trouble);
    ht_http_stream_close(stream);
    return r;
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

/* "4.3.1": the version of Podman's own API goes into paths. That of versions before 3 was another
 * one. */
static void take_libpod(struct ht_docker_client *client, struct ht_str version)
{
    struct ht_str rest = {0}, part;
    uint64_t number[3] = {0};
    size_t parts = 0;

    /* "5.0.0-dev" */
    ht_str_next(&version, '-', &rest);
    while (parts < ARRAY_LEN(number) && ht_str_next(&rest, '.', &part)) {
        if (ht_parse_u64(part, &number[parts]) < 0 || number[parts] > 9999)
            return;
        parts++;
    }
    if (parts == ARRAY_LEN(number) && rest.len == 0 && number[0] >= 3)
        snprintf(client->libpod, sizeof(client->libpod), "%u.%u.%u", (unsigned)number[0],
                 (unsigned)number[1], (unsigned)number[2]);
}

/* The version that the daemon names in every answer is used: answers only ever gained keys that
 * matter here. A daemon that names none is older than that header: it speaks 1.24. */
static int negotiate(struct ht_docker_client *client, struct ht_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct ht_error err = {0};
    unsigned number;
    int r = ping(client, &answer, trouble);

    if (r < 0)
        return r;

    client->podman = ht_http_header(&answer, "Libpod-Api-Version").len > 0 ||
                     ht_str_has_prefix(ht_http_header(&answer, "Server"), "Libpod/");
    take_libpod(client, ht_http_header(&answer, "Libpod-Api-Version"));

    struct ht_str version = ht_http_header(&answer, "Api-Version");
    if (version.len == 0)
        version = HT_S("1.24");
    if (!is_version(version, &number) || version.len >= sizeof(client->version)) {
        ht_error_set(&err, EPROTO, "%s: names no usable Docker API version", client->endpoint);
        return ht_docker_explain(&err, trouble);
    }
    memcpy(client->version, version.data, version.len);
    client->version[version.len] = '\0';
    if (number < 10024) {
        ht_error_set(&err, EPROTO, "%s: Docker API %s is too old; 1.24 is the least",
                     client->endpoint, client->version);
        ht_docker_explain(&err, trouble);
        trouble->help = "upgrade Docker to 1.12 or newer";
        return -EPROTO;
    }
    return 0;
}

int ht_docker_connect(struct ht_docker_client *client, const struct ht_docker_target *target,
                      struct ht_trouble *trouble)
{
    struct ht_error err = {0};

    *client = (struct ht_docker_client){.answer_ms = ANSWER_MS};
    if (target->timeout_ns >= HT_NS_PER_MS && target->timeout_ns < HT_NS_PER_S * 3600)
        client->answer_ms = (unsigned)(target->timeout_ns / HT_NS_PER_MS);
    if (set_endpoint(client, target, &err) < 0 || open_http(client, target, &err) < 0)
        return ht_docker_explain(&err, trouble);

    client->socket = ht_host_socket_at(client->socket_path);
    int r = negotiate(client, trouble);
    if (r < 0)
        ht_docker_close(client);
    return r;
}
