/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the process of a container engine says about how it can be reached. */
#include "join.h"

#include <string.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define USUAL_CONFIG "/etc/docker/daemon.json"

enum { LISTENS_SHOWN = 8 }; /* what the process source keeps of them */

/* What a command line says. */
struct told {
    const struct ht_text_list *argv;
    struct ht_str *listeners;
    size_t len;
    struct ht_str config; /* the settings file it names */
    bool verified, activated;
};

/* ---- whose process ---- */

bool ht_join_is_engine(const struct ht_process *process)
{
    return ht_process_has_comm(process) && ht_str_is(process->comm, "dockerd") &&
           ht_process_has_argv(process);
}

static bool is_here(struct ht_str id)
{
    static const char *const places[] = {"unix:", "tcp://127.", "tcp://localhost", "tcp://[::1]"};

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (ht_str_has_prefix(id, places[i]))
            return true;
    }
    return false;
}

/* The process that listens; where systemd does so for it, the only one of that user. */
static const struct ht_process *find_process(const struct ht_daemon *daemon,
                                             const struct ht_vec *engines)
{
    const struct ht_process *only = NULL;
    size_t found = 0;

    if (!ht_str_is(daemon->name, "Docker") || !is_here(daemon->id))
        return NULL;
    for (size_t i = 0; i < engines->len; i++) {
        const struct ht_process *process = ht_process_of(engines->items[i]);

        if (ht_daemon_has_pid(daemon) && process->pid != daemon->pid)
            continue;
        if (ht_daemon_has_socket_uid(daemon) && ht_process_has_euid(process) &&
            process->euid != daemon->socket_uid)
            continue;
        only = process;
        found++;
    }
    return found == 1 ? only : NULL;
}

/* ---- its command line ---- */

static void add_listener(struct told *told, struct ht_str address)
{
    for (size_t i = 0; i < told->len; i++) {
        if (ht_str_equal(told->listeners[i], address))
            return;
    }
    told->listeners[told->len++] = address;
}

/* An address without a scheme is one of TCP. */
static void take_host(struct told *told, struct ht_arena *arena, struct ht_str host)
{
    host = ht_str_trim(host);
    if (ht_str_has_prefix(host, "fd:"))
        told->activated = true;
    else if (ht_str_has_prefix(host, "tcp://"))
        add_listener(told, host);
    else if (host.len && ht_str_find(host, HT_S("://"), 0) < 0)
        add_listener(told, ht_arena_strf(arena, "tcp://%.*s", HT_STR_ARG(host)));
}

static bool is_switched_on(struct ht_str value)
{
    bool on = false;

    return value.len == 0 || (ht_parse_bool(value, &on) == 0 ? on : ht_str_is_nocase(value, "t"));
}

/* The word behind argv[*at], stepped over; empty if there is none. */
static struct ht_str next_word(const struct told *told, size_t *at)
{
    return *at + 1 < told->argv->len ? told->argv->items[++*at] : HT_S("");
}

/* "--host=VALUE", "--host VALUE" and the others that count. */
static void take_long(struct told *told, struct ht_arena *arena, size_t *at)
{
    struct ht_str rest = told->argv->items[*at], name;
    bool joined = ht_str_find_byte(rest, '=') >= 0;

    ht_str_next(&rest, '=', &name);
    if (ht_str_is(name, "--tlsverify"))
        told->verified = is_switched_on(joined ? rest : HT_S(""));
    else if (ht_str_is(name, "--host"))
        take_host(told, arena, joined ? rest : next_word(told, at));
    else if (ht_str_is(name, "--config-file"))
        told->config = joined ? rest : next_word(told, at);
}

/* "-H VALUE", "-HVALUE", "-H=VALUE", also behind switches: "-DH VALUE". */
static void take_short(struct told *told, struct ht_arena *arena, size_t *at)
{
    struct ht_str word = told->argv->items[*at];
    size_t i = 1;

    while (i < word.len && strchr("Dvh", word.data[i]))
        i++;
    if (i >= word.len)
        return;

    bool is_host = word.data[i] == 'H';
    struct ht_str value = ht_str_sub(word, i + 1, word.len);
    if (value.len == 0)
        value = next_word(told, at);
    else if (value.data[0] == '=')
        value = ht_str_sub(value, 1, value.len);
    if (is_host)
        take_host(told, arena, value);
}

static void read_words(struct told *told, struct ht_arena *arena)
{
    for (size_t i = 1; i < told->argv->len; i++) {
        struct ht_str word = told->argv->items[i];

        if (ht_str_is(word, "--"))
            return;
        if (ht_str_has_prefix(word, "--"))
            take_long(told, arena, &i);
        else if (word.len > 1 && word.data[0] == '-')
            take_short(told, arena, &i);
    }
}

/* ---- whether that is all ---- */

/* Swarm's own ports always ask for a certificate. */
static bool is_swarm(struct ht_str address)
{
    return ht_str_has_suffix(address, ":2377") || ht_str_has_suffix(address, ":7946");
}

/* What the kernel shows leaves no port that could take orders unnamed. */
static bool has_no_other_port(const struct ht_process *process)
{
    if (!ht_process_has_listens(process) || process->listens.len >= LISTENS_SHOWN)
        return false;
    for (size_t i = 0; i < process->listens.len; i++) {
        if (!is_swarm(process->listens.items[i]))
            return false;
    }
    return true;
}

/* Sockets that systemd hands over, and a file that was not read, may be anything. */
static bool is_whole(const struct ht_daemon *daemon, const struct ht_process *process,
                     const struct told *told)
{
    if (told->verified || has_no_other_port(process))
        return true;
    return !told->activated && ht_daemon_has_config_file(daemon) &&
           ht_str_equal(told->config, daemon->config_file);
}

struct ht_row *ht_join_daemon(const struct ht_row *row, const struct ht_vec *engines)
{
    struct ht_daemon daemon = *ht_daemon_of(row);
    const struct ht_process *process = find_process(&daemon, engines);

    if (!process)
        return ht_row_ref(row);

    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    size_t known = daemon.tcp_listeners.len;
    struct told told = {
        .argv = &process->argv,
        .listeners = ht_arena_array(arena, struct ht_str, known + process->argv.len),
        .config = HT_S(USUAL_CONFIG),
        .verified = ht_daemon_has_tcp_tls(&daemon) && daemon.tcp_tls,
    };

    for (size_t i = 0; i < known; i++)
        add_listener(&told, daemon.tcp_listeners.items[i]);
    read_words(&told, arena);
    ht_daemon_set_pid(&daemon, process->pid);
    if (told.len || is_whole(&daemon, process, &told))
        ht_daemon_set_tcp_listeners(
            &daemon, (struct ht_text_list){.items = told.listeners, .len = told.len});
    ht_daemon_set_tcp_tls(&daemon, told.verified);
    return ht_row_keep(row, ht_row_new(&ht_daemon_table, &daemon));
}
