/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dpkg keeps one list of files a package, apk one text for all, RPM an index. The first two are
 * read line by line against a table of what is asked for: few files are, of many.
 */
#include "pkg-owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg-apk.h"
#include "pkg-likeness.h"
#include "pkg-rpm.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define DPKG_INFO "var/lib/dpkg/info"
#define LIST      ".list"

/* The kernel's own number, so that old headers can build for a new kernel. */
enum { POPULATE_WRITE = 23 };

/* Few questions are searched for in a list as a whole; of many, each line of it is looked up:
 * lengths are compared before texts. */
enum { LENGTH_SLOTS = 512, FEW = 8, WINDOW = 64 * 1024 };

/* Where a disk, or a file system over a network, can stop in the middle of a file. */
enum { BLOCK = 512 };

/* What a list counts for at least, of the bytes that are read for one question: opening costs too.
 */
enum { LIST_LEAST = 4096 };

/* A place that is asked for. */
struct place {
    struct ht_owned *question; /* the first of it, which has the answer */
    struct ht_str end;         /* of a line that has it, by either name; empty: not made yet */
};

struct asking {
    const struct ht_root *root;
    struct ht_arena *arena;
    const struct ht_owned *questions;
    size_t len;
    struct ht_map *wanted; /* path to struct ht_owned * */
    struct place *places;  /* len of them at most; some have their answer by now */
    size_t searched;       /* of them */
    size_t open;           /* places without an answer */
    size_t left;           /* bytes of lists that are still read */
    bool unread;           /* a record could not be read: who has no answer may have an owner */
    int quiet;             /* O_NOATIME, until it is refused */
    bool lengths[LENGTH_SLOTS];
    struct ht_buf text;
    struct ht_buf path;
    char *window; /* what is read of a list; WINDOW bytes and one for an end of line */
};

/* Directories of / that are links into /usr where the two are merged. */
static const char *const merged[] = {"/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/"};

struct ht_str ht_owner_place(struct ht_str path)
{
    struct ht_str below = ht_str_sub(path, 4, path.len);

    if (!ht_str_has_prefix(path, "/usr/"))
        return path;
    for (size_t i = 0; i < ARRAY_LEN(merged); i++)
        if (ht_str_has_prefix(below, merged[i]))
            return below;
    return path;
}

/* A file is asked for once, whichever of its two names it has in the question and in the records.
 */
static void want(struct asking *asking, struct ht_owned *question)
{
    struct ht_str place = ht_owner_place(question->path);

    if (ht_map_get(asking->wanted, place))
        return;
    ht_map_set(asking->wanted, place, question);
    asking->places[asking->searched++].question = question;
    asking->open++;
    asking->lengths[place.len % LENGTH_SLOTS] = true;
    asking->lengths[(place.len + strlen("/usr")) % LENGTH_SLOTS] = true;
}

static void answer(struct asking *asking, struct ht_str path, struct ht_str package)
{
    struct ht_owned *question;

    if (!asking->lengths[path.len % LENGTH_SLOTS])
        return;
    question = ht_map_get(asking->wanted, ht_owner_place(path));
    if (question && !question->package.len) {
        question->package = ht_arena_str(asking->arena, package);
        asking->open--;
    }
}

/* Equal questions have the same answer. */
static void spread(struct asking *asking, struct ht_owned *questions, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const struct ht_owned *first =
            ht_map_get(asking->wanted, ht_owner_place(questions[i].path));

        questions[i].package = first->package;
    }
}

/* ---- dpkg ---- */

/* An equal question before it counts for this one. */
static bool is_answered(const struct asking *asking, const struct ht_owned *question)
{
    return question->package.len ||
           ht_map_get(asking->wanted, ht_owner_place(question->path)) != question;
}

/* Both names of a file end so; the longer what is searched for, the farther a search skips. */
static struct ht_str end_of(struct asking *asking, struct place *place)
{
    if (!place->end.len)
        place->end = ht_arena_strf(asking->arena, "%.*s\n",
                                   HT_STR_ARG(ht_owner_place(place->question->path)));
    return place->end;
}

/* The lines of the text that end as that place does. */
static void search_place(struct asking *asking, struct place *place, struct ht_str text,
                         struct ht_str package)
{
    struct ht_str end = end_of(asking, place);

    for (ptrdiff_t at = ht_str_find(text, end, 0); at >= 0;
         at = ht_str_find(text, end, (size_t)at + 1)) {
        struct ht_str line = ht_str_sub(text, 0, (size_t)at + end.len - 1);

        answer(asking, ht_str_sub(line, (size_t)(ht_str_rfind_byte(line, '\n') + 1), line.len),
               package);
    }
}

static void search(struct asking *asking, struct ht_str text, struct ht_str package)
{
    size_t i = 0;

    while (i < asking->searched) {
        struct place *place = &asking->places[i];

        if (place->question->package.len) {
            *place = asking->places[--asking->searched];
            continue;
        }
        search_place(asking, place, text, package);
        i++;
    }
}

/* Whole lines of a list. */
static void take_lines(struct asking *asking, struct ht_str text, struct ht_str package)
{
    struct ht_str line;

    if (asking->open <= FEW) {
        search(asking, text, package);
        return;
    }
    while (ht_str_next(&text, '\n', &line))
        answer(asking, line, package);
}

/* Takes the whole lines of the window's first bytes, all of them at the end of the list, and keeps
 * the rest at its beginning. Bytes that are kept. */
static size_t take_window(struct asking *asking, size_t have, bool is_end, struct ht_str package)
{
    char *window = asking->window;
    size_t whole;

    /* The last line has an end too. */
    if (is_end && have)
        window[have++] = '\n';
    whole = (size_t)(ht_str_rfind_byte((struct ht_str){.data = window, .len = have}, '\n') + 1);
    take_lines(asking, (struct ht_str){.data = window, .len = whole}, package);
    have -= whole;
    /* A line that fills the window is no path. */
    if (have == WINDOW)
        return 0;
    memmove(window, window + whole, have);
    return have;
}

/* Whether a read of so many bytes, up to that place in the file, came to the end. A plain file
 * gives less than it is asked for at its end, and before a block that cannot be read; but few lines
 * end where a block does, and those few are worth another read. */
static bool is_last(size_t len, size_t room, size_t place, char last)
{
    return len == 0 || (len < room && place % BLOCK != 0 && last == '\n');
}

/* Reads the list to its end. False: not all of it, for it is too long, or cannot be read. How long
 * it is is not asked before: that is one call of four, of hundreds of lists. */
static bool take_list(struct asking *asking, int fd, struct ht_str package)
{
    size_t most = asking->left < HT_LIMIT_FILE ? asking->left : HT_LIMIT_FILE, got = 0, kept = 0;
    bool is_end = false;

    while (!is_end && got <= most) {
        size_t room = WINDOW - kept;
        ssize_t len = read(fd, asking->window + kept, room);

        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            break;
        got += (size_t)len;
        kept += (size_t)len;
        is_end = is_last((size_t)len, room, got, kept ? asking->window[kept - 1] : '\0');
        kept = take_window(asking, kept, is_end, package);
    }
    size_t cost = got < LIST_LEAST ? LIST_LEAST : got;
    asking->left -= cost < asking->left ? cost : asking->left;
    return is_end && got <= most;
}

/* Opens a list. A link, or what may hang, is none of dpkg's lists. On the node itself only root
 * writes there, and the folder told of a plain file a moment ago: that is opened at once. */
static int open_list(const struct ht_root *folder, const char *name, unsigned type, int flags)
{
    if (folder->kind != HT_ROOT_HOST || type != DT_REG)
        return ht_root_open_file(folder, name, O_NOFOLLOW | flags, NULL, NULL);
    return ht_root_openat(folder, name, O_RDONLY | O_NOFOLLOW | flags, NULL);
}

/* The first read of a day would write its time into hundreds of files. Only their owner and root
 * may leave that out. */
static int open_list_quietly(struct asking *asking, const struct ht_root *folder, const char *name,
                             unsigned type)
{
    int fd = open_list(folder, name, type, asking->quiet);

    if (fd == -EPERM && asking->quiet) {
        asking->quiet = 0;
        fd = open_list(folder, name, type, 0);
    }
    return fd;
}

/* Looks into the list of that name, "libc6:amd64.list"; none of that name is no failure. */
static void read_list(struct asking *asking, const struct ht_root *folder, const char *name,
                      unsigned type)
{
    ht_autoclose int fd =
        asking->left < LIST_LEAST ? -EFBIG : open_list_quietly(asking, folder, name, type);
    struct ht_str package = ht_str_from(name);
    ptrdiff_t colon;

    if (fd == -ENOENT)
        return;
    package.len -= strlen(LIST);
    /* "libc6:amd64" is a package of one architecture of several. */
    colon = ht_str_find_byte(package, ':');
    if (colon > 0)
        package.len = (size_t)colon;
    if (fd < 0 || !take_list(asking, fd, package))
        asking->unread = true;
}

/* A list that is there. */
struct list {
    const char *name;
    unsigned type;
    unsigned likeness;
    size_t place; /* among the likely ones of the folder */
};

struct listing {
    struct asking *asking;
    struct ht_arena *arena; /* until all is read: there may be very many */
    const struct ht_likenesses *likenesses;
    struct ht_vec likely;
    struct ht_vec rest;
    size_t most; /* more are not read anyway */
};

static int note_list(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct listing *listing = context;
    struct ht_str text = ht_str_from(name);
    struct list *list;

    (void)inode;
    if (!ht_str_has_suffix(text, LIST))
        return 0;
    if (listing->likely.len + listing->rest.len >= listing->most) {
        listing->asking->unread = true;
        return 1;
    }
    list = ht_arena_array(listing->arena, struct list, 1);
    list->name = ht_arena_str(listing->arena, text).data;
    list->type = type;
    list->likeness = ht_likeness_of(listing->likenesses, ht_str_without(text, LIST));
    list->place = listing->likely.len;
    ht_vec_add(list->likeness ? &listing->likely : &listing->rest, list);
    return 0;
}

/* The likeliest first, then as they lie in the folder. */
static int by_likeness(const void *a, const void *b)
{
    const struct list *left = *(const struct list *const *)a;
    const struct list *right = *(const struct list *const *)b;

    if (left->likeness != right->likeness)
        return left->likeness > right->likeness ? -1 : 1;
    return left->place < right->place ? -1 : left->place > right->place;
}

static const struct ht_likenesses *likenesses_of(const struct asking *asking,
                                                 struct ht_arena *arena)
{
    struct ht_str *open = ht_arena_array(arena, struct ht_str, asking->searched + 1);
    size_t len = 0;

    for (size_t i = 0; i < asking->searched; i++)
        if (!asking->places[i].question->package.len)
            open[len++] = ht_owner_place(asking->places[i].question->path);
    return ht_likenesses_new(open, len, arena);
}

static void read_lists(struct asking *asking, const struct ht_root *folder,
                       const struct ht_vec *lists)
{
    for (size_t i = 0; asking->open && i < lists->len; i++) {
        const struct list *list = lists->items[i];

        read_list(asking, folder, list->name, list->type);
    }
}

/* Looks into the lists until all is answered. Most files are of a package that is called much as
 * they are, and dpkg keeps a file in the list of one package: where two have it, by a diversion,
 * the order of the folder is no better answer. */
static void ask_lists(struct asking *asking, const struct ht_root *folder)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct listing listing = {.asking = asking,
                              .arena = arena,
                              .likenesses = likenesses_of(asking, arena),
                              .most = asking->left / LIST_LEAST + 1};
    const struct ht_dir_visitor visitor = {.visit = note_list, .context = &listing};

    if (ht_list_fd(folder->fd, &visitor, NULL) < 0)
        asking->unread = true;
    if (listing.likely.len)
        qsort(listing.likely.items, listing.likely.len, sizeof(*listing.likely.items), by_likeness);
    read_lists(asking, folder, &listing.likely);
    read_lists(asking, folder, &listing.rest);
    ht_vec_fini(&listing.likely);
    ht_vec_fini(&listing.rest);
}

/* All of the window will be written to: asked for at once, its pages cost less than they do
 * one by one. Kernels before 5.14 refuse, which harms nothing. */
static void touch_window(char *window)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t before = (page - (uintptr_t)window % page) % page;

    if (before < WINDOW)
        (void)madvise(window + before, (WINDOW - before) / page * page, POPULATE_WRITE);
}

/* There are hundreds of lists, and most files are where one expects them. */
static void ask_dpkg(struct asking *asking)
{
    ht_autoclose int fd = ht_root_openat(asking->root, DPKG_INFO, O_RDONLY | O_DIRECTORY, NULL);
    char path[] = DPKG_INFO;
    /* The lists are opened below it as its root allows. */
    const struct ht_root folder = {.kind = asking->root->kind, .fd = fd, .path = path};

    for (size_t i = 0; fd >= 0 && i < asking->len; i++) {
        const char *const *likely = asking->questions[i].likely;

        for (; likely && *likely && !is_answered(asking, &asking->questions[i]); likely++)
            read_list(asking, &folder, ht_arena_strf(asking->arena, "%s" LIST, *likely).data,
                      DT_UNKNOWN);
    }
    if (fd < 0)
        asking->unread = true;
    if (fd < 0 || !asking->open)
        return;
    touch_window(asking->window);
    ask_lists(asking, &folder);
}

/* ---- apk ---- */

static void ask_apk(struct asking *asking, const char *path)
{
    struct ht_str rest, line, package = {0}, folder = {0};

    ht_buf_init(&asking->text, HT_LIMIT_BODY);
    if (ht_root_read(asking->root, path, &asking->text, HT_LIMIT_BODY, NULL) < 0) {
        asking->unread = true;
        return;
    }
    rest = ht_buf_str(&asking->text);
    while (ht_str_next(&rest, '\n', &line)) {
        struct ht_str value = ht_str_sub(line, 2, line.len);

        if (ht_str_has_prefix(line, "P:"))
            package = value;
        else if (ht_str_has_prefix(line, "F:"))
            folder = value;
        if (!ht_str_has_prefix(line, "R:"))
            continue;
        ht_buf_reset(&asking->path);
        ht_buf_add_c(&asking->path, '/');
        ht_buf_add_str(&asking->path, folder);
        if (folder.len)
            ht_buf_add_c(&asking->path, '/');
        ht_buf_add_str(&asking->path, value);
        answer(asking, ht_buf_str(&asking->path), package);
    }
}

/* ---- RPM ---- */

static void ask_rpm(struct asking *asking, struct ht_rpm *rpm, struct ht_owned *questions,
                    size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ht_buf_reset(&asking->path);
        ht_buf_add_str(&asking->path, questions[i].path);
        ht_buf_reset(&asking->text);
        if (ht_rpm_owner(rpm, asking->path.data, &asking->text, NULL) == 0)
            answer(asking, questions[i].path, ht_buf_str(&asking->text));
    }
}

static const char *ask(struct asking *asking, struct ht_rpm *rpm, struct ht_owned *questions,
                       size_t len)
{
    const char *apk = ht_apk_path(asking->root);
    struct stat facts;

    if (ht_root_stat(asking->root, DPKG_INFO, &facts, NULL) == 0) {
        ask_dpkg(asking);
        return "dpkg";
    }
    if (apk) {
        ask_apk(asking, apk);
        return "apk";
    }
    struct ht_rpm *own = NULL;
    if (!rpm && ht_rpm_open(asking->root, &own, NULL) < 0)
        return NULL;
    ask_rpm(asking, rpm ? rpm : own, questions, len);
    ht_rpm_close(own);
    return "rpm";
}

const char *ht_owners_find(const struct ht_root *root, struct ht_rpm *rpm,
                           struct ht_owned *questions, size_t len, struct ht_arena *arena)
{
    ht_autofree struct asking *asking = ht_new0(struct asking);
    /* Not zeroed: most lists are small, and pages that nobody touches cost nothing. */
    ht_autofree char *window = ht_realloc(NULL, WINDOW + 1, 1);
    const char *records;

    asking->window = window;
    asking->quiet = O_NOATIME;
    asking->root = root;
    asking->arena = arena;
    asking->questions = questions;
    asking->len = len;
    /* Whoever may write into a container may be out to keep us busy. */
    asking->left = root->kind == HT_ROOT_CONTAINER ? HT_LIMIT_BODY : HT_LIMIT_DOCUMENT;
    asking->wanted = ht_map_new();
    asking->places = ht_arena_array(arena, struct place, len + 1);
    for (size_t i = 0; i < len; i++)
        want(asking, &questions[i]);
    ht_buf_init(&asking->text, HT_LIMIT_FILE);
    ht_buf_init(&asking->path, HT_LIMIT_ARG * 2);
    records = ask(asking, rpm, questions, len);
    if (asking->unread && asking->open)
        records = NULL;
    spread(asking, questions, len);
    ht_map_free(asking->wanted);
    ht_buf_fini(&asking->text);
    ht_buf_fini(&asking->path);
    return records;
}
