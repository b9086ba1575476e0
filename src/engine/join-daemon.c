/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a container engine's own command line says about how it can be reached. */
#include "join.h"

#include <string.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

static bool is_daemon(const struct ht_process *process)
{
    return ht_process_has_comm(process) && ht_str_is(process->comm, "dockerd") &&
           ht_process_has_argv(process);
}

/* The process of the daemon: the one with its pid, else the only dockerd there is. */
static const struct ht_process *find_process(const struct ht_daemon *daemon,
                                             const struct ht_vec *processes)
{
    const struct ht_process *only = NULL;
    size_t found = 0;

    for (size_t i = 0; i < processes->len; i++) {
        const struct ht_process *process = ht_process_of(processes->items[i]);

        if (!is_daemon(process))
            continue;
        if (ht_daemon_has_pid(daemon) && process->pid == daemon->pid)
            return process;
        only = process;
        found++;
    }
    return found == 1 ? only : NULL;
}

/* The value of "-H VALUE", "-H=VALUE", "--host VALUE", "--host=VALUE" at argv[*at], stepping *at
 * over a value that stands apart; empty if this is no such option. */
static struct ht_str host_option(const struct ht_text_list *argv, size_t *at)
{
    struct ht_str word = argv->items[*at];

    if (ht_str_is(word, "-H") || ht_str_is(word, "--host")) {
        if (*at + 1 >= argv->len)
            return HT_S("");
        return argv->items[++*at];
    }
    if (ht_str_has_prefix(word, "--host="))
        return ht_str_sub(word, strlen("--host="), word.len);
    if (ht_str_has_prefix(word, "-H=") || ht_str_has_prefix(word, "-H"))
        return ht_str_sub(word, ht_str_has_prefix(word, "-H=") ? 3 : 2, word.len);
    return HT_S("");
}

static bool is_switched_on(struct ht_str word, const char *option)
{
    size_t len = strlen(option);

    if (!ht_str_has_prefix(word, option))
        return false;

    struct ht_str rest = ht_str_sub(word, len, word.len);
    bool value = false;
    if (rest.len == 0)
        return true;
    return rest.data[0] == '=' && ht_parse_bool(ht_str_sub(rest, 1, rest.len), &value) == 0 &&
           value;
}

static bool is_listed(const struct ht_str *list, size_t len, struct ht_str text)
{
    for (size_t i = 0; i < len; i++) {
        if (ht_str_equal(list[i], text))
            return true;
    }
    return false;
}

struct ht_row *ht_join_daemon(const struct ht_row *row, const struct ht_vec *processes)
{
    struct ht_daemon daemon = *ht_daemon_of(row);
    const struct ht_process *process = find_process(&daemon, processes);

    if (!process)
        return ht_row_ref(row);

    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    const struct ht_text_list *argv = &process->argv;
    size_t known = daemon.tcp_listeners.len;
    struct ht_str *listeners = ht_arena_array(arena, struct ht_str, known + argv->len);
    size_t len = 0;
    bool verified = ht_daemon_has_tcp_tls(&daemon) && daemon.tcp_tls;

    for (size_t i = 0; i < known; i++)
        listeners[len++] = daemon.tcp_listeners.items[i];
    for (size_t i = 1; i < argv->len; i++) {
        verified = verified || is_switched_on(argv->items[i], "--tlsverify");
        struct ht_str host = host_option(argv, &i);
        if (ht_str_has_prefix(host, "tcp://") && !is_listed(listeners, len, host))
            listeners[len++] = host;
    }
    ht_daemon_set_pid(&daemon, process->pid);
    ht_daemon_set_tcp_listeners(&daemon, (struct ht_text_list){.items = listeners, .len = len});
    ht_daemon_set_tcp_tls(&daemon, verified);
    return ht_row_keep(row, ht_row_new(&ht_daemon_table, &daemon));
}
