/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube-plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define LIMIT_NS (20 * HT_NS_PER_S)

enum { OUTPUT_MAX = 1024 * 1024, TURN_MS = 100 };

extern char **environ;

/* ---- what the kubeconfig says ---- */

static char *copy(struct ht_str text)
{
    return ht_strndup(text.data ? text.data : "", text.len);
}

static int add_arguments(struct ht_kube_plugin *plugin, const struct ht_yaml *list,
                         struct ht_error *err)
{
    size_t len = list && list->kind == HT_YAML_LIST ? list->len : 0;

    if (len > HT_KUBE_PLUGIN_WORDS)
        return ht_error_set(err, E2BIG, "exec: more than %d args", (int)HT_KUBE_PLUGIN_WORDS);
    for (size_t i = 0; i < len; i++)
        plugin->argv[i + 1] = copy(list->items[i].text);
    return 0;
}

static int add_environment(struct ht_kube_plugin *plugin, const struct ht_yaml *list,
                           struct ht_error *err)
{
    size_t len = list && list->kind == HT_YAML_LIST ? list->len : 0;

    if (len > HT_KUBE_PLUGIN_WORDS)
        return ht_error_set(err, E2BIG, "exec: more than %d env", (int)HT_KUBE_PLUGIN_WORDS);
    for (size_t i = 0; i < len; i++) {
        ht_autobuf struct ht_buf pair = HT_BUF(HT_LIMIT_ARG);

        ht_buf_add_str(&pair, ht_yaml_text(&list->items[i], "name"));
        ht_buf_add_c(&pair, '=');
        ht_buf_add_str(&pair, ht_yaml_text(&list->items[i], "value"));
        plugin->environment[i] = ht_buf_take(&pair);
    }
    return 0;
}

struct ht_kube_plugin *ht_kube_plugin_free(struct ht_kube_plugin *plugin)
{
    if (!plugin)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(plugin->argv); i++)
        free(plugin->argv[i]);
    for (size_t i = 0; i < ARRAY_LEN(plugin->environment); i++)
        free(plugin->environment[i]);
    free(plugin->api);
    free(plugin);
    return NULL;
}

struct ht_kube_plugin *ht_kube_plugin_decode(const struct ht_yaml *exec, struct ht_str folder,
                                             struct ht_error *err)
{
    struct ht_kube_plugin *plugin = ht_new0(struct ht_kube_plugin);
    struct ht_str command = ht_yaml_text(exec, "command");
    ht_autobuf struct ht_buf path = HT_BUF(HT_LIMIT_ARG);

    /* A name alone is looked for on the path; another relative one lies beside the file. */
    if (command.len && command.data[0] != '/' && ht_str_find_byte(command, '/') >= 0)
        ht_buf_add_str(&path, folder);
    ht_buf_add_str(&path, command);
    plugin->argv[0] = ht_buf_take(&path);
    plugin->api = copy(ht_yaml_text(exec, "apiVersion"));
    if (command.len == 0)
        ht_error_set(err, EINVAL, "exec: no command");
    else if (add_arguments(plugin, ht_yaml_get(exec, "args"), err) == 0 &&
             add_environment(plugin, ht_yaml_get(exec, "env"), err) == 0)
        return plugin;
    return ht_kube_plugin_free(plugin);
}

/* ---- what it gives ---- */

static void take(const struct ht_json *status, const char *key, struct ht_buf *out)
{
    struct ht_str text;

    ht_buf_reset(out);
    if (ht_json_string(ht_json_get(status, key), &text))
        ht_buf_add_str(out, text);
}

int ht_kube_plugin_read(struct ht_str text, const char *name, struct ht_kube_credentials *ret,
                        struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(4 * OUTPUT_MAX);
    const struct ht_json *root = ht_json_parse(arena, name, text, NULL);
    const struct ht_json *status = ht_json_get(root, "status");

    if (!ht_json_is_object(status))
        return ht_error_set(err, EINVAL, "%s: what it wrote is no ExecCredential with a status",
                            name);
    take(status, "token", &ret->token);
    take(status, "clientCertificateData", &ret->certificate);
    take(status, "clientKeyData", &ret->key);
    if (ret->token.len == 0 && (ret->certificate.len == 0 || ret->key.len == 0))
        return ht_error_set(err, EINVAL,
                            "%s: it gave neither a token nor a certificate with its "
                            "key",
                            name);
    return 0;
}

/* ---- running ---- */

static bool begins_same(const char *a, const char *b)
{
    size_t name = strcspn(b, "=") + 1;

    return strncmp(a, b, name) == 0;
}

/* Our environment with its own pairs in place of ours of these names. */
static char **make_environment(const struct ht_kube_plugin *plugin, char *info)
{
    size_t ours = 0, len = 0;
    char **all;

    while (environ[ours])
        ours++;
    all = ht_new_array(char *, ours + HT_KUBE_PLUGIN_WORDS + 2);
    for (size_t i = 0; i < ours; i++) {
        bool replaced = begins_same(environ[i], info);

        for (size_t j = 0; plugin->environment[j] && !replaced; j++)
            replaced = begins_same(environ[i], plugin->environment[j]);
        if (!replaced)
            all[len++] = environ[i];
    }
    for (size_t j = 0; plugin->environment[j]; j++)
        all[len++] = plugin->environment[j];
    all[len++] = info;
    return all;
}

/* Begins it in a process group of its own, with the signals that a program expects. */
static int spawn(const struct ht_kube_plugin *plugin, char **environment, int out, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    int r;

    sigemptyset(&none);
    sigfillset(&usual);
    sigdelset(&usual, SIGKILL);
    sigdelset(&usual, SIGSTOP);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return -ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return -ENOMEM;
    }
    r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (r == 0)
        r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    if (r == 0)
        r = posix_spawnp(ret_pid, plugin->argv[0], &actions, &attributes, plugin->argv,
                         environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return -r;
}

/* Reads to the end: 0, or -errno. */
static int read_output(int fd, int stop_fd, struct ht_buf *out)
{
    int64_t end = ht_clock_mono(ht_clock_system()) + LIMIT_NS;

    for (;;) {
        struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
        int64_t left = end - ht_clock_mono(ht_clock_system());
        size_t room;
        char *at = ht_buf_room(out, 4096, &room);

        if (left <= 0)
            return -ETIMEDOUT;
        if (room == 0)
            return -EFBIG;
        if (poll(fds, ARRAY_LEN(fds), (int)(left / HT_NS_PER_MS) + 1) < 0 && errno != EINTR)
            return -errno;
        if (fds[1].revents)
            return -ECANCELED;
        if (!fds[0].revents)
            continue;

        ssize_t n = read(fd, at, room);
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        ht_buf_grow(out, (size_t)n);
    }
}

/* Its end: the status of waitpid, or -ETIMEDOUT if it closed its output and goes on. */
static int wait_for(pid_t pid, int stop_fd)
{
    int64_t end = ht_clock_mono(ht_clock_system()) + LIMIT_NS;
    int status = 0;

    for (;;) {
        struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
        pid_t ended = waitpid(pid, &status, WNOHANG);

        if (ended == pid)
            return status;
        if (ended < 0 && errno != EINTR)
            return -errno;
        if (poll(&stop, 1, TURN_MS) > 0 || ht_clock_mono(ht_clock_system()) >= end)
            return -ETIMEDOUT;
    }
}

static int finish(const char *name, pid_t pid, int r, int stop_fd, struct ht_error *err)
{
    int status = r < 0 ? r : wait_for(pid, stop_fd);

    if (status < 0) {
        /* With whatever it started. */
        kill(-pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return ht_error_errno(err, -status, "%s", name);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return ht_error_set(err, EPERM, "%s: ended with status %d: run it by hand to see why", name,
                            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}

static int run(const struct ht_kube_plugin *plugin, int stop_fd, struct ht_buf *output,
               struct ht_error *err)
{
    ht_autobuf struct ht_buf info = HT_BUF(HT_LIMIT_ARG);
    ht_autofree char **environment = NULL;
    ht_autoclose int in = -1, out = -1;
    int ends[2];
    pid_t pid;
    int r;

    ht_buf_addf(&info,
                "KUBERNETES_EXEC_INFO={\"apiVersion\":\"%s\",\"kind\":\"ExecCredential\",\"spec\":"
                "{\"interactive\":false}}",
                strpbrk(plugin->api, "\"\\") ? "" : plugin->api);
    environment = make_environment(plugin, info.data);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return ht_error_errno(err, errno, "%s", plugin->argv[0]);
    in = ends[0];
    out = ends[1];
    r = spawn(plugin, environment, out, &pid);
    if (r < 0)
        return ht_error_errno(err, -r, "%s", plugin->argv[0]);
    close(ht_steal_fd(&out));
    r = read_output(in, stop_fd, output);
    return finish(plugin->argv[0], pid, r, stop_fd, err);
}

int ht_kube_plugin_run(const struct ht_kube_plugin *plugin, int stop_fd,
                       struct ht_kube_credentials *ret, struct ht_error *err)
{
    struct ht_buf output = HT_BUF(OUTPUT_MAX);
    int r = run(plugin, stop_fd, &output, err);

    if (r == 0)
        r = ht_kube_plugin_read(ht_buf_str(&output), plugin->argv[0], ret, err);
    if (output.data)
        ht_wipe(output.data, output.cap);
    ht_buf_fini(&output);
    return r;
}
