/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube-client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kube-decode.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"
#include "hulltop/base/root.h"

enum {
    CONNECT_MS = 5000,
    ANSWER_MS = 30000,
    STALL_MS = 10000,
    PATH_MAX_BYTES = 64,
    TOKEN_MAX = 65536
};

/* No server is waited for longer than that because it says so. */
#define RETRY_MAX_NS (60 * HT_NS_PER_S)

#define AWAY   "the API server went away, as when it restarts; it is asked again"
#define NOBODY "no API server answers there: check the server's address in the kubeconfig"
#define CERTIFICATE                                                                                \
    "the server's certificate must be of the authority that the kubeconfig names; check the "      \
    "clock "                                                                                       \
    "too"

static const struct ht_trouble_cause causes[] = {
    {EKEYREJECTED, HT_SOURCE_STATE_BROKEN, CERTIFICATE},
    {ECONNRESET, HT_SOURCE_STATE_BROKEN, AWAY},
    {EPIPE, HT_SOURCE_STATE_BROKEN, AWAY},
    {ECONNREFUSED, HT_SOURCE_STATE_BROKEN, NOBODY},
    {EHOSTUNREACH, HT_SOURCE_STATE_BROKEN, NOBODY},
    {ETIMEDOUT, HT_SOURCE_STATE_BROKEN, NOBODY},
};

int ht_kube_explain(const struct ht_error *err, struct ht_trouble *trouble)
{
    return ht_trouble_explain(causes, ARRAY_LEN(causes), err, trouble);
}

/* ---- credentials ---- */

/* The path of what was given: a file, or a file without a name that holds the bytes. */
static const char *pem_path(const struct ht_kube_pem *pem, int *fd, char *path,
                            struct ht_error *err)
{
    int r;

    if (pem->bytes.len == 0)
        return pem->file;
    *fd = memfd_create("hulltop-pem", MFD_CLOEXEC);
    r = *fd < 0 ? -errno : ht_write_all(*fd, ht_buf_str(&pem->bytes));
    if (r < 0) {
        ht_error_errno(err, -r, "a file for a certificate");
        return NULL;
    }
    snprintf(path, PATH_MAX_BYTES, "/proc/self/fd/%d", *fd);
    return path;
}

static int read_token(struct ht_kube_client *client, struct ht_error *err)
{
    const char *path = client->access.token_file;
    ht_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct ht_buf *token = &client->access.token;

    if (fd < 0)
        return ht_error_errno(err, errno, "%s", path);
    if (token->data)
        ht_wipe(token->data, token->cap);
    ht_buf_reset(token);
    return ht_read_fd(fd, path, token, TOKEN_MAX, err);
}

/* A byte that could end the header would begin another one. */
static bool is_header_text(struct ht_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.data[i] <= 0x20 || (unsigned char)text.data[i] >= 0x7f)
            return false;
    }
    return true;
}

static void set_pem(struct ht_kube_pem *pem, const struct ht_buf *bytes)
{
    if (bytes->len == 0)
        return;
    if (pem->bytes.data)
        ht_wipe(pem->bytes.data, pem->bytes.cap);
    ht_buf_reset(&pem->bytes);
    ht_buf_add_str(&pem->bytes, ht_buf_str(bytes));
}

static void wipe(struct ht_buf *buf)
{
    if (buf->data)
        ht_wipe(buf->data, buf->cap);
    ht_buf_fini(buf);
}

/* The token and certificate that its program makes. */
static int run_plugin(struct ht_kube_client *client, struct ht_error *err)
{
    struct ht_kube_access *access = &client->access;
    struct ht_kube_credentials made = {
        .token = HT_BUF(TOKEN_MAX), .certificate = HT_BUF(TOKEN_MAX), .key = HT_BUF(TOKEN_MAX)};
    int r = ht_kube_plugin_run(access->plugin, client->stop_fd, &made, err);

    if (r == 0) {
        if (access->token.data)
            ht_wipe(access->token.data, access->token.cap);
        ht_buf_reset(&access->token);
        ht_buf_add_str(&access->token, ht_buf_str(&made.token));
        set_pem(&access->cert, &made.certificate);
        set_pem(&access->key, &made.key);
    }
    wipe(&made.token);
    wipe(&made.certificate);
    wipe(&made.key);
    return r;
}

static int make_authorization(struct ht_kube_client *client, struct ht_error *err)
{
    struct ht_str token;

    if (client->access.token_file) {
        int r = read_token(client, err);

        if (r < 0)
            return r;
    }
    token = ht_str_trim(ht_buf_str(&client->access.token));
    if (client->authorization.data)
        ht_wipe(client->authorization.data, client->authorization.cap);
    ht_buf_reset(&client->authorization);
    if (token.len == 0)
        return 0;
    if (!is_header_text(token))
        return ht_error_set(err, EINVAL, "the token holds bytes that no token has");
    ht_buf_add_text(&client->authorization, "Authorization: Bearer ");
    ht_buf_add_str(&client->authorization, token);
    return 0;
}

/* "HOST" or "HOST:PORT": an address of the loopback device in full. A name that only begins like
 * one is anybody's. */
static bool is_this_machine(struct ht_str authority)
{
    ptrdiff_t colon = ht_str_rfind_byte(authority, ':');
    ptrdiff_t bracket = ht_str_rfind_byte(authority, ']');
    char text[INET_ADDRSTRLEN];
    struct in_addr address;
    struct ht_str host = ht_str_sub(authority, 0, colon > bracket ? (size_t)colon : authority.len);

    if (ht_str_is_nocase(host, "localhost") || ht_str_is(host, "[::1]"))
        return true;
    if (host.len >= sizeof(text))
        return false;
    snprintf(text, sizeof(text), "%.*s", HT_STR_ARG(host));
    return inet_pton(AF_INET, text, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/* Credentials over a connection that anybody may read: only within this machine. */
static bool is_open_way(const struct ht_kube_access *access)
{
    struct ht_str server = ht_str_from(access->server);

    return ht_str_has_prefix(server, "http://") &&
           !is_this_machine(ht_str_sub(server, sizeof("http://") - 1, server.len));
}

static int open_http(struct ht_kube_client *client, struct ht_error *err)
{
    const struct ht_kube_access *access = &client->access;
    char paths[3][PATH_MAX_BYTES];
    struct ht_http_options options = {.url = access->server,
                                      .insecure = access->insecure,
                                      .proxy = access->proxy,
                                      .connect_ms = CONNECT_MS,
                                      .total_ms = ANSWER_MS,
                                      .stall_ms = STALL_MS,
                                      .cancel_fd = client->stop_fd};

    if (is_open_way(access))
        return ht_error_set(err, EINVAL, "%s: not https: no credentials are sent there",
                            access->server);
    if (access->plugin && run_plugin(client, err) < 0)
        return -err->code;
    err->code = 0;
    options.ca_file = pem_path(&access->ca, &client->ca_fd, paths[0], err);
    options.cert_file = pem_path(&access->cert, &client->cert_fd, paths[1], err);
    options.key_file = pem_path(&access->key, &client->key_fd, paths[2], err);
    if (err->code)
        return -err->code;

    int r = make_authorization(client, err);
    if (r < 0)
        return r;
    client->http = ht_http_new(&options, err);
    return client->http ? 0 : -err->code;
}

/* Says which program was not run. */
static int refuse_plugin(const struct ht_kube_plugin *plugin, struct ht_trouble *trouble)
{
    *trouble = (struct ht_trouble){
        .state = HT_SOURCE_STATE_DENIED,
        .help = "--exec-credentials runs it; or use a kubeconfig with a certificate or a token"};
    snprintf(trouble->detail, sizeof(trouble->detail),
             "the kubeconfig asks for %s to make credentials; it was not run", plugin->argv[0]);
    return -EPERM;
}

int ht_kube_client_open(struct ht_kube_client *client, struct ht_kube_access *access,
                        const struct ht_kube_client_options *options, struct ht_trouble *trouble)
{
    struct ht_error err = {0};

    *client = (struct ht_kube_client){.access = *access,
                                      .authorization = HT_BUF(TOKEN_MAX + 64),
                                      .ca_fd = -1,
                                      .cert_fd = -1,
                                      .key_fd = -1,
                                      .stop_fd = options->stop_fd,
                                      .clock = options->clock};
    *access = (struct ht_kube_access){0};
    if (client->access.plugin && !options->runs_plugins)
        return refuse_plugin(client->access.plugin, trouble);
    if (open_http(client, &err) < 0)
        return ht_kube_explain(&err, trouble);
    return 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void ht_kube_client_close(struct ht_kube_client *client)
{
    if (!client->access.server && !client->http)
        return;
    client->http = ht_http_free(client->http);
    if (client->authorization.data)
        ht_wipe(client->authorization.data, client->authorization.cap);
    ht_buf_fini(&client->authorization);
    close_fd(&client->ca_fd);
    close_fd(&client->cert_fd);
    close_fd(&client->key_fd);
    ht_kube_access_fini(&client->access);
}

/* ---- requests ---- */

static void set_headers(const struct ht_kube_client *client, const char *headers[3])
{
    headers[0] = "Accept: application/json";
    headers[1] = client->authorization.len ? client->authorization.data : NULL;
    headers[2] = NULL;
}

static int64_t retry_after(const struct ht_http_answer *answer)
{
    uint64_t seconds = 0;

    if (ht_parse_u64(ht_str_trim(ht_http_header(answer, "Retry-After")), &seconds) < 0)
        return 0;
    return seconds > (uint64_t)(RETRY_MAX_NS / HT_NS_PER_S) ? RETRY_MAX_NS
                                                            : (int64_t)seconds * HT_NS_PER_S;
}

/* "Sat, 28 Nov 2026 08:17:56 GMT". */
static bool parse_date(struct ht_str text, int64_t *ret_ns)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char iso[32];
    struct ht_str month = ht_str_sub(text, 8, 3);
    ptrdiff_t at = ht_str_find(ht_str_from(months), month, 0);

    if (text.len != 29 || !ht_str_has_suffix(text, " GMT") || at < 0 || at % 3)
        return false;
    snprintf(iso, sizeof(iso), "%.4s-%02d-%.2sT%.8sZ", text.data + 12, (int)(at / 3) + 1,
             text.data + 5, text.data + 17);
    return ht_parse_time(ht_str_from(iso), ret_ns) == 0;
}

/* Minutes that this clock is ahead of the server's; 0: none to speak of, or the server tells no
 * time. */
static int64_t minutes_ahead(const struct ht_kube_client *client,
                             const struct ht_http_answer *answer)
{
    enum { TOLERATED = 5 };
    int64_t server, minutes;

    if (!parse_date(ht_str_trim(ht_http_header(answer, "Date")), &server))
        return 0;
    minutes = (ht_clock_wall(client->clock) - server) / (60 * HT_NS_PER_S);
    return minutes > TOLERATED || minutes < -TOLERATED ? minutes : 0;
}

/* A clock that is wrong makes good credentials bad. */
static void tell_clock(const struct ht_kube_client *client, const struct ht_http_answer *answer,
                       struct ht_trouble *trouble)
{
    int64_t ahead = minutes_ahead(client, answer);
    size_t len = strlen(trouble->detail);

    if (ahead == 0)
        return;
    snprintf(trouble->detail + len, sizeof(trouble->detail) - len,
             "; the clock here is %lld minutes %s the server's",
             (long long)(ahead < 0 ? -ahead : ahead), ahead < 0 ? "behind" : "ahead of");
    trouble->help = "set the clock of this node or of the server, then look again";
}

/* What an answer other than 200 means. */
static int judge_answer(const struct ht_kube_client *client, const struct ht_http_answer *answer,
                        struct ht_trouble *trouble)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_str message = ht_kube_decode_message(arena, ht_buf_str(&answer->body));
    const char *help = "it is asked again";
    enum ht_source_state state = HT_SOURCE_STATE_BROKEN;
    int r = -EPROTO;

    if (answer->status == 401) {
        state = HT_SOURCE_STATE_DENIED;
        help = "the token or client certificate is not valid, or not any more: get a new one";
        r = -EPERM;
    } else if (answer->status == 403) {
        state = HT_SOURCE_STATE_DENIED;
        help = "grant it: hulltop doctor --role prints what is needed";
        r = -EACCES;
    } else if (answer->status == 404) {
        help = "no such thing there: check the server's address in the kubeconfig";
        r = -ENOENT;
    } else if (answer->status == 410) {
        help = "the server forgot the list while it was read; it is read again";
        r = -ESTALE;
    } else if (answer->status == 429) {
        state = HT_SOURCE_STATE_BUSY;
        help = "the API server is asked too much; it is asked again when it said";
        r = -EAGAIN;
    } else if (answer->status >= 500) {
        help = "the API server fails, or what is in front of it: kubectl get --raw /readyz";
        r = -EAGAIN;
    } else if (answer->status >= 300 && answer->status < 400) {
        help = "redirects are not followed: name the API server itself in the kubeconfig";
    }
    *trouble = (struct ht_trouble){
        .state = state, .help = help, .retry_ns = r == -EAGAIN ? retry_after(answer) : 0};
    snprintf(trouble->detail, sizeof(trouble->detail), "%s: %d%s%.*s", client->access.server,
             answer->status, message.len ? ": " : "", message.len > 300 ? 300 : (int)message.len,
             message.data ? message.data : "");
    if (answer->status == 401)
        tell_clock(client, answer, trouble);
    return r;
}

static int send_once(struct ht_kube_client *client, const char *path, struct ht_http_answer *answer,
                     struct ht_trouble *trouble)
{
    ht_autobuf struct ht_buf whole = HT_BUF(HT_LIMIT_ARG);
    const char *headers[3];
    struct ht_error err = {0};
    int r;

    ht_buf_addf(&whole, "%s%s", client->access.prefix, path);
    set_headers(client, headers);
    r = ht_http_send(client->http,
                     &(struct ht_http_request){.path = whole.data, .headers = headers}, answer,
                     &err);
    if (r < 0) {
        ht_kube_explain(&err, trouble);
        if (r == -EKEYREJECTED)
            ht_kube_tell_certificates(client, true, trouble);
        return r;
    }
    if (answer->status == 200)
        return 0;
    r = judge_answer(client, answer, trouble);
    if (r == -EPERM)
        ht_kube_tell_certificates(client, false, trouble);
    return r;
}

/* A new token, where there is one to be had without a new connection. */
static int renew(struct ht_kube_client *client, struct ht_error *err)
{
    const struct ht_kube_access *access = &client->access;

    if (!access->token_file && !access->plugin)
        return -ENOENT;
    if (access->plugin && run_plugin(client, err) < 0)
        return -EPERM;
    return access->plugin && access->token.len == 0 ? -ENOENT : make_authorization(client, err);
}

int ht_kube_get(struct ht_kube_client *client, const char *path, struct ht_http_answer *answer,
                struct ht_trouble *trouble)
{
    struct ht_error err = {0};
    int r = send_once(client, path, answer, trouble);

    /* Tokens of pods are renewed in their file, others by the program that made them. */
    if (r == -EPERM && renew(client, &err) == 0)
        r = send_once(client, path, answer, trouble);
    return r;
}

struct ht_http_stream *ht_kube_watch(struct ht_kube_client *client, const char *path,
                                     ht_http_line line, void *context, struct ht_error *err)
{
    ht_autobuf struct ht_buf whole = HT_BUF(HT_LIMIT_ARG);
    const char *headers[3];

    ht_buf_addf(&whole, "%s%s", client->access.prefix, path);
    set_headers(client, headers);
    return ht_http_stream_open(client->http,
                               &(struct ht_http_request){.path = whole.data, .headers = headers},
                               line, context, err);
}
