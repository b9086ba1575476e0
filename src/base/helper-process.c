/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs in the spawner and in the helpers. */
#include "helper-private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/helper.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

enum { SOCKET = 3, CHILDREN_MAX = 16, REAP_MS = 100 };

/* --- messages ----------------------------------------------------------------------------------
 */

int ht_helper_send_fd(int socket, const void *data, size_t len, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.space = {0}};
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t sent;

    if (fd >= 0) {
        message.msg_control = control.space;
        message.msg_controllen = sizeof(control.space);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    }
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return -errno;
    /* Both ends have room for a whole message, so a part of one is as good as none. */
    return (size_t)sent == len ? 0 : -EMSGSIZE;
}

static int take_fd(struct msghdr *message)
{
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int fd = -1;

    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    return fd;
}

int ht_helper_receive_fd(int socket, void *data, size_t len, int *ret_fd)
{
    ht_autoclose int fd = -1;
    size_t at = 0;

    while (at < len) {
        char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
        struct iovec part = {.iov_base = (char *)data + at, .iov_len = len - at};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof(control)};
        ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return -EPIPE;
        if (fd < 0)
            fd = take_fd(&message);
        at += (size_t)got;
    }
    if (ret_fd)
        *ret_fd = ht_steal_fd(&fd);
    return 0;
}

static bool send_rest(int socket, struct ht_str data)
{
    while (data.len) {
        ssize_t sent = send(socket, data.data, data.len, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return false;
        data = ht_str_sub(data, (size_t)sent, data.len);
    }
    return true;
}

/* --- becoming harmless -------------------------------------------------------------------------
 */

/* Dies with its parent, also if that died before this was said. */
static void follow_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
}

/* Leaves socket as descriptor 3 and nothing else of the program's: a helper that hangs must hold no
 * terminal and no pipe open. */
static void keep_only(int socket)
{
    bool shut;
    int null;

    if (socket != SOCKET && dup3(socket, SOCKET, O_CLOEXEC) < 0)
        _exit(1);
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < SOCKET; fd++)
        if (null < 0 || (null != fd && dup2(null, fd) < 0))
            close(fd);
    shut = syscall(SYS_close_range, SOCKET + 1, ~0U, 0) == 0;
    for (int fd = SOCKET + 1; !shut && fd < 65536; fd++)
        close(fd);
}

static void default_signals(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t none;

    for (int signal = 1; signal < SIGRTMIN; signal++)
        sigaction(signal, &plain, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Keeps of the capabilities what looking into /proc/PID/root and files of others takes. */
static void drop_privileges(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[2] = {{0}};
    const uint32_t wanted = 1U << CAP_DAC_READ_SEARCH | 1U << CAP_SYS_PTRACE;

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_capget, &header, caps) < 0)
        _exit(1);
    caps[0].permitted &= wanted;
    caps[0].effective = caps[0].permitted;
    caps[0].inheritable = 0;
    memset(&caps[1], 0, sizeof(caps[1]));
    if (syscall(SYS_capset, &header, caps) < 0)
        _exit(1);
}

/* --- a helper ----------------------------------------------------------------------------------
 */

static int start_time_of(pid_t pid, uint64_t *ret_start, struct ht_error *err)
{
    ht_autobuf struct ht_buf text = HT_BUF(4096);
    struct ht_str field = HT_STR("");
    char name[64];

    snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
    if (ht_read_at(AT_FDCWD, name, &text, text.max, NULL) < 0)
        return ht_error_set(err, ESRCH, "process %d is gone", (int)pid);

    /* The name of the command may hold anything: fields begin behind its last parenthesis. */
    struct ht_str rest = ht_buf_str(&text);
    ptrdiff_t end = ht_str_rfind_byte(rest, ')');

    rest = ht_str_sub(rest, end < 0 ? rest.len : (size_t)end + 2, rest.len);
    for (int i = 3; i <= 22; i++)
        ht_str_next(&rest, ' ', &field);
    if (ht_parse_u64(field, ret_start) < 0)
        return ht_error_set(err, EPROTO, "%s: unknown form", name);
    return 0;
}

static int check_process(const struct wire_request *request, struct ht_error *err)
{
    uint64_t start = 0;
    int r = 0;

    if (!request->pid || !request->start_time)
        return 0;
    r = start_time_of(request->pid, &start, err);
    if (r == 0 && start != request->start_time)
        return ht_error_set(err, ESRCH, "process %d is another one by now", (int)request->pid);
    return r;
}

struct listing {
    struct ht_buf *names;
    bool cut;
};

static int list_name(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct listing *listing = context;

    (void)type;
    (void)inode;
    if (listing->names->max - listing->names->len < strlen(name) + 1) {
        listing->cut = true;
        return 1;
    }
    ht_buf_add(listing->names, name, strlen(name) + 1);
    return 0;
}

static int read_or_digest(const struct ht_root *root, const struct wire_request *request,
                          struct wire_answer *answer, struct ht_buf *data)
{
    ht_autoclose int fd = ht_root_open_regular(root, request->path, &answer->stat, &answer->error);
    char text[HT_SHA256_TEXT_MAX];
    int r = fd;

    if (fd < 0)
        return r;
    if (request->operation == HT_HELPER_READ) {
        r = ht_read_fd(fd, request->path, data, request->max_bytes, &answer->error);
        answer->cut = r == -EFBIG;
        return answer->cut ? 0 : r;
    }
    r = ht_sha256_fd(fd, request->path, request->max_bytes, text, &answer->error);
    if (r == 0)
        ht_buf_add_text(data, text);
    return r;
}

/* By one descriptor: what the name leads to may be another file a moment later. */
static int stat_and_place(const struct ht_root *root, const char *path, struct stat *ret_stat,
                          struct ht_buf *data, struct ht_error *err)
{
    ht_autoclose int fd = ht_root_openat(root, path, O_PATH, err);
    char name[64];
    char link[PATH_MAX];
    ssize_t len;

    if (fd < 0)
        return fd;
    if (fstat(fd, ret_stat) < 0)
        return ht_error_errno(err, errno, "%s", path);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    len = readlink(name, link, sizeof(link));
    if (len > 0 && (size_t)len < sizeof(link))
        ht_buf_add(data, link, (size_t)len);
    return 0;
}

static int operate(const struct ht_root *root, const struct wire_request *request,
                   struct wire_answer *answer, struct ht_buf *data)
{
    struct listing listing = {.names = data};
    struct ht_dir_visitor visitor = {.visit = list_name, .context = &listing};
    const char *path = request->path;
    struct ht_error *err = &answer->error;
    int r = 0;

    switch ((enum ht_helper_operation)request->operation) {
    case HT_HELPER_STAT:
        return stat_and_place(root, path, &answer->stat, data, err);
    case HT_HELPER_LSTAT:
        return ht_root_lstat(root, path, &answer->stat, err);
    case HT_HELPER_READ:
    case HT_HELPER_DIGEST:
        return read_or_digest(root, request, answer, data);
    case HT_HELPER_READLINK:
        r = ht_root_lstat(root, path, &answer->stat, err);
        return r < 0 ? r : ht_root_readlink(root, path, data, err);
    case HT_HELPER_LIST:
        r = ht_root_stat(root, path, &answer->stat, err);
        r = r < 0 ? r : ht_root_list(root, path, &visitor, err);
        answer->cut = listing.cut || r == -EFBIG;
        return answer->cut ? 0 : r;
    }
    return ht_error_set(err, EINVAL, "unknown operation");
}

static int look(const struct wire_request *request, int root_fd, struct wire_answer *answer,
                struct ht_buf *data)
{
    struct ht_root root = HT_ROOT_NONE;
    char name[64] = "container";
    int r = check_process(request, &answer->error);

    if (request->pid) {
        snprintf(name, sizeof(name), "/proc/%d/root", (int)request->pid);
        root_fd = r < 0 ? -1 : open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (r == 0 && root_fd < 0)
            r = ht_error_errno(&answer->error, errno == ENOENT ? ESRCH : errno, "%s", name);
    }
    if (r < 0)
        return r;
    r = ht_root_from_fd(&root, root_fd, name, &answer->error);
    if (r == 0)
        r = operate(&root, request, answer, data);
    if (r == 0)
        r = check_process(request, &answer->error);
    ht_root_close(&root);
    return r;
}

static _Noreturn void helper_main(pid_t parent)
{
    follow_parent(parent);
    drop_privileges();
    prctl(PR_SET_NAME, "hulltop-look");
    for (;;) {
        struct wire_request request;
        struct wire_answer answer;
        ht_autobuf struct ht_buf data = HT_BUF(HT_LIMIT_FILE);
        int root_fd = -1;

        if (ht_helper_receive_fd(SOCKET, &request, sizeof(request), &root_fd) < 0)
            _exit(0);
        memset(&answer, 0, sizeof(answer));
        if (request.operation != HT_HELPER_DIGEST && request.max_bytes < data.max)
            data.max = request.max_bytes;
        request.path[sizeof(request.path) - 1] = '\0';
        answer.code = look(&request, root_fd, &answer, &data);
        answer.data_len = answer.code == 0 ? data.len : 0;
        if (ht_helper_send_fd(SOCKET, &answer, sizeof(answer), -1) < 0 ||
            !send_rest(SOCKET, ht_str_sub(ht_buf_str(&data), 0, answer.data_len)))
            _exit(0);
    }
}

/* --- the spawner -------------------------------------------------------------------------------
 */

/* Its children that have not been waited for: only those may be killed by number. */
struct children {
    pid_t pids[CHILDREN_MAX];
};

static void reap(struct children *children)
{
    for (pid_t pid = waitpid(-1, NULL, WNOHANG); pid > 0; pid = waitpid(-1, NULL, WNOHANG))
        for (size_t i = 0; i < CHILDREN_MAX; i++)
            if (children->pids[i] == pid)
                children->pids[i] = 0;
}

static void kill_child(const struct children *children, pid_t pid)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++)
        if (children->pids[i] == pid)
            kill(pid, SIGKILL);
}

static struct spawned spawn(struct children *children, int *ret_socket)
{
    pid_t parent = getpid();
    size_t slot = 0;
    int pair[2];
    pid_t pid;

    while (slot < CHILDREN_MAX && children->pids[slot])
        slot++;
    if (slot == CHILDREN_MAX)
        return (struct spawned){.code = -EAGAIN};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return (struct spawned){.code = -errno};
    pid = fork();
    if (pid == 0) {
        keep_only(pair[1]);
        helper_main(parent);
    }
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return (struct spawned){.code = -EAGAIN};
    }
    children->pids[slot] = pid;
    *ret_socket = pair[0];
    return (struct spawned){.pid = pid};
}

_Noreturn void ht_helper_spawner_main(int socket, pid_t parent)
{
    struct children children = {.pids = {0}};
    struct rlimit no_core = {.rlim_cur = 0};
    struct spawn_order order;

    follow_parent(parent);
    /* No terminal: neither its signals nor its hang-up are for us. */
    setsid();
    default_signals();
    keep_only(socket);
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_NAME, "hulltop-spawn");
    if (chdir("/") < 0)
        _exit(1);
    while (ht_helper_receive_fd(SOCKET, &order, sizeof(order), NULL) == 0) {
        reap(&children);
        if (order.kill) {
            struct pollfd next = {.fd = SOCKET, .events = POLLIN};

            /* It ends at once, if it can. */
            kill_child(&children, order.kill);
            poll(&next, 1, REAP_MS);
            reap(&children);
            continue;
        }

        ht_autoclose int helper = -1;
        struct spawned spawned = spawn(&children, &helper);

        if (ht_helper_send_fd(SOCKET, &spawned, sizeof(spawned), helper) < 0)
            break;
    }
    for (size_t i = 0; i < CHILDREN_MAX; i++)
        if (children.pids[i])
            kill(children.pids[i], SIGKILL);
    _exit(0);
}
