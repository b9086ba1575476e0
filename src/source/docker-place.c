/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an engine listens if nobody says it (docker-client.h). */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "docker-client.h"

#include "hulltop/base/mem.h"
#include "hulltop/base/str.h"

/* Users that are looked at; those with the smallest ids count. */
enum { USERS_MAX = 256 };

static bool is_socket(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Fills path from a pattern whose '*' stands for a user id. */
static bool has_socket(const char *pattern, uint64_t uid, char *path, size_t size)
{
    const char *star = strchr(pattern, '*');
    int len =
        snprintf(path, size, "%.*s%" PRIu64 "%s", (int)(star - pattern), pattern, uid, star + 1);

    return len > 0 && (size_t)len < size && is_socket(path);
}

static void insert(uint64_t *uids, size_t *len, uint64_t uid)
{
    size_t at = *len;

    while (at > 0 && uids[at - 1] > uid)
        at--;
    if (at == USERS_MAX)
        return;
    if (*len < USERS_MAX)
        ++*len;
    memmove(uids + at + 1, uids + at, (*len - at - 1) * sizeof(*uids));
    uids[at] = uid;
}

/* The users that have a socket there, by their ids: as root all of them, else we alone. */
static size_t find_users(const char *pattern, uint64_t uids[USERS_MAX])
{
    char path[256];
    size_t len = 0;

    if (geteuid() != 0) {
        uids[0] = geteuid();
        return has_socket(pattern, uids[0], path, sizeof(path));
    }

    DIR *users = opendir("/run/user");
    for (struct dirent *entry = users ? readdir(users) : NULL; entry; entry = readdir(users)) {
        uint64_t uid;

        if (ht_parse_u64(ht_str_from(entry->d_name), &uid) == 0 &&
            has_socket(pattern, uid, path, sizeof(path)))
            insert(uids, &len, uid);
    }
    if (users)
        closedir(users);
    return len;
}

size_t ht_docker_find_place(const struct ht_docker_target *target, char *path, size_t size)
{
    uint64_t uids[USERS_MAX];

    for (size_t i = 0; target->places[i]; i++) {
        const char *place = target->places[i];

        if (strchr(place, '*')) {
            size_t users = find_users(place, uids);

            if (target->rank < users && has_socket(place, uids[target->rank], path, size))
                return users;
        } else if (is_socket(place)) {
            snprintf(path, size, "%s", place);
            return 0;
        }
    }
    /* So that its absence has a name. */
    snprintf(path, size, "%s", target->places[0]);
    return 0;
}
