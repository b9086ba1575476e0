/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/helper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "helper-private.h"

enum {
    IDLE_MAX = 2,      /* helpers kept for the next question */
    TIMEOUT_MS = 2000, /* of a question, all told */
    SPAWN_MS = 500,    /* the spawner gets, however little a question has left */
};

/* A busy machine makes a helper late, too: one that could be ended counts for so long. */
#define FORGIVE_NS (600 * HT_NS_PER_S)

static const uint64_t digest_max_bytes = UINT64_C(4) << 30;

struct helper {
    int socket;
    pid_t pid;
};

/* One that was given up; its socket tells when it has ended. */
struct strike {
    int socket;
    int64_t at_ns;
};

/* lock guards everything below it; it is held while a helper is forked, not while one looks. */
struct ht_spawner {
    pid_t pid;
    bool can_confine;
    pthread_mutex_t lock;
    int socket;
    struct helper idle[IDLE_MAX];
    size_t idle_len;
    struct strike strikes[HT_LIMIT_HELPERS];
    unsigned given_up; /* those */
    bool is_gone;      /* the spawner itself: the ability is off for the run */
};

struct ht_spawner *ht_spawner_start(struct ht_error *err)
{
    pid_t parent = getpid();
    struct ht_spawner *spawner;
    int pair[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        ht_error_errno(err, errno, "helpers: no socket");
        return NULL;
    }
    pid = fork();
    if (pid == 0)
        ht_helper_spawner_main(pair[1], parent);
    close(pair[1]);
    if (pid < 0) {
        ht_error_errno(err, errno, "helpers: no process");
        close(pair[0]);
        return NULL;
    }
    spawner = ht_new0(struct ht_spawner);
    spawner->pid = pid;
    spawner->socket = pair[0];
    spawner->can_confine = ht_root_can_confine();
    pthread_mutex_init(&spawner->lock, NULL);
    return spawner;
}

struct ht_spawner *ht_spawner_stop(struct ht_spawner *spawner)
{
    if (!spawner)
        return NULL;
    for (size_t i = 0; i < spawner->idle_len; i++)
        close(spawner->idle[i].socket);
    for (unsigned i = 0; i < spawner->given_up; i++)
        close(spawner->strikes[i].socket);
    close(spawner->socket);
    /* It touches no file of others, so it dies at once, and its helpers with it. */
    kill(spawner->pid, SIGKILL);
    while (waitpid(spawner->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    pthread_mutex_destroy(&spawner->lock);
    free(spawner);
    return NULL;
}

/* Whether the helper at the other end has ended, as one does that can be killed. */
static bool has_ended(int socket)
{
    struct pollfd look = {.fd = socket};

    return poll(&look, 1, 0) > 0 && (look.revents & POLLHUP);
}

/* With the lock held. */
static void forgive(struct ht_spawner *spawner, int64_t now_ns)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < spawner->given_up; i++) {
        struct strike *strike = &spawner->strikes[i];

        if (now_ns - strike->at_ns >= FORGIVE_NS && has_ended(strike->socket))
            close(strike->socket);
        else
            spawner->strikes[kept++] = *strike;
    }
    spawner->given_up = kept;
}

unsigned ht_helper_given_up_at(struct ht_spawner *spawner, int64_t now_ns)
{
    unsigned given_up;

    pthread_mutex_lock(&spawner->lock);
    forgive(spawner, now_ns);
    given_up = spawner->is_gone ? HT_LIMIT_HELPERS : spawner->given_up;
    pthread_mutex_unlock(&spawner->lock);
    return given_up;
}

unsigned ht_helper_given_up(struct ht_spawner *spawner)
{
    return ht_helper_given_up_at(spawner, ht_clock_mono(ht_clock_system()));
}

bool ht_helper_is_on(struct ht_spawner *spawner)
{
    return spawner->can_confine && ht_helper_given_up(spawner) < HT_LIMIT_HELPERS;
}

/* Waits until socket is readable; -ETIMEDOUT when the deadline has passed. */
static int wait_readable(int socket, int64_t deadline_ns)
{
    for (;;) {
        struct pollfd look = {.fd = socket, .events = POLLIN};
        int64_t left = deadline_ns - ht_clock_mono(ht_clock_system());
        int ready;

        if (left <= 0)
            return -ETIMEDOUT;
        ready = poll(&look, 1, (int)((left + HT_NS_PER_MS - 1) / HT_NS_PER_MS));
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return -errno;
    }
}

/* A question on its way, and what comes back. */
struct exchange {
    struct wire_request question;
    struct wire_answer reply;
    int root_fd;
    int attempt;         /* from 0 */
    int64_t deadline_ns; /* of all attempts, with the helpers that are forked for them */
};

/* With the lock held. */
static int fork_helper(struct ht_spawner *spawner, int64_t deadline_ns, struct helper *ret_helper,
                       struct ht_error *err)
{
    int64_t least = ht_clock_mono(ht_clock_system()) + SPAWN_MS * HT_NS_PER_MS;
    struct spawn_order order = {.kill = 0};
    struct spawned spawned = {.code = -EPIPE};
    ht_autoclose int socket = -1;
    int r = ht_helper_send_fd(spawner->socket, &order, sizeof(order), -1);

    if (r == 0)
        r = wait_readable(spawner->socket, deadline_ns > least ? deadline_ns : least);
    if (r == 0)
        r = ht_helper_receive_fd(spawner->socket, &spawned, sizeof(spawned), &socket);
    if (r < 0) {
        /* Answers would come to the wrong question from now on: the ability is off. */
        spawner->is_gone = true;
        return ht_error_errno(err, EHOSTDOWN, "helpers: the process that forks them is gone");
    }
    if (spawned.code < 0 || socket < 0)
        return ht_error_errno(err, spawned.code < 0 ? -spawned.code : EIO, "helpers: cannot fork");
    *ret_helper = (struct helper){.socket = ht_steal_fd(&socket), .pid = spawned.pid};
    return 0;
}

/* An idle helper, or past the first attempt a new one. */
static int take_helper(struct ht_spawner *spawner, const struct exchange *exchange,
                       struct helper *ret_helper, struct ht_error *err)
{
    int r = 0;

    if (!spawner->can_confine)
        return ht_error_set(err, ENOSYS,
                            "this kernel or sandbox has no openat2: looking into "
                            "containers is off");
    pthread_mutex_lock(&spawner->lock);
    forgive(spawner, ht_clock_mono(ht_clock_system()));
    if (spawner->is_gone)
        r = ht_error_set(err, EHOSTDOWN, "helpers: the process that forks them is gone");
    else if (spawner->given_up >= HT_LIMIT_HELPERS)
        r = ht_error_set(err, EHOSTDOWN,
                         "looking into containers is off: %u helpers hang (a file system that does "
                         "not answer?)",
                         spawner->given_up);
    else if (exchange->attempt == 0 && spawner->idle_len)
        *ret_helper = spawner->idle[--spawner->idle_len];
    else
        r = fork_helper(spawner, exchange->deadline_ns, ret_helper, err);
    pthread_mutex_unlock(&spawner->lock);
    return r;
}

static void return_helper(struct ht_spawner *spawner, struct helper helper)
{
    pthread_mutex_lock(&spawner->lock);
    if (spawner->idle_len < IDLE_MAX) {
        spawner->idle[spawner->idle_len++] = helper;
        helper.socket = -1;
    }
    pthread_mutex_unlock(&spawner->lock);
    if (helper.socket >= 0)
        close(helper.socket);
}

static void give_up(struct ht_spawner *spawner, struct helper helper, bool hangs)
{
    struct spawn_order order = {.kill = helper.pid};

    pthread_mutex_lock(&spawner->lock);
    if (hangs && spawner->given_up < HT_LIMIT_HELPERS)
        spawner->strikes[spawner->given_up++] = (struct strike){
            .socket = ht_steal_fd(&helper.socket), .at_ns = ht_clock_mono(ht_clock_system())};
    ht_helper_send_fd(spawner->socket, &order, sizeof(order), -1);
    pthread_mutex_unlock(&spawner->lock);
    if (helper.socket >= 0)
        close(helper.socket);
}

static int receive(int socket, void *data, size_t len, int64_t deadline_ns)
{
    char *to = data;

    while (len) {
        int r = wait_readable(socket, deadline_ns);
        ssize_t got = r < 0 ? -1 : recv(socket, to, len, MSG_DONTWAIT);

        if (r < 0)
            return r;
        if (got == 0)
            return -EPIPE;
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        if (got > 0) {
            to += got;
            len -= (size_t)got;
        }
    }
    return 0;
}

/* Sends the question and receives the answer as the helper gave it; failures are of the way. */
static int carry_out(struct exchange *exchange, const struct helper *helper,
                     struct ht_buf *ret_data)
{
    const struct wire_request *question = &exchange->question;
    struct wire_answer *reply = &exchange->reply;
    size_t room = 0;
    int r = ht_helper_send_fd(helper->socket, question, sizeof(*question),
                              question->pid ? -1 : exchange->root_fd);

    if (r == 0)
        r = receive(helper->socket, reply, sizeof(*reply), exchange->deadline_ns);
    if (r < 0)
        return r;
    /* A helper reads hostile bytes: what it says is checked like them. */
    if (reply->data_len > ret_data->max || reply->code > 0)
        return -EPROTO;
    reply->error.text[HT_ERROR_TEXT_MAX - 1] = '\0';

    char *to = ht_buf_room(ret_data, reply->data_len, &room);

    r = receive(helper->socket, to, room, exchange->deadline_ns);
    if (r == 0)
        ht_buf_grow(ret_data, room);
    return r;
}

static int fill_request(const struct ht_helper_request *request, struct wire_request *wire,
                        struct ht_error *err)
{
    size_t len = strlen(request->path);
    uint64_t max = request->max_bytes;

    if (len >= sizeof(wire->path))
        return ht_error_set(err, ENAMETOOLONG, "a path of %zu bytes", len);
    if (request->operation == HT_HELPER_DIGEST)
        max = max ? max : digest_max_bytes;
    else if (max == 0 || max > HT_LIMIT_FILE)
        max = HT_LIMIT_FILE;
    memset(wire, 0, sizeof(*wire));
    wire->operation = (int32_t)request->operation;
    wire->pid = request->pid;
    wire->start_time = request->start_time;
    wire->max_bytes = max;
    memcpy(wire->path, request->path, len);
    return 0;
}

static int no_answer(const struct ht_helper_request *request, int code, unsigned timeout_ms,
                     struct ht_error *err)
{
    if (code == -ETIMEDOUT)
        return ht_error_set(err, ETIMEDOUT,
                            "%s: no answer within %u ms; the helper that looks was given up",
                            request->path, timeout_ms);
    return ht_error_errno(err, EIO, "%s: the helper that looks has died (%d)", request->path,
                          -code);
}

int ht_helper_ask(struct ht_spawner *spawner, const struct ht_helper_request *request,
                  struct ht_helper_answer *answer, struct ht_error *err)
{
    unsigned timeout_ms = request->timeout_ms ? request->timeout_ms : TIMEOUT_MS;
    int64_t began = ht_clock_mono(ht_clock_system());
    struct exchange exchange = {.root_fd = request->root_fd,
                                .deadline_ns = began + timeout_ms * HT_NS_PER_MS};
    struct helper helper = {.socket = -1};
    int r = fill_request(request, &exchange.question, err);

    answer->data.max = HT_LIMIT_FILE;
    for (; r == 0 && exchange.attempt < 2; exchange.attempt++) {
        /* An idle helper may have died meanwhile; a new one gets a second chance. */
        r = take_helper(spawner, &exchange, &helper, err);
        if (r < 0)
            return r;
        ht_buf_reset(&answer->data);
        r = carry_out(&exchange, &helper, &answer->data);
        if (r == 0) {
            return_helper(spawner, helper);
            answer->stat = exchange.reply.stat;
            answer->cut = exchange.reply.cut;
            if (exchange.reply.code == 0)
                return 0;
            return ht_error_set(err, -exchange.reply.code, "%s", exchange.reply.error.text);
        }
        give_up(spawner, helper, r == -ETIMEDOUT);
        if (r == -ETIMEDOUT || exchange.attempt > 0)
            return no_answer(request, r, timeout_ms, err);
        r = 0;
    }
    return r;
}

void ht_helper_answer_fini(struct ht_helper_answer *answer)
{
    ht_buf_fini(&answer->data);
}
