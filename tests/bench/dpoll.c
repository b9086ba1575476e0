/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor of "which containers are privileged": list and inspects over one connection by plain
 * sockets, without a library and without a JSON tree.
 *
 *   dpoll SOCKET seq          one request after the other
 *   dpoll SOCKET pipe         32 requests on their way at once
 *   dpoll SOCKET both         pipe, and beside it on another thread what only the node can tell:
 *                             each file of /proc that the answer needs, read and thrown away
 *
 * Prints "WALL_US CPU_US CONTAINERS PRIVILEGED CONFINED", the last the processes in groups of
 * containers that were read ("both" alone).
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/base/str.h"

enum { WINDOW = 32, ANSWER_MAX = 64 * 1024 * 1024, ANSWER_READ = 65536, ID_LEN = 64 };

struct connection {
    int fd;
    struct ht_buf in; /* what came and was not used yet begins at used */
    size_t used;
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "dpoll: %s\n", what);
    _exit(1);
}

static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path))
        give_up("the path is too long");
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        give_up("nobody answers");
    return fd;
}

static void send_all(int fd, struct ht_str text)
{
    while (text.len) {
        ssize_t n = send(fd, text.data, text.len, MSG_NOSIGNAL);

        if (n <= 0)
            give_up("cannot send");
        text = ht_str_sub(text, (size_t)n, text.len);
    }
}

static void add_request(struct ht_buf *out, struct ht_str path)
{
    ht_buf_addf(out, "GET %.*s HTTP/1.1\r\nHost: d\r\n\r\n", HT_STR_ARG(path));
}

static void receive(struct connection *c)
{
    char block[ANSWER_READ];
    ssize_t n = recv(c->fd, block, sizeof(block), 0);

    if (n <= 0)
        give_up("closed");
    ht_buf_add(&c->in, block, (size_t)n);
}

static struct ht_str unused(const struct connection *c)
{
    return ht_str_sub(ht_buf_str(&c->in), c->used, c->in.len);
}

/* Takes what stands before the next end mark. */
static struct ht_str take_until(struct connection *c, struct ht_str mark)
{
    ptrdiff_t end;

    while ((end = ht_str_find(unused(c), mark, 0)) < 0)
        receive(c);

    struct ht_str text = ht_str_sub(unused(c), 0, (size_t)end);
    c->used += (size_t)end + mark.len;
    return text;
}

static struct ht_str take(struct connection *c, size_t len)
{
    while (unused(c).len < len)
        receive(c);

    struct ht_str text = ht_str_sub(unused(c), 0, len);
    c->used += len;
    return text;
}

static bool header_number(struct ht_str head, const char *name, uint64_t *ret_value)
{
    struct ht_str line;

    while (ht_str_next(&head, '\n', &line)) {
        ptrdiff_t colon = ht_str_find_byte(line, ':');

        if (colon > 0 && ht_str_is_nocase(ht_str_sub(line, 0, (size_t)colon), name))
            return ht_parse_u64(ht_str_trim(ht_str_sub(line, (size_t)colon + 1, line.len)),
                                ret_value) == 0;
    }
    return false;
}

/* The body of the next answer, copied into body. */
static void take_answer(struct connection *c, struct ht_buf *body)
{
    uint64_t len;

    ht_buf_reset(body);
    if (c->used == c->in.len) {
        ht_buf_reset(&c->in);
        c->used = 0;
    }

    struct ht_str head = take_until(c, HT_S("\r\n\r\n"));
    if (!ht_str_has_prefix(head, "HTTP/1.1 200"))
        give_up("not the answer that was asked for");
    if (header_number(head, "Content-Length", &len)) {
        ht_buf_add_str(body, take(c, len));
        return;
    }
    do {
        if (ht_parse_hex64(take_until(c, HT_S("\r\n")), &len) < 0)
            give_up("no chunk");
        ht_buf_add_str(body, take(c, len));
        take(c, 2);
    } while (len);
}

struct ids {
    char (*items)[ID_LEN];
    size_t len;
};

/* Entries begin with their id. */
static struct ids find_ids(struct ht_str list)
{
    const struct ht_str mark = HT_S("{\"Id\":\"");
    struct ids ids = {.items = ht_alloc0(list.len / ID_LEN + 1, ID_LEN)};

    for (ptrdiff_t at = ht_str_find(list, mark, 0); at >= 0;
         at = ht_str_find(list, mark, (size_t)at + 1)) {
        struct ht_str id = ht_str_sub(list, (size_t)at + mark.len, ID_LEN);

        if (id.len < ID_LEN || ht_str_find_byte(id, '"') >= 0)
            give_up("an id of another length");
        memcpy(ids.items[ids.len++], id.data, ID_LEN);
    }
    return ids;
}

static size_t count_privileged(struct connection *c, const struct ids *ids, size_t window)
{
    struct ht_buf body = HT_BUF(ANSWER_MAX), out = HT_BUF(ANSWER_MAX);
    size_t sent = 0, found = 0;

    for (size_t got = 0; got < ids->len; got++) {
        ht_buf_reset(&out);
        for (; sent < ids->len && sent < got + window; sent++) {
            char path[128];

            snprintf(path, sizeof(path), "/containers/%.64s/json", ids->items[sent]);
            add_request(&out, ht_str_from(path));
        }
        send_all(c->fd, ht_buf_str(&out));
        take_answer(c, &body);
        found += ht_str_find(ht_buf_str(&body), HT_S("\"Privileged\":true"), 0) >= 0;
    }
    ht_buf_fini(&body);
    ht_buf_fini(&out);
    return found;
}

/* ---- what only the node can tell ---- */

struct scan {
    int proc_fd;
    size_t confined;
    char text[ANSWER_READ];
};

/* What the kernel gives in one piece. */
static struct ht_str read_piece(struct scan *scan, int dir, const char *name)
{
    ht_autoclose int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, scan->text, sizeof(scan->text));

    return (struct ht_str){scan->text, n < 0 ? 0 : (size_t)n};
}

/* What comes by lines. */
static void read_lines(struct scan *scan, int dir, const char *name)
{
    ht_autoclose int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

    while (fd >= 0 && read(fd, scan->text, sizeof(scan->text)) > 0)
        continue;
}

static void read_link(struct scan *scan, int dir, const char *name)
{
    if (readlinkat(dir, name, scan->text, sizeof(scan->text)) < 0)
        return; /* what ends just now has none, and not everyone's is shown */
}

static int stat_device(void *context, const char *name, unsigned type, uint64_t inode)
{
    const int *dir = context;
    struct stat st;

    (void)inode;
    return type == DT_CHR && fstatat(*dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -1 : 0;
}

/* One process of a container: what it may do, where it stands, what it sees. */
static void read_confined(struct scan *scan, int dir)
{
    static const char *const links[] = {"ns/net", "ns/ipc", "ns/uts", "ns/user", "ns/cgroup", NULL};
    ht_autoclose int devices = openat(dir, "root/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct ht_dir_visitor visitor = {
        .visit = stat_device, .context = &devices, .max_entries = HT_LIMIT_ROWS};

    for (const char *const *name = links; *name; name++)
        read_link(scan, dir, *name);
    read_piece(scan, dir, "status");
    read_piece(scan, dir, "loginuid");
    read_lines(scan, dir, "mountinfo");
    read_lines(scan, dir, "net/packet");
    /* One that ends meanwhile, as those of others do, is not counted. */
    if (devices >= 0 && ht_list_fd(devices, &visitor, NULL) >= 0)
        scan->confined++;
}

static int read_process(void *context, const char *pid, unsigned type, uint64_t inode)
{
    struct scan *scan = context;

    (void)type;
    (void)inode;
    if (*pid < '0' || *pid > '9')
        return 0;

    ht_autoclose int dir = openat(scan->proc_fd, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || !read_piece(scan, dir, "stat").len)
        return 0;

    bool confined = ht_str_find(read_piece(scan, dir, "cgroup"), HT_S("/docker/"), 0) >= 0;
    if (!read_piece(scan, dir, "cmdline").len) /* the kernel's own */
        return 0;
    read_link(scan, dir, "exe");
    read_link(scan, dir, "ns/pid");
    read_link(scan, dir, "ns/mnt");
    if (confined)
        read_confined(scan, dir);
    return 0;
}

static void *read_processes(void *context)
{
    struct scan *scan = context;
    const struct ht_dir_visitor visitor = {
        .visit = read_process, .context = scan, .max_entries = HT_LIMIT_ROWS};
    struct ht_error err = {0};

    scan->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (scan->proc_fd < 0 || ht_list_fd(scan->proc_fd, &visitor, &err) < 0)
        give_up("/proc");
    close(scan->proc_fd);
    return NULL;
}

static int64_t cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

int main(int argc, char **argv)
{
    int64_t start = ht_clock_mono(ht_clock_system());
    struct ht_buf out = HT_BUF(ANSWER_MAX), body = HT_BUF(ANSWER_MAX);
    struct connection c = {.in = HT_BUF(ANSWER_MAX)};
    static struct scan scan;
    const char *mode = argc == 3 ? argv[2] : "";
    bool both = strcmp(mode, "both") == 0;
    pthread_t thread;

    if (!both && strcmp(mode, "seq") != 0 && strcmp(mode, "pipe") != 0)
        give_up("usage: dpoll SOCKET seq|pipe|both");
    if (both && pthread_create(&thread, NULL, read_processes, &scan) != 0)
        give_up("no thread");
    c.fd = dial(argv[1]);
    add_request(&out, HT_S("/containers/json?all=1"));
    send_all(c.fd, ht_buf_str(&out));
    take_answer(&c, &body);

    struct ids ids = find_ids(ht_buf_str(&body));
    size_t found = count_privileged(&c, &ids, strcmp(mode, "seq") == 0 ? 1 : WINDOW);
    if (both)
        pthread_join(thread, NULL);
    printf("%" PRId64 " %" PRId64 " %zu %zu %zu\n",
           (ht_clock_mono(ht_clock_system()) - start) / 1000, cpu_us(), ids.len, found,
           scan.confined);
    free(ids.items);
    ht_buf_fini(&out);
    ht_buf_fini(&body);
    ht_buf_fini(&c.in);
    close(c.fd);
    return 0;
}
