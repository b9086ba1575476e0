/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "hulltop/base/mem.h"

bool peer_send(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool send_text(int fd, const char *text)
{
    return peer_send(fd, text, strlen(text));
}

static bool send_buf(int fd, const struct ht_buf *buf)
{
    return peer_send(fd, ht_buf_str(buf).data, buf->len);
}

/* True if the other end has closed or sent something unasked for. */
static bool is_hung_up(int fd)
{
    char c;
    ssize_t n = recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static struct timespec in_ms(unsigned ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ms % 1000 * 1000000L;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    return until;
}

/* Waits for a change of behaviour; at most ms (0: for ever, looking for a hang-up now and then).
 * Returns false if the client has gone or, with ms, the behaviour has changed. Holds no lock. */
static bool hold(struct connection *c, unsigned ms)
{
    bool changed = false;

    for (;;) {
        struct timespec until = in_ms(ms ? ms : 100);

        pthread_mutex_lock(&c->peer->lock);
        while (c->generation == c->peer->generation)
            if (pthread_cond_timedwait(&c->peer->changed, &c->peer->lock, &until))
                break;
        changed = c->generation != c->peer->generation;
        c->generation = c->peer->generation;
        pthread_mutex_unlock(&c->peer->lock);
        if (is_hung_up(c->fd))
            return false;
        if (changed)
            return !ms;
        if (ms)
            return true;
    }
}

/* The bytes of an answer, built as the mode wants the head; body is what belongs behind it. */
struct reply {
    struct ht_buf head; /* with the empty line */
    struct ht_str body;
    bool keep; /* the connection */
};

static const char *reason(unsigned status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 409:
        return "Conflict";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    default:
        return "Whatever";
    }
}

static void build_head(struct reply *reply, unsigned status, const char *type, const char *framing)
{
    ht_buf_addf(&reply->head,
                "HTTP/1.1 %u %s\r\nApi-Version: 1.41\r\nContent-Type: %s\r\n%s\r\n\r\n", status,
                reason(status), type, framing);
}

static void build_framed(struct reply *reply, unsigned status, enum mode mode)
{
    char framing[200];
    size_t len = reply->body.len;
    struct ht_str trimmed = ht_str_trim(reply->body);
    bool json = trimmed.len && strchr("{[\"n", trimmed.data[0]);

    if (mode == SHORT && len)
        len--;
    if (mode == LONG)
        len += 1000;
    if (mode == BARE || mode == CHUNKED)
        snprintf(framing, sizeof(framing), "%s",
                 mode == BARE ? "Server: bare" : "Transfer-Encoding: chunked");
    else
        snprintf(framing, sizeof(framing), "Content-Length: %zu%s", len,
                 mode == CLOSE ? "\r\nConnection: close" : "");
    build_head(reply, status, json ? "application/json" : "text/plain; charset=utf-8", framing);
}

static bool send_chunked(int fd, struct ht_str body, size_t piece)
{
    bool good = true;

    for (size_t at = 0; good && at < body.len; at += piece) {
        struct ht_str part = ht_str_sub(body, at, piece);
        char length[32];

        snprintf(length, sizeof(length), "%zx\r\n", part.len);
        good = send_text(fd, length) && peer_send(fd, part.data, part.len) && send_text(fd, "\r\n");
    }
    return good && send_text(fd, "0\r\n\r\n");
}

/* Sends the same block until the client has had enough. */
static void send_for_ever(int fd, const char *block, size_t len)
{
    while (peer_send(fd, block, len))
        continue;
}

static bool drip(struct connection *c, const struct reply *reply, unsigned ms)
{
    ht_autobuf struct ht_buf all = HT_BUF(FILE_MAX);

    ht_buf_add_str(&all, ht_buf_str(&reply->head));
    ht_buf_add_str(&all, reply->body);
    for (size_t i = 0; i < all.len; i++) {
        if (!peer_send(c->fd, all.data + i, 1))
            return false;
        /* Behaving again: the rest at once. */
        if (!hold(c, ms ? ms : 1))
            return peer_send(c->fd, all.data + i + 1, all.len - i - 1);
    }
    return true;
}

/* Modes that have nothing to do with the answer; returns whether the connection goes on. */
static bool send_fault(struct connection *c, struct behaviour how)
{
    static const char block[64 * 1024];
    char text[200];

    switch (how.mode) {
    case OVERSIZE:
        if (send_text(c->fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                             "Content-Length: 10737418240\r\n\r\n"))
            send_for_ever(c->fd, block, sizeof(block));
        return false;
    case ENDLESS:
        if (send_text(c->fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
            send_for_ever(c->fd, "8\r\n[[[[[[[[\r\n", 13);
        return false;
    case LONGLINE:
        if (send_text(c->fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
            send_for_ever(c->fd, "10\r\naaaaaaaaaaaaaaaa\r\n", 22);
        return false;
    case HEADERS:
        if (send_text(c->fd, "HTTP/1.1 200 OK\r\n"))
            send_for_ever(c->fd, "X-Another-One: and another one\r\n", 32);
        return false;
    case HTML:
        return send_text(c->fd,
                         "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                         "Content-Length: 36\r\n\r\n<html><body>Log in</body></html>\r\n\r\n");
    case NONSENSE:
        send_text(c->fd, "\x16\x03\x01 220 ready when you are\n\x1b[2J\xff\xfe\n");
        return false;
    case BADCHUNK:
        send_text(c->fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n");
        return false;
    case STATUS:
        snprintf(text, sizeof(text),
                 "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n"
                 "{\"message\":\"no luck\"}",
                 (unsigned)how.argument, reason((unsigned)how.argument));
        return send_text(c->fd, text);
    case OK:
    case CHUNKED:
    case MUTE:
    case STALL:
    case DRIP:
    case CUT:
    case DROP:
    case BARE:
    case CLOSE:
    case GONE:
    case SHORT:
    case LONG:
    case DEAF:
        break;
    }
    return false;
}

static bool is_fault(enum mode mode)
{
    return mode == OVERSIZE || mode == ENDLESS || mode == LONGLINE || mode == HEADERS ||
           mode == HTML || mode == NONSENSE || mode == BADCHUNK || mode == STATUS;
}

/* Sends the answer in the given way; returns whether the connection goes on. */
static bool send_reply(struct connection *c, const struct reply *reply, struct behaviour how)
{
    size_t half = reply->body.len / 2;
    bool good = false;

    if (how.mode == DRIP)
        return drip(c, reply, (unsigned)how.argument) && reply->keep;
    if (!send_buf(c->fd, &reply->head))
        return false;
    if (how.mode == CHUNKED)
        return send_chunked(c->fd, reply->body, 7);
    if (how.mode == STALL || how.mode == CUT) {
        good = peer_send(c->fd, reply->body.data, half);
        if (how.mode == CUT || !good || !hold(c, 0))
            return false;
        return peer_send(c->fd, reply->body.data + half, reply->body.len - half) && reply->keep;
    }
    good = peer_send(c->fd, reply->body.data, reply->body.len);
    if (how.mode == LONG)
        hold(c, 0);
    return good && reply->keep && how.mode != BARE && how.mode != CLOSE && how.mode != GONE &&
           how.mode != LONG;
}

/* --- requests ----------------------------------------------------------------------------------
 */

static struct behaviour behaviour_for(struct connection *c, struct ht_str target)
{
    struct behaviour how;
    size_t longest = 0;

    pthread_mutex_lock(&c->peer->lock);
    how = c->peer->how;
    c->generation = c->peer->generation;
    for (size_t i = 0; i < c->peer->faults.len; i++) {
        const struct fault *f = c->peer->faults.items[i];

        if (ht_str_has_prefix(target, f->prefix) && strlen(f->prefix) >= longest) {
            longest = strlen(f->prefix);
            how = f->how;
        }
    }
    pthread_mutex_unlock(&c->peer->lock);
    return how;
}

/* Takes the lines a stream has not had: first the recorded ones, then those since it was opened. */
static void take_events(const struct peer *peer, size_t *first, size_t *live, struct ht_buf *out)
{
    for (; *first < peer->first_events; ++*first) {
        const char *line = peer->events.items[*first];

        ht_buf_addf(out, "%zx\r\n%s\n\r\n", strlen(line) + 1, line);
    }
    for (; *live < peer->events.len; ++*live) {
        const char *line = peer->events.items[*live];

        ht_buf_addf(out, "%zx\r\n%s\n\r\n", strlen(line) + 1, line);
    }
}

/* Holds an /events stream open. It ends by cut-events or by the client; while the mode is another
 * than "ok" nothing comes any more. */
static void serve_events(struct connection *c)
{
    struct peer *peer = c->peer;

    /* What is told once the client has the head belongs to this stream: it is not missed. */
    pthread_mutex_lock(&peer->lock);

    unsigned cut = peer->events_cut;
    size_t first = 0;
    size_t live = peer->events.len;

    pthread_mutex_unlock(&peer->lock);

    bool good = send_text(c->fd, "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n"
                                 "Content-Type: application/json\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n");

    pthread_mutex_lock(&peer->lock);
    while (good && cut == peer->events_cut) {
        ht_autobuf struct ht_buf chunk = HT_BUF(FILE_MAX);
        struct timespec until = in_ms(100);

        if (peer->how.mode == OK)
            take_events(peer, &first, &live, &chunk);
        if (chunk.len) {
            pthread_mutex_unlock(&peer->lock);
            good = send_buf(c->fd, &chunk);
            pthread_mutex_lock(&peer->lock);
            continue;
        }
        pthread_cond_timedwait(&peer->changed, &peer->lock, &until);
        good = !is_hung_up(c->fd);
    }
    pthread_mutex_unlock(&peer->lock);
}

/* Fills body for a version that is not spoken; false if it is. */
static bool refuse_version(const struct peer *peer, uint64_t minor, struct ht_buf *body)
{
    if (!peer->api_max || !minor)
        return false;
    if (minor > peer->api_max)
        ht_buf_addf(body,
                    "{\"message\":\"client version is too new. Maximum supported API version is "
                    "1.%u\"}\n",
                    (unsigned)peer->api_max);
    else if (minor < peer->api_min)
        ht_buf_addf(body, "client version is too old. Minimum supported API version is 1.%u\n",
                    (unsigned)peer->api_min);
    return body->len > 0;
}

/* "VERB GROUP RESOURCE" of what is asked for; false if it is nothing that rights are needed for. */
static bool what_is_asked(struct ht_str target, struct ht_buf *ret)
{
    struct ht_str path, part, parts[8] = {{0}};
    bool is_watch = ht_str_find(target, HT_S("watch=1"), 0) >= 0;
    size_t len = 0, at;

    ht_str_next(&target, '?', &path);
    path = ht_str_sub(path, 1, path.len);
    while (len < ARRAY_LEN(parts) && ht_str_next(&path, '/', &part))
        parts[len++] = part;
    if (ht_str_is(parts[0], "api"))
        at = 2;
    else if (ht_str_is(parts[0], "apis"))
        at = 3;
    else
        return false;
    /* What kinds there are anybody may ask. */
    if (at >= len)
        return false;
    ht_buf_addf(ret, "%s %.*s %.*s",
                is_watch       ? "watch"
                : len > at + 1 ? "get"
                               : "list",
                HT_STR_ARG(at == 2 ? HT_S("core") : parts[1]), HT_STR_ARG(parts[at]));
    return true;
}

/* Whether a right is missing: body says which, as an API server does. */
static bool refuse_right(const struct peer *peer, struct ht_str target, struct ht_buf *body)
{
    ht_autobuf struct ht_buf asked = HT_BUF(1024);
    bool is_granted = false;

    if (peer->grants.len == 0 || !what_is_asked(target, &asked))
        return false;
    for (size_t i = 0; i < peer->grants.len; i++)
        is_granted = is_granted || strcmp(peer->grants.items[i], asked.data) == 0;
    fprintf(stderr, "%s %s\n", is_granted ? "granted" : "refused", asked.data);
    if (!is_granted)
        ht_buf_addf(body,
                    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\","
                    "\"message\":\"forbidden: %s\",\"reason\":\"Forbidden\",\"code\":403}\n",
                    asked.data);
    return !is_granted;
}

/* Finds and sends the answer; returns whether the connection goes on. */
static bool answer_request(struct connection *c, struct ht_str full)
{
    struct peer *peer = c->peer;
    ht_autobuf struct ht_buf own = HT_BUF(FILE_MAX);
    struct reply reply = {.head = HT_BUF(FILE_MAX), .keep = true};
    uint64_t minor = 0;
    struct ht_str target = peer_without_version(full, &minor);
    struct behaviour how = behaviour_for(c, target);
    const struct answer *found;
    unsigned status = 200;
    bool exact = false;
    bool go_on = false;

    while (how.mode == MUTE || how.mode == DEAF) {
        if (!hold(c, 0))
            return false;
        how = behaviour_for(c, target);
    }
    if (how.mode == DROP)
        return false;
    if (is_fault(how.mode))
        return send_fault(c, how);
    pthread_mutex_lock(&peer->lock);
    found = peer_find_answer(peer, full);
    exact = found;
    if (!found)
        found = peer_find_answer(peer, target);
    pthread_mutex_unlock(&peer->lock);

    if (refuse_right(peer, full, &own)) {
        status = 403;
    } else if (!exact && refuse_version(peer, minor, &own)) {
        status = 400;
    } else if (!found && ht_str_has_prefix(target, "/_ping")) {
        ht_buf_add_text(&own, "OK");
    } else if (!found && ht_str_has_prefix(target, "/events") && how.mode == OK) {
        serve_events(c);
        return false;
    } else if (!found) {
        status = 404;
        ht_buf_add_text(&own, "{\"message\":\"page not found\"}\n");
    }
    reply.body = own.len || !found ? ht_buf_str(&own) : ht_buf_str(&found->bytes);
    if (found && !own.len && found->raw) {
        /* Raw answers carry their own framing: only their end may be missing. */
        ht_buf_add(&reply.head, "", 0);
    } else {
        build_framed(&reply, found && !own.len ? found->status : status, how.mode);
    }
    go_on = send_reply(c, &reply, how);
    ht_buf_fini(&reply.head);
    return go_on;
}

/* Whether a request shows the token that is asked for. */
static bool is_let_in(struct peer *peer, struct ht_str head)
{
    ht_autobuf struct ht_buf wanted = HT_BUF(1024);
    bool open;

    pthread_mutex_lock(&peer->lock);
    open = !peer->token;
    ht_buf_addf(&wanted, "\r\nAuthorization: Bearer %s\r\n", open ? "" : peer->token);
    pthread_mutex_unlock(&peer->lock);
    return open || ht_str_find(head, ht_buf_str(&wanted), 0) >= 0;
}

/* Reads one request (its body too); false at the end of the connection. */
static bool read_request(struct connection *c, struct ht_buf *in, struct ht_buf *target)
{
    char block[4096];
    ptrdiff_t end;

    while ((end = ht_str_find(ht_buf_str(in), HT_S("\r\n\r\n"), 0)) < 0) {
        ssize_t n = recv(c->fd, block, sizeof(block), 0);

        if (n <= 0 || ht_buf_is_full(in))
            return false;
        ht_buf_add(in, block, (size_t)n);
        /* No method begins so: TLS, most likely. */
        if (in->data[0] < 'A' || in->data[0] > 'Z') {
            send_text(c->fd, "HTTP/1.0 400 Bad Request\r\n\r\n");
            return false;
        }
    }

    struct ht_str head = ht_str_sub(ht_buf_str(in), 0, (size_t)end);
    ptrdiff_t line_end = ht_str_find_byte(head, '\r');
    struct ht_str line = ht_str_sub(head, 0, line_end < 0 ? head.len : (size_t)line_end);
    ptrdiff_t at = ht_str_find_nocase(head, HT_S("\r\ncontent-length:"), 0);
    size_t taken = (size_t)end + 4;
    uint64_t body = 0;

    if (at >= 0) {
        struct ht_str rest = ht_str_sub(head, (size_t)at + 17, head.len);
        struct ht_str number = HT_STR("");

        ht_str_next(&rest, '\r', &number);
        ht_parse_u64(ht_str_trim(number), &body);
    }
    pthread_mutex_lock(&c->peer->lock);
    ht_buf_add_str(&c->peer->requests, line);
    ht_buf_add_c(&c->peer->requests, '\n');
    pthread_mutex_unlock(&c->peer->lock);
    peer_word(&line);
    ht_buf_reset(target);
    ht_buf_add_str(target, is_let_in(c->peer, ht_str_sub(ht_buf_str(in), 0, (size_t)end + 2))
                               ? peer_word(&line)
                               : HT_S("/unauthorized"));
    while (in->len < taken + body) {
        ssize_t n = recv(c->fd, block, sizeof(block), 0);

        if (n <= 0 || ht_buf_is_full(in))
            return false;
        ht_buf_add(in, block, (size_t)n);
    }
    taken += (size_t)body;
    memmove(in->data, in->data + taken, in->len - taken);
    in->len -= taken;
    in->data[in->len] = '\0';
    return true;
}

void *peer_serve(void *context)
{
    struct connection *c = context;
    ht_autobuf struct ht_buf in = HT_BUF(REQUEST_MAX);
    ht_autobuf struct ht_buf target = HT_BUF(REQUEST_MAX);

    while (read_request(c, &in, &target) && answer_request(c, ht_buf_str(&target)))
        continue;
    close(c->fd);
    free(c);
    return NULL;
}
