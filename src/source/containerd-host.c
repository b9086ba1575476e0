/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether containerd's settings open a port as well. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "containerd-private.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

#define USUAL_CONFIG "/etc/containerd/config.toml"

/* "--config PATH", "-c PATH" and the same with "=", in the words of a command line. */
static struct ht_str config_of(struct ht_str words)
{
    struct ht_str word, config = HT_STR(USUAL_CONFIG);

    while (ht_str_next(&words, '\0', &word)) {
        static const char *const options[] = {"--config", "-config", "-c"};

        for (size_t i = 0; i < ARRAY_LEN(options); i++) {
            size_t len = strlen(options[i]);

            if (ht_str_is(word, options[i]))
                ht_str_next(&words, '\0', &config);
            else if (ht_str_has_prefix(word, options[i]) && word.data[len] == '=')
                config = ht_str_sub(word, len + 1, word.len);
        }
    }
    return config;
}

/* The text behind KEY = "..." of a line; false if the line says something else. */
static bool has_setting(struct ht_str line, const char *key, struct ht_str *ret_value)
{
    ptrdiff_t equals = ht_str_find_byte(line, '=');

    if (equals < 0 || !ht_str_is(ht_str_trim(ht_str_sub(line, 0, (size_t)equals)), key))
        return false;
    line = ht_str_trim(ht_str_sub(line, (size_t)equals + 1, line.len));
    *ret_value = line;
    if (line.len >= 2 && (line.data[0] == '"' || line.data[0] == '\''))
        *ret_value = ht_str_sub(line, 1, line.len - 2);
    return true;
}

/* Settings that include others cannot be told from one file. */
static void read_config(struct ht_arena *arena, struct ht_str text, struct ht_daemon *daemon)
{
    struct ht_str *listener = ht_arena_array(arena, struct ht_str, 1);
    struct ht_str line, value;
    bool tls = false;
    size_t len = 0;

    while (ht_str_next(&text, '\n', &line)) {
        if (has_setting(line, "imports", &value) && !ht_str_is(value, "[]"))
            return;
        if (has_setting(line, "tcp_tls_ca", &value) && value.len)
            tls = true;
        if (has_setting(line, "tcp_address", &value) && value.len) {
            listener[0] = ht_arena_strf(arena, "tcp://%.*s", HT_STR_ARG(value));
            len = 1;
        }
    }
    ht_daemon_set_tcp_listeners(daemon, (struct ht_text_list){.items = listener, .len = len});
    ht_daemon_set_tcp_tls(daemon, tls);
}

void ht_containerd_host_facts(struct ht_arena *arena, struct ht_daemon *daemon)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autobuf struct ht_buf words = HT_BUF(HT_LIMIT_PROC_FILE), text = HT_BUF(HT_LIMIT_FILE);
    ht_autofree char *config = NULL;
    struct ht_str path;
    char file[64];
    int r;

    if (!ht_daemon_has_pid(daemon) || ht_root_open(&root, "/", NULL) < 0)
        return;
    snprintf(file, sizeof(file), "/proc/%llu/cmdline", (unsigned long long)daemon->pid);
    if (ht_read_at(AT_FDCWD, file, &words, HT_LIMIT_PROC_FILE, NULL) < 0 || words.len == 0)
        return;
    path = config_of(ht_buf_str(&words));
    if (path.len == 0 || path.data[0] != '/')
        return;
    config = ht_strndup(path.data, path.len);
    r = ht_root_read(&root, config, &text, HT_LIMIT_FILE, NULL);
    /* Without the usual file containerd has its own settings, and they open no port. */
    if (r == 0 || (r == -ENOENT && strcmp(config, USUAL_CONFIG) == 0))
        read_config(arena, ht_buf_str(&text), daemon);
}
