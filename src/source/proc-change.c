/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc-change.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc-node.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/base/str.h"

enum {
    LOADAVG_MAX = 128,
    STATUS_MAX = 16 * 1024,
    LOOKS = 2,
    IGNORED_MAX = 1 << 16,
    CAME_LEAST = 8, /* new pids that are asked for one by one in any case */
    CAME_SHARE = 4  /* and for every so many who are there, one more: a list costs as much */
};

#define SURE_NS (INT64_C(5) * HT_NS_PER_S)
/* What is asked for one by one adds up. */
#define SURER_NS  (INT64_C(20) * HT_NS_PER_S)
#define FORGET_NS (INT64_C(600) * HT_NS_PER_S)

#define AGE_FIRST  (INT64_C(1) * HT_NS_PER_S)
#define AGE_SECOND (INT64_C(10) * HT_NS_PER_S)
#define ROUND      (INT64_C(50) * HT_NS_PER_S)

/* ---- the counters ---- */

bool ht_proc_counters_read(const char *text, uint64_t *ret_threads, uint64_t *ret_last_pid)
{
    struct ht_str rest = ht_str_trim(ht_str_from(text));
    struct ht_str words[5] = {0};
    uint64_t threads, last_pid;
    size_t len = 0;

    while (len < ARRAY_LEN(words) && ht_str_next(&rest, ' ', &words[len]))
        len++;
    ptrdiff_t slash = ht_str_find_byte(words[3], '/');
    if (len < ARRAY_LEN(words) || rest.len || slash < 0)
        return false;
    if (ht_parse_u64(ht_str_sub(words[3], (size_t)slash + 1, words[3].len), &threads) < 0 ||
        ht_parse_u64(words[4], &last_pid) < 0 || threads == 0 || last_pid == 0)
        return false;
    *ret_threads = threads;
    *ret_last_pid = last_pid;
    return true;
}

static bool read_counters(int proc_fd, uint64_t *ret_threads, uint64_t *ret_last_pid)
{
    char text[LOADAVG_MAX];
    ht_autoclose int fd = openat(proc_fd, "loadavg", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (n <= 0)
        return false;
    text[n] = '\0';
    return ht_proc_counters_read(text, ret_threads, ret_last_pid);
}

bool ht_proc_counters_moved(struct ht_proc_counters *counters, int proc_fd, int64_t now_ns)
{
    uint64_t threads = 0, last_pid = 0;

    if (read_counters(proc_fd, &threads, &last_pid) && threads == counters->threads &&
        last_pid == counters->last_pid && now_ns < counters->sure_until_ns)
        return false;
    *counters = (struct ht_proc_counters){
        .threads = threads, .last_pid = last_pid, .sure_until_ns = now_ns + SURE_NS};
    return true;
}

/* ---- ignored processes ---- */

struct entry {
    uint64_t inode;
    uint32_t pid;
    uint32_t looks;
};

/* Both sorted by pid: those of the last walk, and of the one under way. */
struct ht_proc_ignored {
    struct entry *known, *next;
    size_t known_len, next_len, next_cap;
    int64_t forget_ns;
};

struct ht_proc_ignored *ht_proc_ignored_new(void)
{
    return ht_new0(struct ht_proc_ignored);
}

struct ht_proc_ignored *ht_proc_ignored_free(struct ht_proc_ignored *ignored)
{
    if (!ignored)
        return NULL;
    free(ignored->known);
    free(ignored->next);
    free(ignored);
    return NULL;
}

void ht_proc_ignored_begin(struct ht_proc_ignored *ignored, int64_t now_ns)
{
    free(ignored->known);
    ignored->known = ignored->next;
    ignored->known_len = ignored->next_len;
    ignored->next = NULL;
    ignored->next_cap = ignored->next_len = 0;
    if (now_ns >= ignored->forget_ns) {
        ignored->known_len = 0;
        ignored->forget_ns = now_ns + FORGET_NS;
    }
}

static int compare(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;

    return (left->pid > right->pid) - (left->pid < right->pid);
}

static const struct entry *find(const struct ht_proc_ignored *ignored, uint64_t pid, uint64_t inode)
{
    const struct entry key = {.pid = (uint32_t)pid};
    const struct entry *entry =
        ignored->known_len ? bsearch(&key, ignored->known, ignored->known_len, sizeof(key), compare)
                           : NULL;

    return entry && entry->pid == pid && entry->inode == inode ? entry : NULL;
}

bool ht_proc_ignored_has(const struct ht_proc_ignored *ignored, uint64_t pid, uint64_t inode)
{
    const struct entry *entry = find(ignored, pid, inode);

    return entry && entry->looks >= LOOKS;
}

void ht_proc_ignored_add(struct ht_proc_ignored *ignored, uint64_t pid, uint64_t inode)
{
    const struct entry *before = find(ignored, pid, inode);
    size_t last = ignored->next_len;

    if (last == IGNORED_MAX || pid > UINT32_MAX || (last && ignored->next[last - 1].pid >= pid))
        return;
    if (last == ignored->next_cap) {
        ignored->next_cap += ignored->next_cap / 4 + 64;
        ignored->next = ht_realloc(ignored->next, ignored->next_cap, sizeof(*ignored->next));
    }
    ignored->next[ignored->next_len++] = (struct entry){
        .pid = (uint32_t)pid, .inode = inode, .looks = before ? before->looks + 1 : 1};
}

/* ---- turns ---- */

void ht_proc_schedule_next(struct ht_proc_schedule *schedule, pid_t pid, int64_t age,
                           int64_t now_ns, bool again)
{
    if (schedule->stage == 0 && age >= AGE_SECOND)
        schedule->stage = 1;
    schedule->stage++;
    if (schedule->stage == 1)
        schedule->due_ns = now_ns + AGE_FIRST;
    else if (schedule->stage == 2 && age < AGE_SECOND)
        schedule->due_ns = now_ns + AGE_SECOND - (age > 0 ? age : 0);
    else if (again)
        schedule->due_ns = now_ns + ROUND + (pid % 10) * HT_NS_PER_S;
    else
        schedule->due_ns = INT64_MAX;
}

/* ---- crowds ---- */

struct name {
    pid_t pid;
    uint64_t ino;
};

struct listing {
    struct name *names; /* owned */
    size_t len, cap;
    bool unsorted;
};

static void add_name(struct listing *listing, struct name name)
{
    if (listing->len == listing->cap) {
        listing->cap = listing->cap ? listing->cap * 2 : 512;
        listing->names = ht_realloc(listing->names, listing->cap, sizeof(*listing->names));
    }
    if (listing->len && listing->names[listing->len - 1].pid >= name.pid)
        listing->unsorted = true;
    listing->names[listing->len++] = name;
}

static int visit_name(void *context, const char *name, unsigned type, uint64_t inode)
{
    uint32_t pid = 0;

    (void)type;
    for (const char *c = name; *c; c++) {
        if (*c < '0' || *c > '9' || pid > INT32_MAX / 10 - 1)
            return 0;
        pid = pid * 10 + (uint32_t)(*c - '0');
    }
    add_name(context, (struct name){.pid = (pid_t)pid, .ino = inode});
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    const struct name *left = a;
    const struct name *right = b;

    return (left->pid > right->pid) - (left->pid < right->pid);
}

static void *member_at(const struct ht_proc_crowd *crowd, void *members, size_t at)
{
    return (char *)members + at * crowd->ops->size;
}

static struct name name_of(const struct ht_proc_crowd *crowd, const void *member)
{
    struct name name;

    memcpy(&name.pid, (const char *)member + crowd->ops->pid_at, sizeof(name.pid));
    memcpy(&name.ino, (const char *)member + crowd->ops->ino_at, sizeof(name.ino));
    return name;
}

/* What came lately ends soonest. */
static void note_young(struct ht_proc_crowd *crowd, pid_t pid)
{
    if (crowd->young_len == HT_PROC_YOUNG)
        memmove(crowd->young, crowd->young + 1, --crowd->young_len * sizeof(*crowd->young));
    crowd->young[crowd->young_len++] = pid;
}

static void join(const struct ht_proc_crowd *crowd, void *member, const struct name *name)
{
    memset(member, 0, crowd->ops->size);
    memcpy((char *)member + crowd->ops->pid_at, &name->pid, sizeof(name->pid));
    memcpy((char *)member + crowd->ops->ino_at, &name->ino, sizeof(name->ino));
    crowd->ops->join(crowd->context, member);
}

static bool same_name(struct name a, struct name b)
{
    return a.pid == b.pid && a.ino == b.ino;
}

/* Those who are listed no more leave; the others close up. */
static void close_up(struct ht_proc_crowd *crowd, const struct listing *listing)
{
    size_t at = 0, staying = 0;

    for (size_t i = 0; i < crowd->len; i++) {
        void *member = member_at(crowd, crowd->members, i);
        struct name known = name_of(crowd, member);

        while (at < listing->len && listing->names[at].pid < known.pid)
            at++;
        if (at == listing->len || !same_name(listing->names[at], known))
            crowd->ops->leave(crowd->context, member);
        else if (staying++ != i)
            memcpy(member_at(crowd, crowd->members, staying - 1), member, crowd->ops->size);
    }
    crowd->len = staying;
}

/* From the end, so that everybody finds room: those who are there move up, the others join. */
static void fill_up(struct ht_proc_crowd *crowd, const struct listing *listing)
{
    size_t left = crowd->len;
    bool is_first = left == 0; /* nobody is new to it */

    for (size_t i = listing->len; i-- > 0;) {
        void *place = member_at(crowd, crowd->members, i);
        void *last = left ? member_at(crowd, crowd->members, left - 1) : NULL;

        if (!last || !same_name(name_of(crowd, last), listing->names[i])) {
            join(crowd, place, &listing->names[i]);
            if (!is_first)
                note_young(crowd, listing->names[i].pid);
            /* It came behind the counters, which do not have it: nothing adds up to them. */
            if ((uint64_t)listing->names[i].pid > crowd->counters.last_pid)
                crowd->counters.threads = 0;
            continue;
        }
        if (last != place)
            memcpy(place, last, crowd->ops->size);
        left--;
    }
    crowd->len = listing->len;
}

void *ht_proc_crowd_find(const struct ht_proc_crowd *crowd, pid_t pid)
{
    size_t from = 0;
    size_t to = crowd->len;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        void *member = member_at(crowd, crowd->members, middle);
        pid_t known = name_of(crowd, member).pid;

        if (known == pid)
            return member;
        if (known < pid)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

/* Those who are listed, sorted, are the crowd from here on. */
static void take(struct ht_proc_crowd *crowd, const struct listing *listing)
{
    close_up(crowd, listing);
    if (listing->len > crowd->cap) {
        crowd->cap = listing->len + listing->len / 8;
        crowd->members = ht_realloc(crowd->members, crowd->cap, crowd->ops->size);
    }
    fill_up(crowd, listing);
}

/* Whether pids and threads are counted as they are listed: in another namespace of pids the kernel
 * counts the threads of all, and what a container is told may be made up (lxcfs). */
static bool are_counted(int proc_fd)
{
    return ht_proc_namespace(proc_fd, "self/ns/pid") == HT_PROC_INIT_PID_NS;
}

static int list_all(struct ht_proc_crowd *crowd, int proc_fd, struct ht_error *err)
{
    struct listing listing = {0};
    const struct ht_dir_visitor visitor = {
        .visit = visit_name, .context = &listing, .max_entries = HT_LIMIT_ROWS};
    int r = ht_list_fd(proc_fd, &visitor, err);
    ht_autofree struct name *names = listing.names;

    if (r < 0) {
        crowd->counters = (struct ht_proc_counters){0};
        return r;
    }
    if (listing.unsorted)
        qsort(names, listing.len, sizeof(*names), compare_names);
    take(crowd, &listing);
    crowd->is_counted = are_counted(proc_fd);
    return 0;
}

/* ---- without a list ---- */

/* What became of the newest pids since the look before. */
struct following {
    struct listing came;       /* processes that are new */
    pid_t left[HT_PROC_YOUNG]; /* young ones that ended */
    size_t left_len;
    uint64_t started, ended; /* threads, too */
};

/* The inode number of /proc/PID, 0: there is none. */
static uint64_t find_pid(int proc_fd, pid_t pid)
{
    char name[16];
    struct stat about;

    snprintf(name, sizeof(name), "%d", (int)pid);
    return fstatat(proc_fd, name, &about, AT_SYMLINK_NOFOLLOW) == 0 ? about.st_ino : 0;
}

/* The process that this pid, which is there, is a thread of: those of threads are found, but not
 * listed. False: it is not told. */
static bool read_group(int proc_fd, pid_t pid, uint64_t *ret_group)
{
    const struct ht_str key = HT_S("\nTgid:");
    ht_autobuf struct ht_buf text = HT_BUF(STATUS_MAX);
    char name[32];
    struct ht_str rest, word = {0};

    snprintf(name, sizeof(name), "%d/status", (int)pid);
    if (ht_read_piece_at(proc_fd, name, &text, STATUS_MAX, NULL) < 0)
        return false;
    ptrdiff_t at = ht_str_find(ht_buf_str(&text), key, 0);
    if (at < 0)
        return false;
    rest = ht_str_sub(ht_buf_str(&text), (size_t)at + key.len, text.len);
    return ht_str_next(&rest, '\n', &word) && ht_parse_u64(ht_str_trim(word), ret_group) == 0;
}

/* Those who came at the last looks, and may be gone again. */
static void ask_young(struct ht_proc_crowd *crowd, int proc_fd, struct following *following)
{
    size_t staying = 0;

    for (size_t i = 0; i < crowd->young_len; i++) {
        if (find_pid(proc_fd, crowd->young[i]))
            crowd->young[staying++] = crowd->young[i];
        else
            following->left[following->left_len++] = crowd->young[i];
    }
    following->ended += crowd->young_len - staying;
    crowd->young_len = staying;
}

/* Whether one that was given away, and was not there at the last look, came after all: it was being
 * made. */
static bool is_late(struct ht_proc_crowd *crowd, int proc_fd)
{
    bool found = false;

    for (size_t i = 0; i < crowd->awaited_len && !found; i++)
        found = find_pid(proc_fd, crowd->awaited[i]) != 0;
    crowd->awaited_len = 0;
    return found;
}

/* One that was given away since. False: it cannot be told what it is. */
static bool ask_new(struct ht_proc_crowd *crowd, int proc_fd, pid_t pid,
                    struct following *following)
{
    const void *member = ht_proc_crowd_find(crowd, pid);
    struct name name = {.pid = pid, .ino = find_pid(proc_fd, pid)};
    uint64_t group;

    /* It was passed over, for it is in use. */
    if (member)
        return same_name(name_of(crowd, member), name);
    following->started++;
    if (!name.ino) {
        following->ended++;
        if (crowd->awaited_len == HT_PROC_YOUNG)
            return false;
        crowd->awaited[crowd->awaited_len++] = pid;
        return true;
    }
    if (!read_group(proc_fd, pid, &group))
        return false;
    if (group == (uint64_t)pid)
        add_name(&following->came, name);
    else
        note_young(crowd, pid);
    return true;
}

static bool has_left(const struct following *following, pid_t pid)
{
    for (size_t i = 0; i < following->left_len; i++) {
        if (following->left[i] == pid)
            return true;
    }
    return false;
}

/* The crowd with who came and without who left. */
static void apply(struct ht_proc_crowd *crowd, const struct following *following)
{
    const struct listing *came = &following->came;
    struct listing listing = {0};
    size_t next = 0;

    if (came->len == 0 && following->left_len == 0)
        return;
    for (size_t i = 0; i < crowd->len; i++) {
        struct name name = name_of(crowd, member_at(crowd, crowd->members, i));

        while (next < came->len && came->names[next].pid < name.pid)
            add_name(&listing, came->names[next++]);
        if (!has_left(following, name.pid))
            add_name(&listing, name);
    }
    while (next < came->len)
        add_name(&listing, came->names[next++]);
    take(crowd, &listing);
    free(listing.names);
}

/* Whether pids that were given away since the look before are so few that a list costs more. Where
 * process 1 is hidden others are too (hidepid), and are taken for gone. */
static bool are_few(const struct ht_proc_crowd *crowd, int proc_fd,
                    const struct ht_proc_counters *before)
{
    const struct ht_proc_counters *now = &crowd->counters;
    size_t most = CAME_LEAST + crowd->len / CAME_SHARE;

    return crowd->is_counted && before->threads && now->threads &&
           now->last_pid >= before->last_pid && now->last_pid - before->last_pid <= most &&
           now->last_pid <= INT32_MAX && find_pid(proc_fd, 1);
}

/* Asks for these few alone. False, and it takes a list: who ended is not only among those and the
 * ones of the last looks, as the number of all threads tells. */
static bool follow(struct ht_proc_crowd *crowd, int proc_fd, const struct ht_proc_counters *before)
{
    const struct ht_proc_counters *now = &crowd->counters;
    struct following following = {0};
    bool known = true;

    ask_young(crowd, proc_fd, &following);
    /* Each of them, so that all who are being made are awaited. */
    for (uint64_t pid = before->last_pid + 1; pid <= now->last_pid; pid++)
        known = ask_new(crowd, proc_fd, (pid_t)pid, &following) && known;
    known = known && before->threads + following.started == now->threads + following.ended;
    if (known)
        apply(crowd, &following);
    free(following.came.names);
    return known;
}

int ht_proc_crowd_look(struct ht_proc_crowd *crowd, int proc_fd, int64_t now_ns,
                       struct ht_error *err)
{
    const struct ht_proc_counters before = crowd->counters;
    bool late = is_late(crowd, proc_fd);
    bool moved = ht_proc_counters_moved(&crowd->counters, proc_fd, now_ns);

    if (!late && !moved)
        return 0;
    bool few = are_few(crowd, proc_fd, &before);
    if (few && follow(crowd, proc_fd, &before) && !late && now_ns < before.sure_until_ns) {
        crowd->counters.sure_until_ns = before.sure_until_ns;
        return 0;
    }
    if (!few)
        crowd->young_len = 0;
    int r = list_all(crowd, proc_fd, err);
    if (r == 0 && few && crowd->is_counted)
        crowd->counters.sure_until_ns = now_ns + SURER_NS;
    return r;
}

void ht_proc_crowd_fini(struct ht_proc_crowd *crowd)
{
    for (size_t i = 0; i < crowd->len; i++)
        crowd->ops->leave(crowd->context, member_at(crowd, crowd->members, i));
    free(crowd->members);
    crowd->members = NULL;
    crowd->len = crowd->cap = 0;
}
