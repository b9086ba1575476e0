/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grpc-peer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

enum { CONNECTIONS_MAX = 16, BODY_MAX = 64 * 1024 * 1024, READ_MAX = 64 * 1024 };

struct answer {
    char *path;
    char *match; /* NULL: any */
    char *data;
    size_t len;
    bool stream;
};

struct call {
    struct connection *connection;
    struct call *next;
    int32_t id;
    enum grpc_mode mode;
    struct ht_buf path, asked; /* asked: metadata and message */
    struct ht_buf out;         /* of the answer */
    size_t sent;
    size_t half; /* stop after so many bytes; SIZE_MAX: never */
    bool started, ended, waiting, streaming;
    const char *status; /* of the trailers; NULL: none */
    const char *message;
};

struct connection {
    struct grpc_peer *peer;
    int fd;
    nghttp2_session *session;
    struct call *calls;
    bool closing;
    bool raw; /* speaks no HTTP/2 any more */
};

struct grpc_peer {
    char directory[64];
    char socket[96];
    int listener, wake;
    pthread_t thread;
    struct connection connections[CONNECTIONS_MAX]; /* the thread's alone; fd -1: free */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    enum grpc_mode mode;
    const char *status, *message;
    struct ht_vec answers; /* of struct answer */
    struct ht_vec called;  /* of char *, paths */
    struct ht_buf pushed;
    unsigned accepted, streams;
    bool end_streams, disconnect, stop;
};

static _Noreturn void give_up(const char *what)
{
    printf("not ok grpc-peer: %s: %s\n", what, strerror(errno));
    fflush(stdout);
    _exit(1);
}

/* --- answers -----------------------------------------------------------------------------------
 */

static const struct answer *find_answer(struct grpc_peer *peer, const struct call *call)
{
    for (size_t i = peer->answers.len; i > 0; i--) {
        const struct answer *a = peer->answers.items[i - 1];

        if (ht_str_is(ht_buf_str(&call->path), a->path) &&
            (!a->match || ht_str_find(ht_buf_str(&call->asked), ht_str_from(a->match), 0) >= 0))
            return a;
    }
    return NULL;
}

static nghttp2_nv field(const char *name, const char *value)
{
    /* The library copies both; its type lacks the const. */
    return (nghttp2_nv){.name = (uint8_t *)(void *)(uintptr_t)name,
                        .value = (uint8_t *)(void *)(uintptr_t)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value)};
}

static void submit_trailers(struct call *call)
{
    nghttp2_nv fields[2] = {field("grpc-status", call->status),
                            field("grpc-message", call->message ? call->message : "")};

    nghttp2_submit_trailer(call->connection->session, call->id, fields, call->message ? 2 : 1);
}

static ssize_t give_bytes(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
                          uint32_t *flags, nghttp2_data_source *source, void *context)
{
    struct call *call = source->ptr;
    size_t len = call->out.len - call->sent;

    (void)session;
    (void)id;
    (void)context;
    if (call->mode == GRPC_ENDLESS) {
        memset(to, 0, room);
        return (ssize_t)room;
    }
    if (call->half - call->sent < len)
        len = call->half - call->sent;
    if (len > room)
        len = room;
    if (call->mode == GRPC_DRIP && len > 1)
        len = 1;
    if (len)
        memcpy(to, call->out.data + call->sent, len);
    call->sent += len;
    if (call->ended && call->sent == call->out.len) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (call->status) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            submit_trailers(call);
        }
        return (ssize_t)len;
    }
    if (len)
        return (ssize_t)len;
    call->waiting = true;
    return NGHTTP2_ERR_DEFERRED;
}

static void submit_headers(struct call *call, const char *status, const char *type)
{
    nghttp2_data_provider provider = {.source = {.ptr = call}, .read_callback = give_bytes};
    nghttp2_nv fields[40] = {field(":status", status), field("content-type", type)};
    char long_value[2900]; /* short enough to be sent as one byte the second time */
    size_t n = 2;

    memset(long_value, 'x', sizeof(long_value) - 1);
    long_value[sizeof(long_value) - 1] = '\0';
    if (call->mode == GRPC_HEADERS)
        while (n < ARRAY_LEN(fields))
            fields[n++] = field("x-more", long_value);
    nghttp2_submit_response(call->connection->session, call->id, fields, n, &provider);
}

static void submit_status(struct call *call, const char *status, const char *message)
{
    nghttp2_nv fields[4] = {field(":status", "200"), field("content-type", "application/grpc"),
                            field("grpc-status", status), field("grpc-message", message)};

    nghttp2_submit_response(call->connection->session, call->id, fields, 4, NULL);
}

static void replace(struct ht_buf *out, unsigned flags, uint32_t length, const char *text)
{
    ht_buf_reset(out);
    ht_buf_add_c(out, (char)flags);
    for (unsigned shift = 32; shift; shift -= 8)
        ht_buf_add_c(out, (char)(length >> (shift - 8) & 0xff));
    ht_buf_add_text(out, text);
}

/* What stands in the body in each mode, where it is not the answer itself. */
static void spoil(struct call *call)
{
    static const char page[] = "<html><body>no luck</body></html>";
    struct ht_buf *out = &call->out;
    enum grpc_mode mode = call->mode;

    if (mode == GRPC_TWICE) {
        ht_autofree char *copy = ht_strndup(out->data, out->len);

        ht_buf_add(out, copy, out->len);
    } else if (mode == GRPC_NO_MESSAGE) {
        ht_buf_reset(out);
    } else if (mode == GRPC_SHORT) {
        replace(out, 0, 100, "less");
    } else if (mode == GRPC_COMPRESSED) {
        replace(out, 1, 4, "zzzz");
    } else if (mode == GRPC_FLAGS) {
        replace(out, 0x82, 4, "zzzz");
    } else if (mode == GRPC_HUGE) {
        replace(out, 0, UINT32_MAX, "and so on");
    } else if (mode == GRPC_HTTP || mode == GRPC_HTML) {
        ht_buf_reset(out);
        ht_buf_add_text(out, page);
    }
}

static bool stops_midway(enum grpc_mode mode)
{
    return mode == GRPC_STALL || mode == GRPC_CUT || mode == GRPC_RESET;
}

static void answer_call(struct call *call, const struct answer *answer)
{
    struct grpc_peer *peer = call->connection->peer;
    bool page = call->mode == GRPC_HTTP || call->mode == GRPC_HTML;

    if (!answer) {
        submit_status(call, "12", "unknown method");
        return;
    }
    if (call->mode == GRPC_STATUS) {
        submit_status(call, peer->status, peer->message);
        return;
    }
    ht_buf_add(&call->out, answer->data, answer->len);
    spoil(call);
    call->status = page || call->mode == GRPC_NO_STATUS ? NULL : "0";
    if (call->mode == GRPC_TRAILERS) {
        call->status = peer->status;
        call->message = peer->message;
    }
    call->streaming = answer->stream;
    call->ended = !stops_midway(call->mode) && !answer->stream;
    if (stops_midway(call->mode))
        call->half = call->out.len / 2;
    if (call->streaming) {
        peer->streams++;
        pthread_cond_broadcast(&peer->changed);
    }
    submit_headers(call, call->mode == GRPC_HTTP ? "503" : "200",
                   page ? "text/html" : "application/grpc");
}

static void begin_answer(struct call *call)
{
    struct connection *c = call->connection;
    struct grpc_peer *peer = c->peer;
    static const char nonsense[] = "this is no HTTP/2 at all, and never will be one";

    if (call->started)
        return;
    call->started = true;
    pthread_mutex_lock(&peer->lock);
    ht_vec_add(&peer->called, ht_strndup(call->path.data, call->path.len));
    pthread_cond_broadcast(&peer->changed);
    if (call->mode == GRPC_DROP) {
        c->closing = true;
    } else if (call->mode == GRPC_REFUSE) {
        nghttp2_submit_rst_stream(c->session, 0, call->id, NGHTTP2_REFUSED_STREAM);
    } else if (call->mode == GRPC_NONSENSE) {
        c->closing = send(c->fd, nonsense, sizeof(nonsense), MSG_NOSIGNAL) < 0;
        c->raw = true;
    } else if (call->mode != GRPC_MUTE) {
        answer_call(call, find_answer(peer, call));
    }
    pthread_mutex_unlock(&peer->lock);
}

/* --- callbacks of the library ------------------------------------------------------------------
 */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct connection *c = context;
    struct call *call;

    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    call = ht_new0(struct call);
    call->connection = c;
    call->id = frame->hd.stream_id;
    call->half = SIZE_MAX;
    ht_buf_init(&call->path, 1000);
    ht_buf_init(&call->asked, BODY_MAX);
    ht_buf_init(&call->out, BODY_MAX);
    pthread_mutex_lock(&c->peer->lock);
    call->mode = c->peer->mode;
    pthread_mutex_unlock(&c->peer->lock);
    call->next = c->calls;
    c->calls = call;
    nghttp2_session_set_stream_user_data(session, call->id, call);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *context)
{
    struct call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)flags;
    (void)context;
    if (!call)
        return 0;
    if (name_len == 5 && memcmp(name, ":path", 5) == 0) {
        ht_buf_add(&call->path, value, value_len);
        return 0;
    }
    ht_buf_add(&call->asked, name, name_len);
    ht_buf_add_text(&call->asked, ": ");
    ht_buf_add(&call->asked, value, value_len);
    ht_buf_add_c(&call->asked, '\n');
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *context)
{
    struct call *call = nghttp2_session_get_stream_user_data(session, id);

    (void)flags;
    (void)context;
    if (call)
        ht_buf_add(&call->asked, data, len);
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)context;
    if (!call || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && call->mode == GRPC_EARLY) {
        call->started = true;
        submit_status(call, "12", "unknown service");
        nghttp2_submit_rst_stream(session, 0, call->id, NGHTTP2_NO_ERROR);
    }
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        begin_answer(call);
    return 0;
}

static void free_call(struct call *call)
{
    ht_buf_fini(&call->path);
    ht_buf_fini(&call->asked);
    ht_buf_fini(&call->out);
    free(call);
}

static void forget_call(struct connection *c, struct call *call)
{
    struct call **at = &c->calls;

    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    if (call->streaming) {
        pthread_mutex_lock(&c->peer->lock);
        c->peer->streams--;
        pthread_mutex_unlock(&c->peer->lock);
    }
    free_call(call);
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *context)
{
    struct connection *c = context;
    struct call *call = nghttp2_session_get_stream_user_data(session, id);

    (void)code;
    if (call)
        forget_call(c, call);
    return 0;
}

/* --- connections -------------------------------------------------------------------------------
 */

static void open_connection(struct grpc_peer *peer, struct connection *c, int fd)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;

    *c = (struct connection){.peer = peer, .fd = fd};
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option_new(&option);
    nghttp2_option_set_max_send_header_block_length(option, BODY_MAX);
    nghttp2_session_server_new2(&c->session, callbacks, c, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(c->session, 0, NULL, 0);
}

static void close_connection(struct connection *c)
{
    while (c->calls)
        forget_call(c, c->calls);
    nghttp2_session_del(c->session);
    close(c->fd);
    c->fd = -1;
}

/* After the half that is sent, what the mode has for it. */
static void end_midway(struct connection *c)
{
    for (struct call *call = c->calls; call; call = call->next) {
        if (!call->started || call->sent < call->half)
            continue;
        if (call->mode == GRPC_CUT)
            c->closing = true;
        if (call->mode == GRPC_RESET) {
            call->half = SIZE_MAX;
            nghttp2_submit_rst_stream(c->session, 0, call->id, NGHTTP2_INTERNAL_ERROR);
        }
    }
}

static void send_all(struct connection *c)
{
    for (;;) {
        const uint8_t *data = NULL;
        ssize_t n = c->raw ? 0 : nghttp2_session_mem_send(c->session, &data);

        if (n <= 0)
            return;
        /* The client always reads, or has gone; a stop does not wait for it. */
        while (n > 0) {
            ssize_t sent = send(c->fd, data, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
            struct pollfd room[2] = {{.fd = c->fd, .events = POLLOUT},
                                     {.fd = c->peer->wake, .events = POLLIN}};

            if (sent < 0 && errno == EAGAIN) {
                poll(room, 2, -1);
                if (!room[1].revents)
                    continue;
            }
            if (sent < 0) {
                c->closing = true;
                return;
            }
            data += sent;
            n -= sent;
        }
    }
}

static void serve_raw(struct connection *c)
{
    static const char text[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

    if (send(c->fd, text, sizeof(text) - 1, MSG_NOSIGNAL) < 0)
        c->closing = true;
}

static void serve(struct connection *c)
{
    uint8_t bytes[READ_MAX];
    ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);
    bool http1;

    if (n <= 0) {
        c->closing = true;
        return;
    }
    pthread_mutex_lock(&c->peer->lock);
    http1 = c->peer->mode == GRPC_HTTP1;
    pthread_mutex_unlock(&c->peer->lock);
    if (http1) {
        c->raw = true;
        serve_raw(c);
    } else if (!c->raw && nghttp2_session_mem_recv(c->session, bytes, (size_t)n) < 0) {
        c->closing = true;
    }
}

static void serve_pushes(struct grpc_peer *peer, struct connection *c)
{
    for (struct call *call = c->calls; call; call = call->next) {
        if (!call->streaming)
            continue;
        ht_buf_add_str(&call->out, ht_buf_str(&peer->pushed));
        call->ended = call->ended || peer->end_streams;
        if (call->waiting) {
            call->waiting = false;
            nghttp2_session_resume_data(c->session, call->id);
        }
    }
}

/* Takes what other threads told. False: to end. */
static bool take_orders(struct grpc_peer *peer)
{
    uint64_t count = 0;
    bool stop;

    while (read(peer->wake, &count, sizeof(count)) < 0 && errno == EINTR)
        continue;
    pthread_mutex_lock(&peer->lock);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (peer->connections[i].fd >= 0) {
            serve_pushes(peer, &peer->connections[i]);
            peer->connections[i].closing |= peer->disconnect;
        }
    ht_buf_reset(&peer->pushed);
    peer->end_streams = peer->disconnect = false;
    stop = peer->stop;
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->lock);
    return !stop;
}

static void take_connection(struct grpc_peer *peer)
{
    int fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);

    for (size_t i = 0; fd >= 0 && i < CONNECTIONS_MAX; i++) {
        if (peer->connections[i].fd >= 0)
            continue;
        open_connection(peer, &peer->connections[i], fd);
        fd = -1;
        pthread_mutex_lock(&peer->lock);
        peer->accepted++;
        pthread_mutex_unlock(&peer->lock);
    }
    if (fd >= 0)
        close(fd);
}

static void *run(void *context)
{
    struct grpc_peer *peer = context;
    bool going = true;

    while (going) {
        struct pollfd fds[CONNECTIONS_MAX + 2] = {{.fd = peer->listener, .events = POLLIN},
                                                  {.fd = peer->wake, .events = POLLIN}};

        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
            fds[i + 2] = (struct pollfd){.fd = peer->connections[i].fd, .events = POLLIN};
        poll(fds, ARRAY_LEN(fds), -1);
        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
            if (fds[i + 2].revents)
                serve(&peer->connections[i]);
        if (fds[1].revents)
            going = take_orders(peer);
        for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
            struct connection *c = &peer->connections[i];

            if (c->fd < 0)
                continue;
            send_all(c);
            end_midway(c);
            send_all(c);
            if (c->closing)
                close_connection(c);
        }
        if (fds[0].revents)
            take_connection(peer);
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (peer->connections[i].fd >= 0)
            close_connection(&peer->connections[i]);
    return NULL;
}

/* --- for the test ------------------------------------------------------------------------------
 */

static void wake(struct grpc_peer *peer)
{
    uint64_t one = 1;

    if (write(peer->wake, &one, sizeof(one)) != sizeof(one))
        give_up("wake");
}

struct grpc_peer *grpc_peer_start(void)
{
    struct grpc_peer *peer = ht_new0(struct grpc_peer);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *tmp = getenv("TMPDIR");

    pthread_mutex_init(&peer->lock, NULL);
    pthread_cond_init(&peer->changed, NULL);
    ht_buf_init(&peer->pushed, BODY_MAX);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        peer->connections[i].fd = -1;
    snprintf(peer->directory, sizeof(peer->directory), "%s/grpc.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(peer->directory))
        give_up(peer->directory);
    snprintf(peer->socket, sizeof(peer->socket), "%s/socket", peer->directory);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", peer->socket);
    peer->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    peer->wake = eventfd(0, EFD_CLOEXEC);
    if (bind(peer->listener, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(peer->listener, CONNECTIONS_MAX) < 0 || peer->wake < 0 ||
        pthread_create(&peer->thread, NULL, run, peer) != 0)
        give_up(peer->socket);
    return peer;
}

void grpc_peer_stop(struct grpc_peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    peer->stop = true;
    wake(peer);
    pthread_mutex_unlock(&peer->lock);
    pthread_join(peer->thread, NULL);
    for (size_t i = 0; i < peer->answers.len; i++) {
        struct answer *answer = peer->answers.items[i];

        free(answer->path);
        free(answer->match);
        free(answer->data);
        free(answer);
    }
    for (size_t i = 0; i < peer->called.len; i++)
        free(peer->called.items[i]);
    ht_vec_fini(&peer->answers);
    ht_vec_fini(&peer->called);
    ht_buf_fini(&peer->pushed);
    close(peer->listener);
    close(peer->wake);
    unlink(peer->socket);
    rmdir(peer->directory);
    free(peer);
}

const char *grpc_peer_socket(const struct grpc_peer *peer)
{
    return peer->socket;
}

void grpc_peer_mode(struct grpc_peer *peer, enum grpc_mode mode)
{
    pthread_mutex_lock(&peer->lock);
    peer->mode = mode;
    pthread_mutex_unlock(&peer->lock);
}

void grpc_peer_status(struct grpc_peer *peer, const char *status, const char *message)
{
    pthread_mutex_lock(&peer->lock);
    peer->status = status;
    peer->message = message;
    pthread_mutex_unlock(&peer->lock);
}

static void add_answer(struct grpc_peer *peer, struct answer answer)
{
    struct answer *copy = ht_new0(struct answer);

    *copy = answer;
    pthread_mutex_lock(&peer->lock);
    ht_vec_add(&peer->answers, copy);
    pthread_mutex_unlock(&peer->lock);
}

void grpc_peer_answer(struct grpc_peer *peer, const char *path, const char *match,
                      struct ht_str framed)
{
    add_answer(peer, (struct answer){.path = ht_strndup(path, strlen(path)),
                                     .match = match ? ht_strndup(match, strlen(match)) : NULL,
                                     .data = ht_strndup(framed.data, framed.len),
                                     .len = framed.len});
}

void grpc_peer_stream(struct grpc_peer *peer, const char *path)
{
    add_answer(peer, (struct answer){.path = ht_strndup(path, strlen(path)),
                                     .data = ht_strndup("", 0),
                                     .stream = true});
}

void grpc_peer_push(struct grpc_peer *peer, struct ht_str framed)
{
    pthread_mutex_lock(&peer->lock);
    while (!peer->streams)
        pthread_cond_wait(&peer->changed, &peer->lock);
    ht_buf_add_str(&peer->pushed, framed);
    wake(peer);
    while (peer->pushed.len)
        pthread_cond_wait(&peer->changed, &peer->lock);
    pthread_mutex_unlock(&peer->lock);
}

void grpc_peer_end_streams(struct grpc_peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    peer->end_streams = true;
    wake(peer);
    while (peer->end_streams)
        pthread_cond_wait(&peer->changed, &peer->lock);
    pthread_mutex_unlock(&peer->lock);
}

void grpc_peer_disconnect(struct grpc_peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    peer->disconnect = true;
    wake(peer);
    while (peer->disconnect)
        pthread_cond_wait(&peer->changed, &peer->lock);
    pthread_mutex_unlock(&peer->lock);
}

static unsigned count_calls(const struct grpc_peer *peer, const char *path)
{
    unsigned count = 0;

    for (size_t i = 0; i < peer->called.len; i++)
        count += !path[0] || strcmp(peer->called.items[i], path) == 0;
    return count;
}

unsigned grpc_peer_calls(struct grpc_peer *peer, const char *path)
{
    pthread_mutex_lock(&peer->lock);
    unsigned count = count_calls(peer, path);
    pthread_mutex_unlock(&peer->lock);
    return count;
}

unsigned grpc_peer_connections(struct grpc_peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    unsigned count = peer->accepted;
    pthread_mutex_unlock(&peer->lock);
    return count;
}

void grpc_peer_wait_calls(struct grpc_peer *peer, const char *path, unsigned more_than)
{
    pthread_mutex_lock(&peer->lock);
    while (count_calls(peer, path) <= more_than)
        pthread_cond_wait(&peer->changed, &peer->lock);
    pthread_mutex_unlock(&peer->lock);
}
