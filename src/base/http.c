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

#define CURL_DISABLE_TYPECHECK   1
#define CURL_DISABLE_DEPRECATION 1
#include <curl/curl.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/lines.h"
#include "hulltop/base/mem.h"
#include "http-private.h"

enum {
    CONNECT_MS = 2000,
    TOTAL_MS = 10000,
    STALL_MS = 3000,
    HEADERS_MAX = 64 * 1024,
    REFUSAL_MAX = 300, /* bytes of a stream's refusal quoted in an error */
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
    X(multi_strerror)

/* Written once, by load_curl, before anybody reads it: a library is a thing of the process. */
#define AS_POINTER(name) __typeof__(curl_##name) *name;
static struct {
    CURL_FUNCTIONS(AS_POINTER)
} curl;
static char curl_missing[200];
static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void load_curl(void)
{
#define AS_LOOKUP(function) {"curl_" #function, &curl.function},
    const struct {
        const char *name;
        void *to;
    } functions[] = {CURL_FUNCTIONS(AS_LOOKUP)};
    struct ht_buf text = HT_BUF(sizeof(curl_missing) - 1);
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);

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
    if (text.len)
        memcpy(curl_missing, text.data, text.len + 1);
    ht_buf_fini(&text);
}

/* --- types -------------------------------------------------------------------------------------
 */

/* One request on its way. */
struct transfer {
    CURL *easy;
    CURLM *multi;
    struct curl_slist *headers;
    char detail[CURL_ERROR_SIZE];
    struct ht_str request_body; /* borrowed or owned by the stream */

    struct ht_buf *head; /* where the answer goes */
    struct ht_buf *trailers;
    struct ht_buf *body;
    struct ht_lines *lines; /* a stream: where a 2xx body goes instead */

    int64_t started_ns;
    int64_t byte_ns; /* when the newest byte came, 0: none yet */
    int64_t connect_ns, total_ns, stall_ns;
    bool added;     /* to multi */
    bool head_done; /* the headers are complete */
    bool news;      /* headers or lines have come since somebody looked */
    bool done;
    CURLcode code; /* once done */
    int stopped;   /* by a callback of ours: -errno, or what a line callback returned */
    bool over;     /* stopped is about a limit */
};

struct ht_http {
    char *name;
    char *base; /* "http://localhost", put in front of paths */
    char *socket_path;
    char *ca_file, *cert_file, *key_file;
    struct ht_http_options options;
    struct transfer transfer; /* of ht_http_send */
};

struct ht_http_stream {
    struct ht_http *http;
    struct transfer transfer;
    struct ht_lines lines;
    struct ht_http_answer answer; /* headers, and the body of a refusal */
    char *body;
    int result; /* what ended it, 1 while it is open */
    struct ht_error error;
};

/* --- callbacks of libcurl ----------------------------------------------------------------------
 */

static size_t refuse(struct transfer *t, int code)
{
    t->stopped = code;
    t->over = code == -EFBIG;
    return 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    struct ht_str line = {.data = data, .len = size * count};
    struct ht_buf *to = t->head_done ? t->trailers : t->head;

    t->byte_ns = ht_clock_mono(ht_clock_system());
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
    struct transfer *t = context;
    struct ht_str bytes = {.data = data, .len = size * count};
    long status = 0;
    int r = 0;

    t->byte_ns = ht_clock_mono(ht_clock_system());
    curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (t->lines && status >= 200 && status < 300) {
        t->news = true;
        r = ht_lines_feed(t->lines, bytes);
        return r ? refuse(t, r) : bytes.len;
    }
    ht_buf_add_str(t->body, bytes);
    /* Of a refused stream only the beginning is of interest. */
    return ht_buf_is_full(t->body) && !t->lines ? refuse(t, -EFBIG) : bytes.len;
}

/* --- errors ------------------------------------------------------------------------------------
 */

static int over_the_limit(const struct ht_http *http, const struct transfer *t,
                          struct ht_error *err)
{
    if (ht_buf_is_full(t->head) || ht_buf_is_full(t->trailers) || t->code == CURLE_OUT_OF_MEMORY)
        return ht_error_set(err, EFBIG, "%s: more than %d bytes of headers", http->name,
                            HEADERS_MAX);
    if (t->lines)
        return ht_error_set(err, EFBIG, "%s: a line of more than %zu bytes", http->name,
                            t->lines->rest.max);
    return ht_error_set(err, EFBIG, "%s: an answer of more than %zu bytes", http->name,
                        t->body->max);
}

static int not_http(const struct ht_http *http, const struct transfer *t, struct ht_error *err)
{
    return ht_error_set(err, EPROTO, "%s: what answers there does not speak HTTP (%s)", http->name,
                        t->detail);
}

static int closed(const struct ht_http *http, const struct transfer *t, struct ht_error *err)
{
    bool tls = ht_str_has_prefix(ht_str_from(http->base), "https:");

    if (t->byte_ns)
        return ht_error_set(err, ECONNRESET, "%s: closed the connection in the middle of an answer",
                            http->name);
    /* TLS 1.3 refuses a client's certificate, or that there is none, only after the handshake;
     * some servers close without a word. */
    if (tls && strstr(t->detail, "alert"))
        return ht_error_set(err, EKEYREJECTED, "%s: TLS failed: %s", http->name, t->detail);
    return ht_error_set(err, ECONNRESET, "%s: closed the connection without an answer%s",
                        http->name,
                        tls && !http->cert_file ? "; it may want a client certificate" : "");
}

/* What the end of a transfer means. */
static int judge(const struct ht_http *http, struct transfer *t, struct ht_error *err)
{
    if (t->over)
        return over_the_limit(http, t, err);
    if (t->stopped)
        return t->stopped;
    if (!t->detail[0])
        memcpy(t->detail, "no detail", sizeof("no detail"));

    long code = 0;

    /* Not every code has a meaning here, and libcurl adds some from time to time. */
    switch ((int)t->code) {
    case CURLE_OK:
        return 0;
    case CURLE_COULDNT_CONNECT:
        curl.easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &code);
        return ht_http_connect_error(http->name, http->socket_path, (int)code, t->detail, err);
    case CURLE_COULDNT_RESOLVE_HOST:
        return ht_error_set(err, EHOSTUNREACH, "%s: no such host: %s", http->name, t->detail);
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_OUT_OF_MEMORY: /* also a header line beyond libcurl's own limit */
        return over_the_limit(http, t, err);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return not_http(http, t, err);
    case CURLE_RECV_ERROR:
        /* libcurl has no code of its own for a broken chunk. */
        if (strstr(t->detail, "chunk"))
            return not_http(http, t, err);
        return closed(http, t, err);
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
        return closed(http, t, err);
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

static void transfer_close(struct transfer *t)
{
    if (t->added)
        curl.multi_remove_handle(t->multi, t->easy);
    t->added = false;
    curl.slist_free_all(t->headers);
    t->headers = NULL;
}

static void transfer_fini(struct transfer *t)
{
    transfer_close(t);
    if (t->easy)
        curl.easy_cleanup(t->easy);
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
    bad |= curl.easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    bad |= curl.easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    bad |= curl.easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name server that hangs must not hold up the end; an older library does not know it. */
    curl.easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    return bad == 0;
}

static bool set_endpoint(const struct ht_http *http, CURL *easy)
{
    long verify = http->options.insecure ? 0 : 1;
    int bad = 0;

    bad |= curl.easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, http->socket_path);
    bad |= curl.easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify);
    bad |= curl.easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify * 2);
    if (http->ca_file)
        bad |= curl.easy_setopt(easy, CURLOPT_CAINFO, http->ca_file);
    if (http->cert_file)
        bad |= curl.easy_setopt(easy, CURLOPT_SSLCERT, http->cert_file);
    if (http->key_file)
        bad |= curl.easy_setopt(easy, CURLOPT_SSLKEY, http->key_file);
    bad |= curl.easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    bad |= curl.easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    bad |= curl.easy_setopt(easy, CURLOPT_USERAGENT, "hulltop/" PACKAGE_VERSION);
    /* Deadlines are ours, since only we know in which phase one passed; libcurl's are further. */
    bad |= curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)INT_MAX);
    return bad == 0;
}

static bool set_request(const struct ht_http *http, struct transfer *t,
                        const struct ht_http_request *request)
{
    ht_autobuf struct ht_buf url = HT_BUF(64 * 1024);
    int bad = 0;

    ht_buf_add_text(&url, http->base);
    ht_buf_add_text(&url, request->path);
    if (ht_buf_is_full(&url))
        return false;
    bad |= curl.easy_setopt(t->easy, CURLOPT_URL, url.data);
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
    /* Too long an answer is refused by its header already. */
    if (!t->lines)
        bad |= curl.easy_setopt(t->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->body->max);
    return bad == 0;
}

/* Where the answer goes, and by when. */
static void transfer_expect(struct transfer *t, const struct ht_http *http,
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
    t->added = t->head_done = t->news = t->done = t->over = false;
    t->code = CURLE_OK;
    t->stopped = 0;
    t->detail[0] = '\0';
}

static int transfer_start(struct transfer *t, const struct ht_http *http,
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
    curl.easy_reset(t->easy);
    if (!set_safety(t->easy) || !set_endpoint(http, t->easy) || !set_request(http, t, request))
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

/* The next moment at which patience ends, and what to say then; INT64_MAX: none. */
static int64_t deadline(struct transfer *t, const char **ret_text, int64_t *ret_patience)
{
    curl_off_t sent = 0;
    curl_off_t begun = 0;
    int64_t total = t->started_ns + t->total_ns;
    int64_t stall = t->byte_ns + t->stall_ns;

    curl.easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
    curl.easy_getinfo(t->easy, CURLINFO_STARTTRANSFER_TIME_T, &begun);
    *ret_patience = t->total_ns;
    if (!sent && !t->byte_ns && t->connect_ns < t->total_ns) {
        *ret_text = "not connected";
        *ret_patience = t->connect_ns;
        return t->started_ns + t->connect_ns;
    }
    if (t->lines && t->head_done)
        return INT64_MAX;
    if (t->byte_ns && stall < total) {
        *ret_text = "stopped in the middle of its answer; no byte";
        *ret_patience = t->stall_ns;
        return stall;
    }
    *ret_text = begun ? "answers too slowly; not complete" : "accepts connections; no answer";
    return total;
}

static int milliseconds_until(int64_t moment_ns, int64_t now_ns)
{
    int64_t ms = (moment_ns - now_ns + HT_NS_PER_MS - 1) / HT_NS_PER_MS;

    if (moment_ns == INT64_MAX || ms > 60000)
        return 60000;
    return ms > 0 ? (int)ms : 0;
}

static void collect(struct transfer *t)
{
    int left = 0;

    for (const CURLMsg *m = curl.multi_info_read(t->multi, &left); m;
         m = curl.multi_info_read(t->multi, &left)) {
        if (m->msg != CURLMSG_DONE || m->easy_handle != t->easy)
            continue;
        t->done = true;
        t->code = m->data.result;
    }
}

/* Works until the transfer is done (0), there is news of a stream, wake_fd is readable or until_ns
 * passed (1), or on a failure of the waiting itself (-errno). */
static int transfer_drive(struct transfer *t, const struct ht_http *http, int wake_fd,
                          int64_t until_ns, struct ht_error *err)
{
    int cancel_fd = http->options.cancel_fd;

    for (;;) {
        const char *text = "";
        int64_t patience = 0;
        int running = 0;
        CURLMcode code = curl.multi_perform(t->multi, &running);

        if (code != CURLM_OK)
            return ht_error_set(err, EIO, "%s: %s", http->name, curl.multi_strerror(code));
        collect(t);
        if (t->done)
            return 0;
        if (is_readable(cancel_fd))
            return ht_error_set(err, EINTR, "%s: cancelled", http->name);

        int64_t now = ht_clock_mono(ht_clock_system());
        int64_t end = deadline(t, &text, &patience);

        if (now >= end)
            return ht_http_timeout_error(http->name, text, patience, err);
        if (now >= until_ns || (t->lines && t->news) || is_readable(wake_fd))
            return 1;

        struct curl_waitfd extra[2];
        unsigned extras = 0;

        if (cancel_fd > 0)
            extra[extras++] = (struct curl_waitfd){.fd = cancel_fd, .events = CURL_WAIT_POLLIN};
        if (wake_fd >= 0)
            extra[extras++] = (struct curl_waitfd){.fd = wake_fd, .events = CURL_WAIT_POLLIN};
        code = curl.multi_poll(t->multi, extra, extras,
                               milliseconds_until(end < until_ns ? end : until_ns, now), NULL);
        if (code != CURLM_OK)
            return ht_error_set(err, EIO, "%s: %s", http->name, curl.multi_strerror(code));
    }
}

static void note_outcome(const struct transfer *t, struct ht_http_answer *answer)
{
    long status = 0;
    long connections = 0;

    curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl.easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections);
    answer->status = (int)status;
    answer->reused = t->done && connections == 0;
    answer->duration_ns = ht_clock_mono(ht_clock_system()) - t->started_ns;
}

/* --- the client --------------------------------------------------------------------------------
 */

static char *copy(const char *text)
{
    return text ? ht_strndup(text, strlen(text)) : NULL;
}

struct ht_http *ht_http_new(const struct ht_http_options *options, struct ht_error *err)
{
    struct ht_http *http;

    if (ht_http_check_options(options, err) < 0)
        return NULL;
    pthread_once(&curl_once, load_curl);
    if (curl_missing[0]) {
        ht_error_set(err, ENOTSUP, "%s", curl_missing);
        return NULL;
    }
    http = ht_new0(struct ht_http);
    http->options = *options;
    http->socket_path = copy(options->socket_path);
    http->base = copy(options->socket_path ? "http://localhost" : options->url);
    http->name = copy(options->socket_path ? options->socket_path : options->url);
    http->ca_file = copy(options->ca_file);
    http->cert_file = copy(options->cert_file);
    http->key_file = copy(options->key_file);
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
    transfer_fini(&http->transfer);
    free(http->name);
    free(http->base);
    free(http->socket_path);
    free(http->ca_file);
    free(http->cert_file);
    free(http->key_file);
    free(http);
    return NULL;
}

const char *ht_http_name(const struct ht_http *http)
{
    return http->name;
}

int ht_http_send(struct ht_http *http, const struct ht_http_request *request,
                 struct ht_http_answer *answer, struct ht_error *err)
{
    struct transfer *t = &http->transfer;
    int r = 0;

    transfer_expect(t, http, request, answer);
    t->request_body = request->body;
    r = transfer_start(t, http, request, err);
    if (r == 0) {
        r = transfer_drive(t, http, -1, INT64_MAX, err);
        note_outcome(t, answer);
    }
    if (r == 0)
        r = judge(http, t, err);
    transfer_close(t);
    return r;
}

int ht_http_get(struct ht_http *http, const char *path, struct ht_http_answer *answer,
                struct ht_error *err)
{
    struct ht_http_request request = {.path = path};

    return ht_http_send(http, &request, answer, err);
}

/* --- streams -----------------------------------------------------------------------------------
 */

struct ht_http_stream *ht_http_stream_open(struct ht_http *http,
                                           const struct ht_http_request *request, ht_http_line line,
                                           void *context, struct ht_error *err)
{
    struct ht_http_stream *stream = ht_new0(struct ht_http_stream);
    struct ht_http_request limited = *request;
    struct transfer *t = &stream->transfer;

    stream->http = http;
    stream->result = 1;
    ht_lines_init(&stream->lines, HT_LIMIT_LINE, line, context);
    limited.body_max = REFUSAL_MAX;
    transfer_expect(t, http, &limited, &stream->answer);
    t->lines = &stream->lines;
    if (request->body.len) {
        stream->body = ht_strndup(request->body.data, request->body.len);
        t->request_body = (struct ht_str){.data = stream->body, .len = request->body.len};
    }
    if (transfer_start(t, http, &limited, err) < 0)
        return ht_http_stream_close(stream);
    return stream;
}

/* What the end of a stream means. */
static int judge_stream(struct ht_http_stream *stream, struct ht_error *err)
{
    struct transfer *t = &stream->transfer;
    int r = judge(stream->http, t, err);

    if (r)
        return r;
    if (stream->answer.status < 200 || stream->answer.status > 299)
        return ht_error_set(err, EPROTO, "%s: refused with status %d: %.*s", stream->http->name,
                            stream->answer.status, HT_STR_ARG(ht_buf_str(&stream->answer.body)));
    r = ht_lines_end(&stream->lines);
    if (r == -EFBIG)
        return over_the_limit(stream->http, t, err);
    return r;
}

int ht_http_stream_wait(struct ht_http_stream *stream, int wake_fd, int wait_ms,
                        struct ht_error *err)
{
    struct transfer *t = &stream->transfer;
    int64_t until = INT64_MAX;

    if (stream->result == 1) {
        if (wait_ms >= 0)
            until = ht_clock_mono(ht_clock_system()) + wait_ms * HT_NS_PER_MS;
        t->news = false;
        stream->result = transfer_drive(t, stream->http, wake_fd, until, &stream->error);
        note_outcome(t, &stream->answer);
        if (stream->result == 0)
            stream->result = judge_stream(stream, &stream->error);
        if (stream->result != 1)
            transfer_close(t);
    }
    if (stream->result < 0 && err)
        *err = stream->error;
    return stream->result;
}

int ht_http_stream_status(const struct ht_http_stream *stream)
{
    return stream->transfer.head_done ? stream->answer.status : 0;
}

struct ht_http_stream *ht_http_stream_close(struct ht_http_stream *stream)
{
    if (!stream)
        return NULL;
    transfer_fini(&stream->transfer);
    ht_lines_fini(&stream->lines);
    ht_http_answer_fini(&stream->answer);
    free(stream->body);
    free(stream);
    return NULL;
}

int ht_http_stream(struct ht_http *http, const char *path, ht_http_line line, void *context,
                   struct ht_error *err)
{
    struct ht_http_request request = {.path = path};
    struct ht_http_stream *stream = ht_http_stream_open(http, &request, line, context, err);
    int r = 1;

    if (!stream)
        return err ? -err->code : -EINVAL;
    while (r == 1)
        r = ht_http_stream_wait(stream, -1, -1, err);
    ht_http_stream_close(stream);
    return r;
}
