/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a key to its paint while an API server gives all it has.
 *
 *   keytime PODLIST SECONDS FOLDER COMMAND...
 *
 * Serves the list on the loopback, in pages: it is read, then watched for six seconds with 100
 * events a second, then too old and read again, and so on. The command runs on a terminal of its
 * own with --kubeconfig FOLDER/kubeconfig --node node-1 added; characters are typed into its filter
 * and taken back. Prints "keys N p50_us N p99_us N max_us N pods N events N", of the time of the
 * keys.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/str.h"

enum {
    PAGE = 250,
    REQUEST_MAX = 16 * 1024,
    ANSWER_MAX = 64 * 1024 * 1024,
    EVENTS = 600, /* of one watch: six seconds, after which another may be opened at once */
    EVENT_MS = 10,
    KEYS_MAX = 10000,
    KEY_MS = 50,    /* between two, and up to as much again */
    LATE_MS = 5000, /* a key whose paint does not come */
    SETTLE_MS = 2000,
    GIVE_UP_MS = 60000,
};

static struct ht_str list;  /* the file */
static struct ht_str *pods; /* items of it */
static size_t pods_len;
static atomic_size_t pods_served, events_served;

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "keytime: %s\n", what);
    _exit(1);
}

static int64_t now_us(void)
{
    return ht_clock_mono(ht_clock_system()) / 1000;
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* ---- the list ---- */

static void read_list(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        give_up("no list");
    list.data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (list.data == MAP_FAILED)
        give_up("no list");
    list.len = (size_t)st.st_size;
    close(fd);
}

/* Where the items begin and end: its own generator's list has no escape in a text. */
static void split_list(void)
{
    ptrdiff_t at = ht_str_find(list, HT_S("\"items\":["), 0);
    unsigned depth = 0;
    size_t start = 0, room = 0;
    bool text = false;

    for (size_t i = (size_t)at + sizeof("\"items\":[") - 1; at >= 0 && i < list.len; i++) {
        char c = list.data[i];

        if (c == '"')
            text = !text;
        if (text || (c != '{' && c != '}'))
            continue;
        if (c == '{' && depth++ == 0)
            start = i;
        if (c == '}' && depth == 0)
            return;
        if (c == '}' && --depth == 0) {
            if (pods_len == room) {
                room = room ? room * 2 : 1024;
                pods = ht_realloc(pods, room, sizeof(*pods));
            }
            pods[pods_len++] = ht_str_sub(list, start, i + 1 - start);
        }
    }
}

/* ---- the server ---- */

static bool send_all(int fd, struct ht_str text)
{
    while (text.len) {
        ssize_t n = send(fd, text.data, text.len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        text = ht_str_sub(text, (size_t)n, text.len);
    }
    return true;
}

static bool answer(int fd, unsigned status, struct ht_str begin, struct ht_str rest)
{
    char head[200];

    snprintf(head, sizeof(head),
             "HTTP/1.1 %u x\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
             status, begin.len + rest.len);
    return send_all(fd, ht_str_from(head)) && send_all(fd, begin) && send_all(fd, rest);
}

static bool answer_page(int fd, const char *target)
{
    const char *more = strstr(target, "continue=");
    uint64_t first = 0;
    char begin[200], next[60] = "";

    if (more) {
        struct ht_str text = ht_str_from(more + sizeof("continue=") - 1);

        ht_parse_u64(ht_str_sub(text, 0, strspn(text.data, "0123456789")), &first);
    }
    if (first >= pods_len)
        return answer(fd, 404, HT_S(""), HT_S(""));
    size_t last = first + PAGE < pods_len ? first + PAGE : pods_len;
    if (last < pods_len)
        snprintf(next, sizeof(next), ",\"continue\":\"%zu\"", last);
    snprintf(
        begin, sizeof(begin),
        "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"9\"%s},"
        "\"items\":[",
        next);

    const char *from = pods[first].data, *to = pods[last - 1].data + pods[last - 1].len;
    ht_autobuf struct ht_buf items = HT_BUF(ANSWER_MAX);
    ht_buf_add(&items, from, (size_t)(to - from));
    ht_buf_add_text(&items, "]}");
    atomic_fetch_add(&pods_served, last - first);
    return answer(fd, 200, ht_str_from(begin), ht_buf_str(&items));
}

static bool send_chunk(int fd, struct ht_str text)
{
    char head[20];

    snprintf(head, sizeof(head), "%zx\r\n", text.len);
    return send_all(fd, ht_str_from(head)) && send_all(fd, text) && send_all(fd, HT_S("\r\n"));
}

/* A pod with a label that it did not have before. */
static bool send_event(int fd, size_t number)
{
    struct ht_str pod = pods[number * 7919 % pods_len];
    ptrdiff_t label = ht_str_find(pod, HT_S("\"tier\":\"web\""), 0);
    ht_autobuf struct ht_buf line = HT_BUF(ANSWER_MAX);
    size_t split = label < 0 ? 0 : (size_t)label + sizeof("\"tier\":\"") - 1;

    ht_buf_add_text(&line, "{\"type\":\"MODIFIED\",\"object\":");
    ht_buf_add_str(&line, ht_str_sub(pod, 0, split));
    ht_buf_addf(&line, "%03zu", number % 1000);
    ht_buf_add_str(&line, ht_str_sub(pod, split + 3, pod.len));
    ht_buf_add_text(&line, "}\n");
    atomic_fetch_add(&events_served, 1);
    return send_chunk(fd, ht_buf_str(&line));
}

static bool answer_watch(int fd)
{
    static const char head[] =
        "HTTP/1.1 200 x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char old[] = "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,"
                              "\"message\":\"too old resource version\"}}\n";
    bool good = send_all(fd, HT_S(head));

    for (unsigned i = 0; good && i < EVENTS; i++) {
        good = send_event(fd, atomic_load(&events_served));
        pause_ms(EVENT_MS);
    }
    return good && send_chunk(fd, HT_S(old)) && send_all(fd, HT_S("0\r\n\r\n"));
}

static bool serve_one(int fd, const char *target)
{
    static const char node[] =
        "{\"kind\":\"NodeList\",\"apiVersion\":\"v1\",\"metadata\":{},\"items\":"
        "[{\"metadata\":{\"name\":\"node-1\"},\"spec\":{},\"status\":{}}]}";

    if (strstr(target, "/api/v1/pods?"))
        return strstr(target, "watch=") ? answer_watch(fd) : answer_page(fd, target);
    if (strstr(target, "/api/v1/nodes?"))
        return answer(fd, 200, HT_S(node), HT_S(""));
    if (strcmp(target, "/version") == 0)
        return answer(fd, 200, HT_S("{\"gitVersion\":\"v1.36.0\"}"), HT_S(""));
    return answer(fd, 404, HT_S(""), HT_S(""));
}

static void *serve(void *argument)
{
    int fd = (int)(intptr_t)argument;
    char request[REQUEST_MAX];
    size_t len = 0;
    ssize_t n;

    while ((n = recv(fd, request + len, sizeof(request) - 1 - len, 0)) > 0) {
        len += (size_t)n;
        request[len] = '\0';
        if (!strstr(request, "\r\n\r\n"))
            continue;
        char *target = strchr(request, ' '), *end = target ? strchr(target + 1, ' ') : NULL;
        if (!end)
            break;
        *end = '\0';
        if (!serve_one(fd, target + 1))
            break;
        len = 0;
    }
    close(fd);
    return NULL;
}

static void *accept_all(void *argument)
{
    int listener = (int)(intptr_t)argument, fd;
    pthread_t thread;

    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) != 0)
            give_up("no thread");
        pthread_detach(thread);
    }
    return NULL;
}

/* Returns the port. */
static unsigned start_server(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pthread_t thread;

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, len) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0 ||
        pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)fd) != 0)
        give_up("no server");
    return ntohs(address.sin_port);
}

/* ---- the terminal ---- */

/* Reads until the byte comes (0: none does), or the time is over. */
static bool wait_for(int tty, char wanted, int64_t until_us)
{
    char bytes[16 * 1024];

    for (int64_t left = until_us - now_us(); left > 0; left = until_us - now_us()) {
        struct pollfd look = {.fd = tty, .events = POLLIN};

        if (poll(&look, 1, (int)(left / 1000) + 1) <= 0)
            continue;
        ssize_t n = read(tty, bytes, sizeof(bytes));
        if (n <= 0)
            give_up("the command ended");
        if (wanted && memchr(bytes, wanted, (size_t)n))
            return true;
    }
    return false;
}

static void type(int tty, char c)
{
    if (write(tty, &c, 1) != 1)
        give_up("the command does not read");
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Types a character and takes it back, again and again. Neighbours differ, so that each is painted
 * though the one before it was not taken back yet. */
static void measure(int tty, uint64_t seconds)
{
    static int64_t took[KEYS_MAX];
    size_t len = 0, served = atomic_load(&pods_served), events = atomic_load(&events_served);
    int64_t end = now_us() + (int64_t)seconds * 1000000;

    while (now_us() < end && len < KEYS_MAX) {
        int64_t start = now_us();
        char c = len % 2 ? '@' : '#';

        type(tty, c);
        wait_for(tty, c, start + LATE_MS * 1000);
        took[len++] = now_us() - start;
        type(tty, 0x7f);
        wait_for(tty, 0, now_us() + (KEY_MS + (int64_t)(len * 37 % KEY_MS)) * 1000);
    }
    qsort(took, len, sizeof(took[0]), compare);
    printf("keys %zu p50_us %lld p99_us %lld max_us %lld pods %zu events %zu\n", len,
           (long long)took[len / 2], (long long)took[len * 99 / 100], (long long)took[len - 1],
           atomic_load(&pods_served) - served, atomic_load(&events_served) - events);
}

static void write_config(const char *path, unsigned port)
{
    FILE *file = fopen(path, "we");

    if (!file ||
        fprintf(file,
                "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
                "clusters: [{name: c, cluster: {server: \"http://127.0.0.1:%u\"}}]\n"
                "users: [{name: u, user: {}}]\n",
                port) < 0 ||
        fclose(file) != 0)
        give_up("no kubeconfig");
}

static pid_t start(char **command, int count, char *config, int *tty)
{
    static char kubeconfig[] = "--kubeconfig", node[] = "--node", name[] = "node-1";
    struct winsize size = {.ws_row = 50, .ws_col = 160};
    char **arguments = ht_alloc0((size_t)count + 5, sizeof(*arguments));
    pid_t pid;

    memcpy(arguments, command, (size_t)count * sizeof(*arguments));
    arguments[count] = kubeconfig;
    arguments[count + 1] = config;
    arguments[count + 2] = node;
    arguments[count + 3] = name;
    setenv("TERM", "xterm-256color", 1);
    pid = forkpty(tty, NULL, NULL, &size);
    if (pid == 0) {
        execvp(arguments[0], arguments);
        _exit(127);
    }
    free(arguments);
    return pid;
}

int main(int argc, char **argv)
{
    uint64_t seconds = 0;
    char config[4096];
    int tty = -1;

    if (argc < 5 || ht_parse_u64(ht_str_from(argv[2]), &seconds) < 0) {
        fprintf(stderr, "usage: keytime PODLIST SECONDS FOLDER COMMAND...\n");
        return 2;
    }
    read_list(argv[1]);
    split_list();
    snprintf(config, sizeof(config), "%s/kubeconfig", argv[3]);
    write_config(config, start_server());

    pid_t pid = start(argv + 4, argc - 4, config, &tty);
    if (pid < 0)
        give_up("no terminal");
    for (int64_t until = now_us() + GIVE_UP_MS * 1000; atomic_load(&pods_served) < pods_len;) {
        if (now_us() >= until)
            give_up("the list was not read");
        wait_for(tty, 0, now_us() + 100000);
    }
    wait_for(tty, 0, now_us() + SETTLE_MS * 1000);
    type(tty, '/');
    wait_for(tty, 0, now_us() + SETTLE_MS * 1000 / 2);
    measure(tty, seconds);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return 0;
}
