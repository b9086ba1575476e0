/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The only file that knows libcurl. */
#include "config.h"

#include "hulltop/base/http.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CURL_DISABLE_TYPECHECK   1
#define CURL_DISABLE_DEPRECATION 1
#include <curl/curl.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "http-private.h"

_Static_assert(HT_HTTP_DETAIL_MAX >= CURL_ERROR_SIZE, "libcurl's messages need room");

enum {
    CONNECT_MS = 2000,
    TOTAL_MS = 10000,
    STALL_MS = 3000,
    HEADERS_MAX = 64 * 1024,
};

/* --- libcurl, opened on first use --------------------------------------------------------------
 */

/* Every function that is used: the pointer and its lookup come from one list. */
#define CURL_FUNCTIONS(X)                                                                          \
    X(global_init)                                                                                 \
    X(easy_init)                                                                                   \
    X(easy_cleanup)                                                                                \
    X(easy_reset)                                                                                  \
    X(easy_setopt)                                                                                 \
    X(easy_getinfo)                                                                                \
    X(slist_append)                                                                                \
    X(slist_free_all)                                                                              \
    X(multi_init)                                                                                  \
    X(multi_cleanup)                                                                               \
    X(multi_add_handle)                                                                            \
    X(multi_remove_handle)                                                                         \
    X(multi_perform)                                                                               \
    X(multi_poll)                                                                                  \
    X(multi_info_read)                                                                             \
    X(multi_strerror)                                                                              \
    X(version_info)

/* Written once, by load_curl, before anybody reads it: a library is a thing of the process. */
#define AS_POINTER(name) __typeof__(curl_##name) *name;
static struct {
    CURL_FUNCTIONS(AS_POINTER)
} curl;
static char curl_missing[200];
static bool curl_switches; /* see protocol_version */
static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void load_curl(void)
{
#define AS_LOOKUP(function) {"curl_" #function, &curl.function},
    const struct {
        const char *name;
        void *to;
    } functions[] = {CURL_FUNCTIONS(AS_LOOKUP)};
    struct ht_buf text = HT_BUF(sizeof(curl_missing) - 1);
    void *library = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);

    if (!library)
        ht_buf_addf(&text, "libcurl cannot be opened (Debian: libcurl4; Fedora: libcurl): %s",
                    dlerror());
    for (size_t i = 0; library && i < ARRAY_LEN(functions); i++) {
        void *symbol = dlsym(library, functions[i].name);

        if (!symbol && !text.len)
            ht_buf_addf(&text, "libcurl is too old: it has no %s (7.66 has)", functions[i].name);
        memcpy(functions[i].to, &symbol, sizeof(symbol));
    }
    if (!text.len && curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        ht_buf_add_text(&text, "libcurl: it cannot initialise itself");
    if (!text.len)
        curl_switches = curl.version_info(CURLVERSION_NOW)->version_num < 0x080000;
    if (text.len)
        memcpy(curl_missing, text.data, text.len + 1);
    ht_buf_fini(&text);
}

/* --- callbacks of libcurl ----------------------------------------------------------------------
 */

static size_t refuse(struct ht_http_transfer *t, int code)
{
    t->stopped = code;
    t->over = code == -EFBIG;
    return 0;
}

/* Sockets are opened here, so that the kernel can be asked who is at the other end. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct ht_http *http = context;

    (void)purpose;
    for (size_t i = 0; i < HT_HTTP_SOCKETS; i++) {
        if (http->fresh[i])
            continue;
        int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
        if (fd > 0)
            http->fresh[i] = fd;
        return fd;
    }
    return CURL_SOCKET_BAD;
}

static int close_socket(void *context, curl_socket_t fd)
{
    struct ht_http *http = context;

    for (size_t i = 0; i < HT_HTTP_SOCKETS; i++) {
        if (http->fresh[i] == fd)
            http->fresh[i] = 0;
    }
    return close(fd);
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct ht_http_transfer *t = context;
    struct ht_str line = {.data = data, .len = size * count};
    struct ht_buf *to = t->head_done ? t->trailers : t->head;

    t->byte_ns = ht_clock_mono(ht_clock_system());
    if (t->client->socket_path && !ht_http_peers_agree(t->client))
        return refuse(t, -ECONNRESET);
    /* A block behind an interim one (100 Continue) takes its place. */
    if (ht_str_has_prefix(line, "HTTP/")) {
        ht_buf_reset(t->head);
        t->head_done = false;
        return size * count;
    }
    line = ht_str_trim(line);
    if (!line.len) {
        long status = 0;

        curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        t->head_done = status >= 200;
        t->news = t->news || t->head_done;
        return size * count;
    }
    ht_buf_add_str(to, line);
    ht_buf_add_c(to, '\n');
    return ht_buf_is_full(to) ? refuse(t, -EFBIG) : size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct ht_http_transfer *t = context;
    struct ht_str bytes = {.data = data, .len = size * count};
    long status = 0;
    int r = 0;

    t->byte_ns = ht_clock_mono(ht_clock_system());
    curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (t->feed && status >= 200 && status < 300) {
        t->news = true;
        r = t->feed(t->feed_context, bytes);
        return r ? refuse(t, r) : bytes.len;
    }
    ht_buf_add_str(t->body, bytes);
    /* Of a refused stream only the beginning is of interest. */
    return ht_buf_is_full(t->body) && !t->feed ? refuse(t, -EFBIG) : bytes.len;
}

/* --- errors ------------------------------------------------------------------------------------
 */

int ht_http_transfer_over(const struct ht_http *http, const struct ht_http_transfer *t,
                          struct ht_error *err)
{
    if (ht_buf_is_full(t->head) || ht_buf_is_full(t->trailers) || t->code == CURLE_OUT_OF_MEMORY)
        return ht_error_set(err, EFBIG, "%s: more than %d bytes of headers", http->name,
                            HEADERS_MAX);
    if (t->feed)
        return ht_error_set(err, EFBIG, "%s: a %s of more than %zu bytes", http->name, t->unit,
                            t->unit_max);
    return ht_error_set(err, EFBIG, "%s: an answer of more than %zu bytes", http->name,
                        t->body->max);
}

int ht_http_transfer_judge(const struct ht_http *http, struct ht_http_transfer *t,
                           struct ht_error *err)
{
    if (t->over)
        return ht_http_transfer_over(http, t, err);
    if (t->stopped && http->by_others)
        return ht_error_set(err, ECONNRESET, "%s: another user's process answers than before",
                            http->name);
    if (t->stopped)
        return t->stopped;
    if (!t->detail[0])
        memcpy(t->detail, "no detail", sizeof("no detail"));

    long code = 0;

    /* Not every code has a meaning here, and libcurl adds some from time to time. */
    switch ((int)t->code) {
    case CURLE_OK:
        if (http->options.http2 && t->protocol != 2)
            return ht_http_not_http(http, t, err);
        return 0;
    case CURLE_COULDNT_CONNECT:
        curl.easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &code);
        return ht_http_connect_error(http->name, http->socket_path, (int)code, t->detail, err);
    case CURLE_COULDNT_RESOLVE_HOST:
        return ht_error_set(err, EHOSTUNREACH, "%s: no such host: %s", http->name, t->detail);
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_OUT_OF_MEMORY: /* also a header line beyond libcurl's own limit */
        return ht_http_transfer_over(http, t, err);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
        return ht_http_not_http(http, t, err);
    case CURLE_HTTP2_STREAM:
        return ht_http_reset(http, t, err);
    case CURLE_RECV_ERROR:
        /* libcurl has no code of its own for a broken chunk, nor always for a broken frame. */
        if (strstr(t->detail, "chunk") || strstr(t->detail, "nghttp2"))
            return ht_http_not_http(http, t, err);
        return ht_http_closed(http, t, err);
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
        return ht_http_closed(http, t, err);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_PEER_FAILED_VERIFICATION:
        return ht_error_set(err, EKEYREJECTED, "%s: TLS failed: %s", http->name, t->detail);
    case CURLE_URL_MALFORMAT:
        return ht_error_set(err, EINVAL, "%s: unusable address: %s", http->name, t->detail);
    case CURLE_OPERATION_TIMEDOUT:
        return ht_error_set(err, ETIMEDOUT, "%s: no answer in time", http->name);
    default:
        return ht_error_set(err, EIO, "%s: %s (libcurl error %d)", http->name, t->detail,
                            (int)t->code);
    }
}

/* --- a transfer --------------------------------------------------------------------------------
 */

void ht_http_transfer_close(struct ht_http_transfer *t)
{
    if (t->added)
        curl.multi_remove_handle(t->multi, t->easy);
    t->added = false;
}

void ht_http_transfer_fini(struct ht_http_transfer *t)
{
    ht_http_transfer_close(t);
    if (t->easy)
        curl.easy_cleanup(t->easy);
    if (t->headers)
        curl.slist_free_all(t->headers);
    if (t->multi)
        curl.multi_cleanup(t->multi);
}

/* True if every option that keeps us safe was understood. */
static bool set_safety(CURL *easy)
{
    int bad = 0;

    /* The handlers of the process are the program's, not a library's. */
    bad |= curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
    bad |= curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    bad |= curl.easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    bad |= curl.easy_setopt(easy, CURLOPT_PROXY, "");
    bad |= curl.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    /* None is asked for; what comes compressed all the same is read. */
    bad |= curl.easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "identity");
    bad |= curl.easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    bad |= curl.easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    bad |= curl.easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name server that hangs must not hold up the end; an older library does not know it. */
    curl.easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    return bad == 0;
}

/*
 * HTTP/2 is spoken from the first byte, over TLS once both agree on it. libcurl before 8 fails on
 * the second such request of a connection (its issue 10634), but not if it is asked for "HTTP/2, or
 * 1.1 with an upgrade" then: that finds the connection and stays with what is spoken there. Has it
 * been closed meanwhile, the request goes out as HTTP/1.1; ht_http_send begins anew then.
 */
static long protocol_version(const struct ht_http *http, const struct ht_http_transfer *t)
{
    if (!http->options.http2)
        return CURL_HTTP_VERSION_1_1;
    if (ht_str_has_prefix(ht_str_from(http->base), "https:"))
        return CURL_HTTP_VERSION_2TLS;
    return curl_switches && t->kept ? CURL_HTTP_VERSION_2_0 : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
}

static bool set_endpoint(const struct ht_http *http, CURL *easy)
{
    long verify = http->options.insecure ? 0 : 1;
    int bad = 0;

    bad |= curl.easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, http->socket_path);
    if (http->socket_path) {
        bad |= curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
        bad |= curl.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, http);
        bad |= curl.easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
        bad |= curl.easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, http);
    }
    bad |= curl.easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify);
    bad |= curl.easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify * 2);
    if (http->options.shown)
        bad |= curl.easy_setopt(easy, CURLOPT_CERTINFO, 1L);
    if (http->proxy)
        bad |= curl.easy_setopt(easy, CURLOPT_PROXY, http->proxy);
    /* Who names a certificate trusts that one alone: libcurl would go on to look into the system's
     * folder. */
    if (http->ca_file) {
        bad |= curl.easy_setopt(easy, CURLOPT_CAINFO, http->ca_file);
        bad |= curl.easy_setopt(easy, CURLOPT_CAPATH, NULL);
#if LIBCURL_VERSION_NUM >= 0x075700
        /* Authorities are replaced while we run; libcurl would know the old one for a day. An older
         * library than the one built with does not have it, nor that memory. */
        (void)curl.easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
#endif
    }
    if (http->cert_file)
        bad |= curl.easy_setopt(easy, CURLOPT_SSLCERT, http->cert_file);
    if (http->key_file)
        bad |= curl.easy_setopt(easy, CURLOPT_SSLKEY, http->key_file);
    bad |= curl.easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    bad |= curl.easy_setopt(easy, CURLOPT_USERAGENT, "hulltop/" PACKAGE_VERSION);
    /* Deadlines are ours, since only we know in which phase one passed; libcurl's are further. */
    bad |= curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)INT_MAX);
    return bad == 0;
}

/* All that differs between two plain GETs. */
static bool set_target(const struct ht_http *http, struct ht_http_transfer *t, const char *path)
{
    ht_autobuf struct ht_buf url = HT_BUF(64 * 1024);
    int bad = 0;

    ht_buf_add_text(&url, http->base);
    ht_buf_add_text(&url, path);
    if (ht_buf_is_full(&url))
        return false;
    bad |= curl.easy_setopt(t->easy, CURLOPT_URL, url.data);
    bad |= curl.easy_setopt(t->easy, CURLOPT_HTTP_VERSION, protocol_version(http, t));
    /* Too long an answer is refused by its header already. */
    if (!t->feed)
        bad |= curl.easy_setopt(t->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->body->max);
    return bad == 0;
}

static bool set_request(struct ht_http_transfer *t, const struct ht_http_request *request)
{
    int bad = 0;

    if (t->headers)
        curl.slist_free_all(t->headers);
    t->headers = curl.slist_append(NULL, "Expect:");
    for (size_t i = 0; request->headers && request->headers[i]; i++)
        t->headers = curl.slist_append(t->headers, request->headers[i]);
    bad |= curl.easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    if (t->request_body.len) {
        bad |=
            curl.easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->request_body.len);
        bad |= curl.easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->request_body.data);
    }
    if (request->method)
        bad |= curl.easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, request->method);
    bad |= curl.easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->detail);
    bad |= curl.easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
    bad |= curl.easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    bad |= curl.easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    bad |= curl.easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    bad |= curl.easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    return bad == 0;
}

/* Gives the handle its options; those of one plain GET are good for the next. */
static bool set_up(const struct ht_http *http, struct ht_http_transfer *t,
                   const struct ht_http_request *request)
{
    bool plain = !request->method && !request->headers && !t->request_body.len;

    if (!plain || !t->plain) {
        t->plain = false;
        curl.easy_reset(t->easy);
        if (!set_safety(t->easy) || !set_endpoint(http, t->easy) || !set_request(t, request))
            return false;
    }
    t->plain = plain;
    return set_target(http, t, request->path);
}

void ht_http_transfer_expect(struct ht_http_transfer *t, struct ht_http *http,
                             const struct ht_http_request *request, struct ht_http_answer *answer)
{
    const struct ht_http_options *o = &http->options;

    answer->status = 0;
    answer->reused = false;
    answer->duration_ns = 0;
    ht_buf_reset(&answer->headers);
    ht_buf_reset(&answer->trailers);
    ht_buf_reset(&answer->body);
    answer->headers.max = HEADERS_MAX;
    answer->trailers.max = HEADERS_MAX;
    answer->body.max = request->body_max ? request->body_max : o->body_max;
    t->head = &answer->headers;
    t->trailers = &answer->trailers;
    t->body = &answer->body;
    t->connect_ns = o->connect_ms * HT_NS_PER_MS;
    t->total_ns = (request->total_ms ? request->total_ms : o->total_ms) * HT_NS_PER_MS;
    t->stall_ns = o->stall_ms * HT_NS_PER_MS;
    t->byte_ns = 0;
    t->added = t->head_done = t->news = t->done = t->over = t->late = t->only_closed = false;
    t->client = http;
    t->code = CURLE_OK;
    t->stopped = t->protocol = 0;
    t->detail[0] = '\0';
}

int ht_http_transfer_start(struct ht_http_transfer *t, const struct ht_http *http,
                           const struct ht_http_request *request, struct ht_error *err)
{
    if (!ht_http_is_path(request->path))
        return ht_error_set(err, EINVAL, "%s: unusable path of a request", http->name);
    if (!t->easy)
        t->easy = curl.easy_init();
    if (!t->multi)
        t->multi = curl.multi_init();
    if (!t->easy || !t->multi)
        return ht_error_set(err, EIO, "%s: libcurl gives no handle", http->name);
    if (!set_up(http, t, request))
        return ht_error_set(err, ENOTSUP, "%s: libcurl does not know an option that is needed",
                            http->name);
    t->started_ns = ht_clock_mono(ht_clock_system());
    t->added = curl.multi_add_handle(t->multi, t->easy) == CURLM_OK;
    return t->added ? 0 : ht_error_set(err, EIO, "%s: libcurl takes no request", http->name);
}

static bool is_readable(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};

    return fd > 0 && poll(&look, 1, 0) > 0;
}

/* Of a refusal the end is waited for, but not for ever. */
static bool is_refused(const struct ht_http_transfer *t)
{
    long status = 0;

    curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    return status < 200 || status > 299;
}

/* The next moment at which patience ends, and what to say then; INT64_MAX: none. */
static int64_t deadline(struct ht_http_transfer *t, const char **ret_text, int64_t *ret_patience)
{
    curl_off_t sent = 0;
    int64_t total = t->started_ns + t->total_ns;
    int64_t stall = t->byte_ns + t->stall_ns;

    curl.easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
    *ret_patience = t->total_ns;
    if (!sent && !t->byte_ns && t->connect_ns < t->total_ns) {
        *ret_text = "not connected";
        *ret_patience = t->connect_ns;
        return t->started_ns + t->connect_ns;
    }
    if (t->feed && (t->late_head || (t->head_done && !is_refused(t))))
        return INT64_MAX;
    if (t->byte_ns && stall < total) {
        *ret_text = "stopped in the middle of its answer; no byte";
        *ret_patience = t->stall_ns;
        return stall;
    }
    /* By its first line: what libcurl calls a beginning depends on its version. */
    *ret_text = t->byte_ns ? "answers too slowly; not complete" : "accepts connections; no answer";
    return total;
}

static int milliseconds_until(int64_t moment_ns, int64_t now_ns)
{
    int64_t ms = (moment_ns - now_ns + HT_NS_PER_MS - 1) / HT_NS_PER_MS;

    if (moment_ns == INT64_MAX || ms > 60000)
        return 60000;
    return ms > 0 ? (int)ms : 0;
}

static void collect(CURLM *multi)
{
    int left = 0;

    for (const CURLMsg *m = curl.multi_info_read(multi, &left); m;
         m = curl.multi_info_read(multi, &left)) {
        void *whose = NULL;

        curl.easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &whose);
        struct ht_http_transfer *t = whose;
        if (m->msg != CURLMSG_DONE || !t)
            continue;
        t->done = true;
        t->code = (int)m->data.result;
        t->only_closed =
            m->data.result == CURLE_HTTP2_STREAM && !strstr(t->detail, "not closed cleanly");
    }
}

static bool is_any_done(const struct ht_http_transfer *t)
{
    while (t && !t->done)
        t = t->next;
    return t;
}

/* An end of patience, and what to say then. */
struct patience {
    struct ht_http_transfer *whose;
    int64_t end_ns, length_ns;
    const char *text;
};

/* The nearest one of all that are driven together. */
static struct patience least_patience(struct ht_http_transfer *t)
{
    struct patience least = {.end_ns = INT64_MAX, .text = ""};

    for (; t; t = t->next) {
        struct patience one = {.whose = t, .text = ""};

        one.end_ns = deadline(t, &one.text, &one.length_ns);
        if (one.end_ns < least.end_ns)
            least = one;
    }
    return least;
}

int ht_http_transfer_drive(struct ht_http_transfer *t, const struct ht_http *http, int wake_fd,
                           int64_t until_ns, struct ht_error *err)
{
    int cancel_fd = http->options.cancel_fd;

    for (;;) {
        int running = 0;
        int64_t byte_ns = t->byte_ns;
        CURLMcode code = curl.multi_perform(t->multi, &running);

        if (code != CURLM_OK)
            return ht_error_set(err, EIO, "%s: %s", http->name, curl.multi_strerror(code));
        collect(t->multi);
        if (is_any_done(t))
            return 0;
        if (is_readable(cancel_fd))
            return ht_error_set(err, EINTR, "%s: cancelled", http->name);

        int64_t now = ht_clock_mono(ht_clock_system());
        struct patience least = least_patience(t);

        if (now >= least.end_ns) {
            least.whose->late = true;
            return ht_http_timeout_error(http->name, least.text, least.length_ns, err);
        }
        if (now >= until_ns || (t->feed && t->news) || is_readable(wake_fd))
            return 1;

        int64_t until = least.end_ns < until_ns ? least.end_ns : until_ns;
        struct curl_waitfd extra[2];
        unsigned extras = 0;

        if (cancel_fd > 0)
            extra[extras++] = (struct curl_waitfd){.fd = cancel_fd, .events = CURL_WAIT_POLLIN};
        if (wake_fd >= 0)
            extra[extras++] = (struct curl_waitfd){.fd = wake_fd, .events = CURL_WAIT_POLLIN};
        /* libcurl before 8 may hold more of HTTP/2 than it has handed over, and poll knows nothing
         * of that. */
        if (byte_ns != t->byte_ns)
            until = now;
        code = curl.multi_poll(t->multi, extra, extras, milliseconds_until(until, now), NULL);
        if (code != CURLM_OK)
            return ht_error_set(err, EIO, "%s: %s", http->name, curl.multi_strerror(code));
    }
}

/* The certificates that the other end showed, as PEM. */
static void add_shown(const struct ht_http_transfer *t, struct ht_buf *out)
{
    static const char label[] = "Cert:";
    struct curl_certinfo *shown = NULL;

    if (curl.easy_getinfo(t->easy, CURLINFO_CERTINFO, &shown) != CURLE_OK || !shown)
        return;
    for (int i = 0; i < shown->num_of_certs; i++) {
        for (const struct curl_slist *line = shown->certinfo[i]; line; line = line->next) {
            if (strncmp(line->data, label, sizeof(label) - 1) != 0)
                continue;
            ht_buf_add_text(out, line->data + sizeof(label) - 1);
            ht_buf_add_c(out, '\n');
        }
    }
}

void ht_http_transfer_note(struct ht_http_transfer *t, struct ht_http_answer *answer)
{
    long status = 0;
    long connections = 0;
    long version = CURL_HTTP_VERSION_NONE;

    curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl.easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections);
    curl.easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
    t->protocol = version == CURL_HTTP_VERSION_NONE ? 0 : version >= CURL_HTTP_VERSION_2_0 ? 2 : 1;
    if (t->client->options.shown)
        add_shown(t, t->client->options.shown);
    answer->status = (int)status;
    answer->reused = t->done && connections == 0;
    answer->duration_ns = ht_clock_mono(ht_clock_system()) - t->started_ns;
}

/* --- the client --------------------------------------------------------------------------------
 */

struct ht_http *ht_http_new(const struct ht_http_options *options, struct ht_error *err)
{
    struct ht_http *http;

    if (ht_http_check_options(options, err) < 0)
        return NULL;
    if (ht_http_may_open(options->socket_path ? options->socket_path : options->url, err) < 0)
        return NULL;
    /* Most places of sockets that are looked at again and again are of daemons that no node has:
     * for those nothing is loaded or made. */
    if (options->socket_path && access(options->socket_path, F_OK) < 0 &&
        (errno == ENOENT || errno == ENOTDIR)) {
        ht_http_connect_error(options->name ? options->name : options->socket_path,
                              options->socket_path, 0, "", err);
        return NULL;
    }
    pthread_once(&curl_once, load_curl);
    if (curl_missing[0]) {
        ht_error_set(err, ENOTSUP, "%s", curl_missing);
        return NULL;
    }
    http = ht_new0(struct ht_http);
    http->options = *options;
    http->socket_path = ht_strdup(options->socket_path);
    http->base = ht_strdup(options->socket_path ? "http://localhost" : options->url);
    http->name = ht_strdup(options->name          ? options->name
                           : options->socket_path ? options->socket_path
                                                  : options->url);
    http->ca_file = ht_strdup(options->ca_file);
    http->proxy = ht_strdup(options->proxy);
    http->cert_file = ht_strdup(options->cert_file);
    http->key_file = ht_strdup(options->key_file);
    http->options.connect_ms = options->connect_ms ? options->connect_ms : CONNECT_MS;
    http->options.total_ms = options->total_ms ? options->total_ms : TOTAL_MS;
    http->options.stall_ms = options->stall_ms ? options->stall_ms : STALL_MS;
    http->options.body_max = options->body_max ? options->body_max : HT_LIMIT_BODY;
    return http;
}

struct ht_http *ht_http_free(struct ht_http *http)
{
    if (!http)
        return NULL;
    for (size_t i = 0; i < HT_HTTP_LANES; i++) {
        http->lanes[i].transfer.multi = NULL;
        ht_http_transfer_fini(&http->lanes[i].transfer);
        ht_http_answer_fini(&http->lanes[i].answer);
    }
    ht_http_transfer_fini(&http->transfer);
    free(http->name);
    free(http->base);
    free(http->socket_path);
    free(http->ca_file);
    free(http->proxy);
    free(http->cert_file);
    free(http->key_file);
    free(http);
    return NULL;
}

struct ht_http_peer ht_http_peer(const struct ht_http *http)
{
    return http->peer;
}

const char *ht_http_name(const struct ht_http *http)
{
    return http->name;
}

static int send_once(struct ht_http *http, const struct ht_http_request *request,
                     struct ht_http_answer *answer, struct ht_error *err)
{
    struct ht_http_transfer *t = &http->transfer;
    int r = 0;

    ht_http_transfer_expect(t, http, request, answer);
    t->request_body = request->body;
    r = ht_http_transfer_start(t, http, request, err);
    if (r == 0) {
        r = ht_http_transfer_drive(t, http, -1, INT64_MAX, err);
        ht_http_transfer_note(t, answer);
    }
    if (r == 0)
        r = ht_http_transfer_judge(http, t, err);
    ht_http_transfer_close(t);
    if (!http->options.http2)
        return r;
    /* Which connections libcurl still has after a failure cannot be asked: none, then. */
    t->kept = r == 0;
    if (r < 0 && t->multi) {
        curl.multi_cleanup(t->multi);
        t->multi = NULL;
    }
    return r;
}

int ht_http_send(struct ht_http *http, const struct ht_http_request *request,
                 struct ht_http_answer *answer, struct ht_error *err)
{
    bool kept = http->options.http2 && http->transfer.kept;
    int r = send_once(http, request, answer, err);

    /* Nothing of an answer came over HTTP/2: the kept connection was closed. */
    if (kept && (r == -EPROTO || r == -ECONNRESET || r == -EIO) &&
        (!answer->status || http->transfer.protocol != 2) && !http->transfer.only_closed)
        r = send_once(http, request, answer, err);
    return r;
}

int ht_http_multi(struct ht_http *http, struct ht_error *err)
{
    if (!http->transfer.multi)
        http->transfer.multi = curl.multi_init();
    if (!http->transfer.multi)
        return ht_error_set(err, EIO, "%s: libcurl gives no handle", http->name);
    return 0;
}

int ht_http_get(struct ht_http *http, const char *path, struct ht_http_answer *answer,
                struct ht_error *err)
{
    struct ht_http_request request = {.path = path};

    return ht_http_send(http, &request, answer, err);
}
