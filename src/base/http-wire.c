/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "http-wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum {
    REQUEST_MAX = 64 * 1024 * 1024,
    CHUNK_LINE_MAX = 4096,
    PIECE = 32 * 1024,
    PIECES_MAX = 64 /* taken before others have their turn */
};

/* What comes next. */
enum part { PART_STATUS, PART_HEADER, PART_SIZE, PART_BODY, PART_CHUNK_END, PART_TRAILER };

enum end { END_OK, END_UNCONNECTED, END_NOT_HTTP, END_CLOSED, END_LINE_OVER, END_OVER };

struct ht_http_wire {
    int fd; /* -1: none */
    struct ht_buf out;
    size_t sent;
    bool ready;   /* worth a look */
    bool reused;  /* the connection has served another request */
    bool fresh;   /* it must not be one of those: such a one had been closed */
    bool is_get;  /* and may be sent twice */
    bool begun;   /* a byte of the answer has come */
    bool keep;    /* the connection can be used again */
    bool chunked; /* how the body is framed: in chunks, or */
    bool sized;   /* by its length; else by the end of the connection */
    uint64_t left;
    int status;
    enum part part;
    struct ht_buf line; /* the beginning of one whose end has not come */
    enum end end;
    int code; /* errno of the connection */
};

/* ---- connections ---- */

static void close_connection(struct ht_http *http, int fd)
{
    for (size_t i = 0; i < HT_HTTP_SOCKETS; i++) {
        if (http->fresh[i] == fd)
            http->fresh[i] = 0;
    }
    close(fd);
}

/* Nothing may have come in the meantime, not even the end. */
static bool is_quiet(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static int take_kept(struct ht_http *http)
{
    for (size_t i = 0; i < HT_HTTP_LANES; i++) {
        int fd = http->idle[i];

        http->idle[i] = 0;
        if (fd && is_quiet(fd))
            return fd;
        if (fd)
            close_connection(http, fd);
    }
    return -1;
}

static void keep(struct ht_http *http, int fd)
{
    for (size_t i = 0; i < HT_HTTP_LANES; i++) {
        if (!http->idle[i]) {
            http->idle[i] = fd;
            return;
        }
    }
    close_connection(http, fd);
}

void ht_http_wire_forget(struct ht_http *http)
{
    for (size_t i = 0; i < HT_HTTP_LANES; i++) {
        if (http->idle[i])
            close_connection(http, http->idle[i]);
        http->idle[i] = 0;
    }
}

/* A connection of our own; the kernel is asked later who is at its other end. -1: errno tells. */
static int open_connection(struct ht_http *http)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t place = 0;

    while (place < HT_HTTP_SOCKETS && http->fresh[place])
        place++;
    if (place == HT_HTTP_SOCKETS) {
        errno = EMFILE;
        return -1;
    }

    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    /* The length of the path was checked when the client was made. */
    memcpy(address.sun_path, http->socket_path, strlen(http->socket_path) + 1);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        int code = errno;

        close(fd);
        errno = code;
        return -1;
    }
    http->fresh[place] = fd;
    return fd;
}

static void finish(struct ht_http_transfer *t, enum end end, const char *detail)
{
    struct ht_http_wire *wire = t->wire;

    wire->end = end;
    wire->keep = wire->keep && end == END_OK;
    t->done = true;
    if (detail)
        memccpy(t->detail, detail, '\0', sizeof(t->detail) - 1);
}

static bool connect_wire(struct ht_http_transfer *t)
{
    struct ht_http_wire *wire = t->wire;

    /* A stream has a connection of its own. */
    if (!t->feed && !wire->fresh)
        wire->fd = take_kept(t->client);
    wire->reused = wire->fd >= 0;
    if (wire->fd < 0)
        wire->fd = open_connection(t->client);
    if (wire->fd < 0) {
        wire->code = errno;
        finish(t, END_UNCONNECTED, "no connection");
    }
    return wire->fd >= 0;
}

/* ---- the request ---- */

static bool has_header(const struct ht_http_request *request, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; request->headers && request->headers[i]; i++) {
        struct ht_str line = ht_str_from(request->headers[i]);

        if (ht_str_is_nocase(ht_str_sub(line, 0, len), name))
            return true;
    }
    return false;
}

static void put_request(struct ht_buf *out, const struct ht_http_request *request,
                        struct ht_str body)
{
    const char *method = request->method ? request->method : body.len ? "POST" : "GET";

    ht_buf_addf(out,
                "%s %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: hulltop/" PACKAGE_VERSION "\r\n",
                method, request->path);
    if (!has_header(request, "Accept:"))
        ht_buf_add_text(out, "Accept: */*\r\n");
    ht_buf_add_text(out, "Accept-Encoding: identity\r\n");
    for (size_t i = 0; request->headers && request->headers[i]; i++)
        ht_buf_addf(out, "%s\r\n", request->headers[i]);
    if (body.len && !has_header(request, "Content-Type:"))
        ht_buf_add_text(out, "Content-Type: application/x-www-form-urlencoded\r\n");
    if (body.len)
        ht_buf_addf(out, "Content-Length: %zu\r\n", body.len);
    ht_buf_add_text(out, "\r\n");
    ht_buf_add_str(out, body);
}

/* Before the first byte, and again where a kept connection turns out to be closed. */
static void begin(struct ht_http_wire *wire)
{
    wire->sent = 0;
    wire->ready = true;
    wire->begun = wire->keep = wire->chunked = wire->sized = false;
    wire->left = 0;
    wire->status = 0;
    wire->part = PART_STATUS;
    wire->end = END_OK;
    wire->code = 0;
    ht_buf_reset(&wire->line);
}

void ht_http_wire_start(struct ht_http_transfer *t, const struct ht_http_request *request)
{
    if (!t->wire) {
        t->wire = ht_new0(struct ht_http_wire);
        t->wire->fd = -1;
        ht_buf_init(&t->wire->out, REQUEST_MAX);
        ht_buf_init(&t->wire->line, HT_HTTP_HEADERS_MAX);
    }
    begin(t->wire);
    t->wire->fresh = t->wire->reused = false;
    t->wire->is_get = !request->method && !t->request_body.len;
    ht_buf_reset(&t->wire->out);
    put_request(&t->wire->out, request, t->request_body);
}

/* ---- the answer ---- */

/* The next line without its end; false: it has not come whole. */
static bool take_line(struct ht_http_transfer *t, struct ht_str *bytes, struct ht_str *ret_line)
{
    struct ht_buf *line = &t->wire->line;
    ptrdiff_t end = ht_str_find_byte(*bytes, '\n');
    struct ht_str part = ht_str_sub(*bytes, 0, end < 0 ? bytes->len : (size_t)end);

    *bytes = ht_str_sub(*bytes, part.len + (end >= 0), bytes->len);
    *ret_line = part;
    if (end < 0 || line->len) {
        ht_buf_add_str(line, part);
        *ret_line = ht_buf_str(line);
        if (ht_buf_is_full(line)) {
            finish(t, END_LINE_OVER, NULL);
            return false;
        }
    }
    if (end < 0)
        return false;
    if (ht_str_has_suffix(*ret_line, "\r"))
        ret_line->len--;
    return true;
}

/* "HTTP/1.1 200 OK" */
static bool parse_status(struct ht_str line, struct ht_http_wire *wire)
{
    uint64_t status;

    if (line.len < 12 || !ht_str_has_prefix(line, "HTTP/1.") || line.data[8] != ' ' ||
        ht_parse_u64(ht_str_sub(line, 9, 3), &status) < 0 || status < 100 ||
        (line.len > 12 && line.data[12] != ' '))
        return false;
    wire->status = (int)status;
    wire->keep = line.data[7] != '0';
    wire->chunked = wire->sized = false;
    return true;
}

/* Nobody shall wait for the end of a line that is none. */
static bool begins_status(const struct ht_http_wire *wire, struct ht_str bytes)
{
    static const char prefix[] = "HTTP/1.";
    size_t have = wire->line.len;

    if (have >= sizeof(prefix) - 1)
        return true;

    size_t len = sizeof(prefix) - 1 - have;
    if (len > bytes.len)
        len = bytes.len;
    return memcmp(bytes.data, prefix + have, len) == 0;
}

/* Whether one of the words of a header's value is that. */
static bool has_word(struct ht_str value, const char *word)
{
    struct ht_str one;

    while (ht_str_next(&value, ',', &one)) {
        if (ht_str_is_nocase(ht_str_trim(one), word))
            return true;
    }
    return false;
}

/* The headers that tell how the answer is framed; what they say must be understood. */
static const char *read_header(struct ht_http_wire *wire, struct ht_str line)
{
    ptrdiff_t colon = ht_str_find_byte(line, ':');
    struct ht_str name = ht_str_sub(line, 0, colon < 0 ? 0 : (size_t)colon);
    struct ht_str value = ht_str_trim(ht_str_sub(line, name.len + 1, line.len));
    uint64_t len;

    if (ht_str_is_nocase(name, "Transfer-Encoding")) {
        if (!ht_str_is_nocase(value, "chunked") && !ht_str_is_nocase(value, "identity"))
            return "a transfer encoding that nobody asked for";
        wire->chunked = wire->chunked || ht_str_is_nocase(value, "chunked");
    } else if (ht_str_is_nocase(name, "Content-Length")) {
        if (ht_parse_u64(value, &len) < 0 || (wire->sized && len != wire->left))
            return "a length that is none";
        wire->sized = true;
        wire->left = len;
    } else if (ht_str_is_nocase(name, "Connection")) {
        wire->keep = (wire->keep || has_word(value, "keep-alive")) && !has_word(value, "close");
    } else if (ht_str_is_nocase(name, "Content-Encoding") && value.len &&
               !ht_str_is_nocase(value, "identity")) {
        return "a compressed answer that nobody asked for";
    }
    return NULL;
}

/* Behind the empty line. */
static void end_headers(struct ht_http_transfer *t)
{
    struct ht_http_wire *wire = t->wire;

    if (wire->status == 101) {
        finish(t, END_NOT_HTTP, "another protocol that nobody asked for");
        return;
    }
    if (wire->status < 200) {
        wire->part = PART_STATUS;
        return;
    }
    if (wire->status == 204 || wire->status == 304) {
        finish(t, END_OK, NULL);
        return;
    }
    wire->sized = wire->sized && !wire->chunked;
    wire->keep = wire->keep && (wire->sized || wire->chunked);
    wire->part = wire->chunked ? PART_SIZE : PART_BODY;
    /* Too long an answer is refused before it comes. */
    if (wire->sized && !t->feed && wire->left > t->body->max)
        finish(t, END_OVER, NULL);
    else if (wire->sized && wire->left == 0)
        finish(t, END_OK, NULL);
}

/* What the line before a chunk, "1f;any=thing", says of it. */
static void begin_chunk(struct ht_http_transfer *t, struct ht_str line)
{
    struct ht_http_wire *wire = t->wire;
    struct ht_str size = {0}; /* of an empty line */
    size_t whole = line.len;

    (void)ht_str_next(&line, ';', &size);
    size = ht_str_trim(size);
    if (whole > CHUNK_LINE_MAX || size.len == 0 || size.len > 16 ||
        ht_parse_hex64(size, &wire->left) < 0)
        finish(t, END_NOT_HTTP, "a broken chunk");
    else
        wire->part = wire->left ? PART_BODY : PART_TRAILER;
}

static void end_body(struct ht_http_transfer *t)
{
    if (t->wire->chunked)
        t->wire->part = PART_CHUNK_END;
    else
        finish(t, END_OK, NULL);
}

static void take_body(struct ht_http_transfer *t, struct ht_str *bytes)
{
    struct ht_http_wire *wire = t->wire;
    bool counted = wire->chunked || wire->sized;
    struct ht_str piece = *bytes;

    if (counted && piece.len > wire->left)
        piece.len = (size_t)wire->left;
    *bytes = ht_str_sub(*bytes, piece.len, bytes->len);
    if (!ht_http_take_body(t, piece, wire->status)) {
        t->done = true;
        return;
    }
    if (!counted)
        return;
    wire->left -= piece.len;
    if (wire->left == 0)
        end_body(t);
}

static void take_line_of(struct ht_http_transfer *t, struct ht_str line)
{
    struct ht_http_wire *wire = t->wire;
    const char *bad = NULL;

    switch (wire->part) {
    case PART_STATUS:
        if (!parse_status(line, wire))
            bad = "no status line";
        wire->part = PART_HEADER;
        break;
    case PART_HEADER:
        bad = read_header(wire, line);
        if (line.len == 0)
            end_headers(t);
        break;
    case PART_SIZE:
        begin_chunk(t, line);
        return;
    case PART_CHUNK_END:
        if (line.len)
            finish(t, END_NOT_HTTP, "a broken chunk");
        wire->part = PART_SIZE;
        return;
    case PART_TRAILER:
        if (line.len == 0)
            finish(t, END_OK, NULL);
        break;
    case PART_BODY:
        return;
    }
    if (!bad && !ht_http_take_header(t, line, wire->status))
        t->done = true;
    else if (bad)
        finish(t, END_NOT_HTTP, bad);
}

void ht_http_wire_take(struct ht_http_transfer *t, struct ht_str bytes)
{
    struct ht_http_wire *wire = t->wire;
    struct ht_str line;

    wire->begun = true;
    while (bytes.len && !t->done) {
        if (wire->part == PART_BODY) {
            take_body(t, &bytes);
            continue;
        }
        if (wire->part == PART_STATUS && !begins_status(wire, bytes)) {
            finish(t, END_NOT_HTTP, "no status line");
            return;
        }
        /* A chunk's size needs no line that is as long as a header. */
        if ((wire->part == PART_SIZE || wire->part == PART_CHUNK_END) &&
            wire->line.len > CHUNK_LINE_MAX + 1) {
            finish(t, END_NOT_HTTP, "a broken chunk");
            return;
        }
        if (take_line(t, &bytes, &line)) {
            take_line_of(t, line);
            ht_buf_reset(&wire->line);
        }
    }
    /* More than was asked for: whose answer is that? */
    if (bytes.len)
        wire->keep = false;
}

void ht_http_wire_end(struct ht_http_transfer *t, int code)
{
    struct ht_http_wire *wire = t->wire;

    if (wire->part == PART_BODY && !wire->chunked && !wire->sized && code == 0) {
        wire->keep = false;
        finish(t, END_OK, NULL);
    } else if (wire->reused && !wire->begun && wire->is_get) {
        /* It had been closed before it was used again. */
        close_connection(t->client, wire->fd);
        wire->fd = -1;
        begin(wire);
        wire->fresh = true;
    } else {
        finish(t, END_CLOSED, NULL);
    }
}

static void receive(struct ht_http_transfer *t)
{
    char piece[PIECE];

    for (int i = 0; i < PIECES_MAX && !t->done && t->wire->fd >= 0; i++) {
        ssize_t len = recv(t->wire->fd, piece, sizeof(piece), MSG_DONTWAIT);

        if (len > 0) {
            ht_http_wire_take(t, (struct ht_str){.data = piece, .len = (size_t)len});
            if ((size_t)len < sizeof(piece))
                return; /* most likely all there is; poll(2) knows */
        } else if (len == 0) {
            ht_http_wire_end(t, 0);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            ht_http_wire_end(t, errno);
        }
    }
}

/* Sends what is left; a failure shows where the answer is read, which may be there all the same. */
static void send_request(struct ht_http_wire *wire)
{
    while (wire->sent < wire->out.len) {
        ssize_t len = send(wire->fd, wire->out.data + wire->sent, wire->out.len - wire->sent,
                           MSG_DONTWAIT | MSG_NOSIGNAL);

        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0 && errno != EAGAIN)
            wire->sent = wire->out.len;
        if (len < 0)
            return;
        wire->sent += (size_t)len;
    }
}

void ht_http_wire_work(struct ht_http_transfer *t)
{
    struct ht_http_wire *wire = t->wire;

    while (!t->done && wire->ready) {
        if (wire->fd < 0) {
            if (!connect_wire(t))
                return;
            send_request(wire);
            /* The answer to what was just sent is not there yet. */
            wire->ready = false;
            return;
        }
        send_request(wire);
        wire->ready = false;
        receive(t);
    }
}

void ht_http_wires_wait(struct ht_http_transfer *t, const int extra[2], int timeout_ms,
                        bool ret_readable[2])
{
    struct pollfd fds[HT_HTTP_LANES + 2];
    struct ht_http_wire *wires[HT_HTTP_LANES];
    nfds_t len = 0;

    for (; t && len < HT_HTTP_LANES; t = t->next) {
        struct ht_http_wire *wire = t->wire;
        bool unsent = wire->sent < wire->out.len;

        wires[len] = wire;
        fds[len++] =
            (struct pollfd){.fd = wire->fd, .events = (short)(POLLIN | (unsent ? POLLOUT : 0))};
    }
    for (size_t i = 0; i < 2; i++)
        fds[len + i] = (struct pollfd){.fd = extra[i] > 0 ? extra[i] : -1, .events = POLLIN};
    if (poll(fds, len + 2, timeout_ms) < 0)
        return;
    for (nfds_t i = 0; i < len; i++)
        wires[i]->ready = wires[i]->ready || fds[i].revents;
    for (size_t i = 0; i < 2; i++)
        ret_readable[i] = fds[len + i].revents;
}

/* ---- what is known of it ---- */

bool ht_http_wire_is_connected(const struct ht_http_transfer *t)
{
    return t->wire->fd >= 0;
}

bool ht_http_wire_has_begun(const struct ht_http_transfer *t)
{
    return t->wire->begun;
}

int ht_http_wire_status(const struct ht_http_transfer *t)
{
    return t->wire ? t->wire->status : 0;
}

bool ht_http_wire_is_reused(const struct ht_http_transfer *t)
{
    return t->wire && t->wire->reused;
}

int ht_http_wire_judge(const struct ht_http *http, struct ht_http_transfer *t, struct ht_error *err)
{
    switch (t->wire->end) {
    case END_OK:
        return 0;
    case END_UNCONNECTED:
        return ht_http_connect_error(http->name, http->socket_path, t->wire->code, t->detail, err);
    case END_NOT_HTTP:
        return ht_http_not_http(http, t, err);
    case END_CLOSED:
        return ht_http_closed(http, t, err);
    case END_LINE_OVER:
        return ht_error_set(err, EFBIG, "%s: more than %d bytes of headers", http->name,
                            HT_HTTP_HEADERS_MAX);
    case END_OVER:
        return ht_http_transfer_over(http, t, err);
    }
    return -EIO;
}

void ht_http_wire_close(struct ht_http_transfer *t)
{
    struct ht_http_wire *wire = t->wire;

    if (!wire || wire->fd < 0)
        return;
    if (t->done && wire->keep && !t->feed && !t->stopped)
        keep(t->client, wire->fd);
    else
        close_connection(t->client, wire->fd);
    wire->fd = -1;
}

void ht_http_wire_fini(struct ht_http_transfer *t)
{
    if (!t->wire)
        return;
    ht_http_wire_close(t);
    ht_buf_fini(&t->wire->out);
    ht_buf_fini(&t->wire->line);
    free(t->wire);
    t->wire = NULL;
}
