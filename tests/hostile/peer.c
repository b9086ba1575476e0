/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The misbehaving peer: an HTTP/1.1 server of recorded answers that can be made to fail in every
 * way a daemon fails, while it runs.
 *
 *   peer --socket PATH | --tcp       listen there (--tcp: loopback, any port)
 *        [--control PATH]            a unix socket for commands, see below
 *        [--answers DIR]             DIR/map has lines "TARGET FILE [STATUS]"; FILE is below DIR
 *        [--recorded FILE]           sections "### GET TARGET" with the raw answer below each
 *        [--events FILE]             lines a new /events stream gets at once
 *        [--api MAX [--api-min MIN]] answer /_ping, check the version in /vX.Y/... [1.41, 1.12]
 *        [--owner UID]               listen as this user; behind the address
 *        [--mode MODE [ARG]]         how it begins [ok]
 *        [--grants FILE]             as a Kubernetes API that grants its lines "VERB GROUP
 * RESOURCE" (the core group is "core") and no more; says so on standard error
 *        [--stay]                    outlive the parent process
 *
 * It prints "ready" (--tcp: "ready PORT") once it listens. TARGET is a path, "?QUERY" included or
 * not, without the version in front; one that ends in "*" is a prefix. The longest match wins. What
 * has no answer is a 404 in Docker's words. FILE "*.http" is sent as it is, headers included.
 *
 * Modes (of everything, or of targets that begin with a prefix):
 *   ok             the recorded answer           chunked        the same in chunks of 7 bytes
 *   mute           never answers                 stall          stops in the middle of the body
 *   drip MS        a byte every MS ms            cut            closes in the middle of the body
 *   drop           closes without an answer      bare           closes after an unannounced end
 *   close          "Connection: close"           gone           closes a kept connection silently
 *   oversize       announces 10 GB, sends on     endless        chunks for ever
 *   headers        headers for ever              html           200 with a web page
 *   nonsense       bytes that are not HTTP       badchunk       chunks with a broken length
 *   short          announces one byte too few    long           announces more, then says nothing
 *   status N       an error of that status       longline       a line that does not end
 *   deaf           accepts no connection any more (of everything only)
 *
 * A request that is held up goes on as soon as the mode changes, as with a daemon that was stopped.
 * /events is held open and gets what "event" sends; only "ok" of it is such a stream.
 *
 * Commands, one a line; each is answered by a line "ok", or "bad" and why:
 *   mode MODE [ARG]           fault PREFIX MODE [ARG]  ("ok" heals it)
 *   map TARGET FILE           event LINE               cut-events
 *   requests (the request lines since the last time, then "ok")
 *   connections ("N", then "ok": accepted so far)      quit
 */
#include "peer.h"

#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

static const char *const mode_names[] = {
    [OK] = "ok",           [CHUNKED] = "chunked", [MUTE] = "mute",         [STALL] = "stall",
    [DRIP] = "drip",       [CUT] = "cut",         [DROP] = "drop",         [BARE] = "bare",
    [CLOSE] = "close",     [GONE] = "gone",       [OVERSIZE] = "oversize", [ENDLESS] = "endless",
    [HEADERS] = "headers", [HTML] = "html",       [NONSENSE] = "nonsense", [BADCHUNK] = "badchunk",
    [SHORT] = "short",     [LONG] = "long",       [STATUS] = "status",     [LONGLINE] = "longline",
    [DEAF] = "deaf",
};

/* --- commands ----------------------------------------------------------------------------------
 */

static bool parse_behaviour(struct ht_str name, struct ht_str argument, struct behaviour *ret_how)
{
    for (size_t i = 0; i < ARRAY_LEN(mode_names); i++) {
        if (!ht_str_is(name, mode_names[i]))
            continue;
        *ret_how = (struct behaviour){.mode = (enum mode)i};
        return !argument.len || ht_parse_u64(argument, &ret_how->argument) == 0;
    }
    return false;
}

static void add_event(struct peer *peer, struct ht_str line)
{
    ht_vec_add(&peer->events, ht_strndup(line.data, line.len));
}

static bool set_fault(struct peer *peer, struct ht_str prefix, struct behaviour how)
{
    for (size_t i = 0; i < peer->faults.len; i++) {
        struct fault *f = peer->faults.items[i];

        if (ht_str_is(prefix, f->prefix)) {
            f->how = how;
            return true;
        }
    }

    struct fault *f = ht_new0(struct fault);

    f->prefix = ht_strndup(prefix.data, prefix.len);
    f->how = how;
    ht_vec_add(&peer->faults, f);
    return true;
}

static bool obey(struct peer *peer, struct ht_str line, struct ht_buf *out)
{
    struct ht_str rest = line;
    struct ht_str what = peer_word(&rest);
    struct ht_str first = HT_STR("");
    struct behaviour how = {.mode = OK};

    if (ht_str_is(what, "quit"))
        _exit(0);
    if (ht_str_is(what, "event")) {
        add_event(peer, ht_str_trim(rest));
    } else if (ht_str_is(what, "cut-events")) {
        peer->events_cut++;
    } else if (ht_str_is(what, "requests")) {
        ht_buf_add_str(out, ht_buf_str(&peer->requests));
        ht_buf_reset(&peer->requests);
    } else if (ht_str_is(what, "connections")) {
        ht_buf_addf(out, "%u\n", peer->connections);
    } else if (ht_str_is(what, "token")) {
        rest = ht_str_trim(rest);
        free(peer->token);
        peer->token = rest.len ? ht_strndup(rest.data, rest.len) : NULL;
    } else if (ht_str_is(what, "map")) {
        first = peer_word(&rest);
        rest = ht_str_trim(rest);

        ht_autofree char *file = ht_strndup(rest.data, rest.len);

        return peer_add_file(peer, first, file, 200);
    } else if (ht_str_is(what, "mode") || ht_str_is(what, "fault")) {
        struct ht_str prefix = ht_str_is(what, "fault") ? peer_word(&rest) : HT_S("");

        first = peer_word(&rest);
        if (!parse_behaviour(first, peer_word(&rest), &how))
            return false;
        if (ht_str_is(what, "fault"))
            set_fault(peer, prefix, how);
        else
            peer->how = how;
        peer->generation++;
    } else {
        return false;
    }
    return true;
}

/* One client of the control socket at a time is enough. */
static void *control(void *context)
{
    struct peer *peer = context;

    for (;;) {
        ht_autoclose int fd = accept4(peer->control, NULL, NULL, SOCK_CLOEXEC);
        ht_autobuf struct ht_buf in = HT_BUF(REQUEST_MAX);
        char block[4096];
        ssize_t n = 0;

        while (fd >= 0 && (n = recv(fd, block, sizeof(block), 0)) > 0) {
            ptrdiff_t end;

            ht_buf_add(&in, block, (size_t)n);
            while ((end = ht_str_find_byte(ht_buf_str(&in), '\n')) >= 0) {
                ht_autobuf struct ht_buf out = HT_BUF(LOG_MAX);
                bool good;

                pthread_mutex_lock(&peer->lock);
                good = obey(peer, ht_str_sub(ht_buf_str(&in), 0, (size_t)end), &out);
                pthread_cond_broadcast(&peer->changed);
                pthread_mutex_unlock(&peer->lock);
                ht_buf_add_text(&out, good ? "ok\n" : "bad command\n");
                peer_send(fd, ht_buf_str(&out).data, out.len);
                memmove(in.data, in.data + end + 1, in.len - (size_t)end);
                in.len -= (size_t)end + 1;
            }
        }
    }
    return NULL;
}

/* --- start -------------------------------------------------------------------------------------
 */

static int listen_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path))
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1);
    unlink(path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 16) < 0)
        return -1;
    return fd;
}

/* Who listens is who did so last. */
static bool listen_as(int listener, const char *uid)
{
    uint64_t number;

    return ht_parse_u64(ht_str_from(uid), &number) == 0 && seteuid((uid_t)number) == 0 &&
           listen(listener, 16) == 0 && seteuid(getuid()) == 0;
}

static int listen_tcp(unsigned *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (const struct sockaddr *)&address, len) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        return -1;
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static bool spawn(void *(*run)(void *), void *context)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, context))
        return false;
    pthread_detach(thread);
    return true;
}

static void accept_for_ever(struct peer *peer)
{
    for (;;) {
        struct connection *c;
        int fd;

        pthread_mutex_lock(&peer->lock);
        while (peer->how.mode == DEAF)
            pthread_cond_wait(&peer->changed, &peer->lock);
        pthread_mutex_unlock(&peer->lock);
        fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        pthread_mutex_lock(&peer->lock);
        peer->connections++;
        pthread_mutex_unlock(&peer->lock);
        c = ht_new0(struct connection);
        *c = (struct connection){.peer = peer, .fd = fd};
        if (!spawn(peer_serve, c)) {
            close(fd);
            free(c);
        }
    }
}

static bool load_events(struct peer *peer, const char *file)
{
    ht_autobuf struct ht_buf bytes = HT_BUF(FILE_MAX);
    struct ht_str rest, line;

    if (ht_read_at(AT_FDCWD, file, &bytes, FILE_MAX, NULL) < 0)
        return false;
    rest = ht_buf_str(&bytes);
    while (ht_str_next(&rest, '\n', &line))
        add_event(peer, line);
    peer->first_events = peer->events.len;
    return true;
}

static bool parse_api(const char *text, uint64_t *ret_minor)
{
    return strncmp(text, "1.", 2) == 0 && ht_parse_u64(ht_str_from(text + 2), ret_minor) == 0;
}

static bool set_option(struct peer *peer, int option, const char *value, unsigned *ret_port)
{
    switch (option) {
    case 's':
        peer->listener = listen_unix(value);
        return peer->listener >= 0;
    case 't':
        peer->listener = listen_tcp(ret_port);
        return peer->listener >= 0;
    case 'c':
        peer->control = listen_unix(value);
        return peer->control >= 0;
    case 'a':
        return peer_add_map(peer, value);
    case 'r':
        return peer_add_recorded(peer, value);
    case 'e':
        return load_events(peer, value);
    case 'A':
        peer->api_min = peer->api_min ? peer->api_min : 12;
        return parse_api(value, &peer->api_max);
    case 'I':
        return parse_api(value, &peer->api_min);
    case 'g':
        return peer_add_grants(peer, value);
    case 'o':
        return listen_as(peer->listener, value);
    case 'm':
        return parse_behaviour(ht_str_from(value), HT_S(""), &peer->how);
    case 'S':
        return prctl(PR_SET_PDEATHSIG, 0) == 0;
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"socket", required_argument, NULL, 's'},
        {"tcp", no_argument, NULL, 't'},
        {"control", required_argument, NULL, 'c'},
        {"answers", required_argument, NULL, 'a'},
        {"recorded", required_argument, NULL, 'r'},
        {"events", required_argument, NULL, 'e'},
        {"api", required_argument, NULL, 'A'},
        {"api-min", required_argument, NULL, 'I'},
        {"mode", required_argument, NULL, 'm'},
        {"grants", required_argument, NULL, 'g'},
        {"stay", no_argument, NULL, 'S'},
        {"owner", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    struct peer peer = {.listener = -1, .control = -1, .requests = HT_BUF(LOG_MAX)};
    pthread_condattr_t monotonic;
    unsigned port = 0;
    int option;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pthread_mutex_init(&peer.lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&peer.changed, &monotonic);
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!set_option(&peer, option, optarg, &port)) {
            fprintf(stderr, "peer: bad option or value: %s\n", optarg ? optarg : argv[optind - 1]);
            return 2;
        }
    }
    if (optind < argc && !ht_parse_u64(ht_str_from(argv[optind]), &peer.how.argument))
        optind++;
    if (peer.listener < 0 || optind < argc) {
        fprintf(stderr, "peer: see the head of peer.c for its usage\n");
        return 2;
    }
    if (peer.control >= 0 && !spawn(control, &peer))
        return 1;
    if (port)
        printf("ready %u\n", port);
    else
        printf("ready\n");
    fflush(stdout);
    accept_for_ever(&peer);
    return 0;
}
