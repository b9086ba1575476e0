/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the client that needs no libcurl. */
#include "http-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

enum { FILES_LEAST = 4 }; /* of which libcurl and a connection have need */

static bool is_unreserved(char c)
{
    return ht_is_alnum(c) || (c != '\0' && strchr("-._~", c));
}

void ht_http_escape(struct ht_buf *out, struct ht_str text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        unsigned byte = (unsigned char)text.data[i];

        if (is_unreserved(text.data[i])) {
            ht_buf_add_c(out, text.data[i]);
        } else {
            ht_buf_add_c(out, '%');
            ht_buf_add_c(out, digits[byte >> 4]);
            ht_buf_add_c(out, digits[byte & 15]);
        }
    }
}

static bool find_header(const struct ht_buf *headers, const char *name, struct ht_str *ret_value)
{
    struct ht_str rest = ht_buf_str(headers);
    struct ht_str line;

    while (ht_str_next(&rest, '\n', &line)) {
        ptrdiff_t colon = ht_str_find_byte(line, ':');

        if (colon > 0 && ht_str_is_nocase(ht_str_sub(line, 0, (size_t)colon), name)) {
            *ret_value = ht_str_trim(ht_str_sub(line, (size_t)colon + 1, line.len));
            return true;
        }
    }
    return false;
}

struct ht_str ht_http_header(const struct ht_http_answer *answer, const char *name)
{
    struct ht_str value = HT_STR("");

    if (!find_header(&answer->headers, name, &value))
        find_header(&answer->trailers, name, &value);
    return value;
}

void ht_http_answer_fini(struct ht_http_answer *answer)
{
    ht_buf_fini(&answer->headers);
    ht_buf_fini(&answer->trailers);
    ht_buf_fini(&answer->body);
}

static bool is_socket_path(const char *path)
{
    struct sockaddr_un address;

    return path[0] == '/' && strlen(path) < sizeof(address.sun_path);
}

/* The errno of connecting now; 0 if it works by now. */
static int probe(const char *socket_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    ht_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return errno;
    return 0;
}

/* Where something mounts a socket into a container before its daemon has made it, a directory lies
 * in its place; or somebody named what is none. 0: it is a socket, or not to be seen. */
static int kind_error(const char *name, const char *socket_path, struct ht_error *err)
{
    struct stat about;

    if (!socket_path || stat(socket_path, &about) < 0 || S_ISSOCK(about.st_mode))
        return 0;
    return ht_error_set(err, ENOTSOCK, "%s: is a %s and no socket", name,
                        S_ISDIR(about.st_mode) ? "directory" : "file");
}

/* The kernel asks who may write to it before it asks what it is. */
static int permission_error(const char *name, const char *socket_path, struct ht_error *err)
{
    struct stat about;
    int r = kind_error(name, socket_path, err);

    if (r < 0)
        return r;
    if (socket_path && stat(socket_path, &about) == 0)
        return ht_error_set(err, EACCES, "%s: permission denied (its group is gid %u)", name,
                            (unsigned)about.st_gid);
    return ht_error_set(err, EACCES, "%s: permission denied", name);
}

static int refused_error(const char *name, const char *socket_path, struct ht_error *err)
{
    int r = kind_error(name, socket_path, err);

    if (r < 0)
        return r;
    return ht_error_set(err, ECONNREFUSED, "%s: connection refused: nobody listens there", name);
}

static int files_error(const char *name, int code, struct ht_error *err)
{
    struct rlimit limit = {0};

    if (code == EMFILE && getrlimit(RLIMIT_NOFILE, &limit) == 0)
        return ht_error_set(err, EMFILE, "%s: cannot connect: hulltop may open %llu files, no more",
                            name, (unsigned long long)limit.rlim_cur);
    return ht_error_set(err, EMFILE, "%s: cannot connect: the node can open no more files", name);
}

int ht_http_may_open(const char *name, struct ht_error *err)
{
    int fds[FILES_LEAST], code = 0;
    size_t len = 0;

    while (len < FILES_LEAST && code == 0) {
        fds[len] = open("/", O_PATH | O_CLOEXEC);
        code = fds[len] < 0 && (errno == EMFILE || errno == ENFILE) ? errno : 0;
        len++;
    }
    while (len > 0) {
        if (fds[--len] >= 0)
            close(fds[len]);
    }
    return code ? files_error(name, code, err) : 0;
}

int ht_http_connect_error(const char *name, const char *socket_path, int code, const char *detail,
                          struct ht_error *err)
{
    if (socket_path)
        code = probe(socket_path);
    switch (code) {
    case ENOENT:
    case ENOTDIR:
        return ht_error_set(err, ENOENT, "%s: there is no such socket", name);
    case EACCES:
    case EPERM:
        return permission_error(name, socket_path, err);
    case ECONNREFUSED:
        return refused_error(name, socket_path, err);
    case EMFILE:
    case ENFILE:
        return files_error(name, code, err);
    case EAGAIN:
        return ht_error_set(err, ETIMEDOUT, "%s: takes no connection: its queue is full", name);
    case ETIMEDOUT:
        return ht_error_set(err, ETIMEDOUT, "%s: no connection in time", name);
    case 0:
        return ht_error_set(err, EHOSTUNREACH, "%s: cannot connect: %s", name, detail);
    default:
        ht_error_errno(err, code, "%s: cannot connect", name);
        if (err)
            err->code = EHOSTUNREACH;
        return -EHOSTUNREACH;
    }
}

int ht_http_timeout_error(const char *name, const char *text, int64_t patience_ns,
                          struct ht_error *err)
{
    int64_t ms = patience_ns / HT_NS_PER_MS;

    if (ms % 1000)
        return ht_error_set(err, ETIMEDOUT, "%s: %s within %lld ms", name, text, (long long)ms);
    return ht_error_set(err, ETIMEDOUT, "%s: %s within %lld s", name, text, (long long)(ms / 1000));
}

static bool is_url(const char *url)
{
    struct ht_str rest = ht_str_from(url);

    if (ht_str_has_prefix(rest, "http://"))
        rest = ht_str_sub(rest, 7, rest.len);
    else if (ht_str_has_prefix(rest, "https://"))
        rest = ht_str_sub(rest, 8, rest.len);
    else
        return false;
    for (size_t i = 0; i < rest.len; i++)
        if ((unsigned char)rest.data[i] <= ' ' || strchr("/?#@\\\x7f", rest.data[i]))
            return false;
    return rest.len > 0;
}

int ht_http_check_options(const struct ht_http_options *options, struct ht_error *err)
{
    const char *path = options->socket_path;

    if (path && !is_socket_path(path))
        return ht_error_set(err, EINVAL, "%s: no absolute path that is short enough for a socket",
                            path);
    /* A name in front of the host may come with a password: it is not quoted. */
    if (!path && options->url && strchr(options->url, '@'))
        return ht_error_set(err, EINVAL, "an address with a user's name cannot be used");
    if (!path && options->name && !(options->url && is_url(options->url)))
        return ht_error_set(err, EINVAL, "%s: what follows :// is not HOST:PORT", options->name);
    if (!path && !(options->url && is_url(options->url)))
        return ht_error_set(err, EINVAL, "%s: neither http://HOST:PORT nor https://HOST:PORT",
                            options->url ? options->url : "(no address)");
    if (!options->cert_file != !options->key_file)
        return ht_error_set(err, EINVAL,
                            "a client certificate needs its key, and a key its "
                            "certificate");
    return 0;
}

bool ht_http_is_path(const char *path)
{
    if (!path || path[0] != '/')
        return false;
    for (; *path; path++)
        if ((unsigned char)*path <= ' ' || *path == 0x7f || *path == '#')
            return false;
    return true;
}

bool ht_http_peers_agree(struct ht_http *http)
{
    for (size_t i = 0; i < HT_HTTP_SOCKETS; i++) {
        struct ucred ucred = {0};
        socklen_t len = sizeof(ucred);

        if (http->fresh[i] == 0 ||
            getsockopt(http->fresh[i], SOL_SOCKET, SO_PEERCRED, &ucred, &len) < 0)
            continue;
        /* Not connected yet: nothing can have come from there. */
        if (ucred.uid == (uid_t)-1)
            continue;
        http->fresh[i] = 0;
        if (http->peer.known)
            http->by_others = http->by_others || ucred.uid != http->peer.uid;
        else
            http->peer = (struct ht_http_peer){
                .known = true, .uid = ucred.uid, .pid = ucred.pid > 0 ? (uint64_t)ucred.pid : 0};
    }
    return !http->by_others;
}

int ht_http_not_http(const struct ht_http *http, const struct ht_http_transfer *t,
                     struct ht_error *err)
{
    return ht_error_set(err, EPROTO, "%s: what answers there does not speak HTTP%s (%s)",
                        http->name, http->options.http2 ? "/2" : "", t->detail);
}

int ht_http_closed(const struct ht_http *http, const struct ht_http_transfer *t,
                   struct ht_error *err)
{
    bool tls = ht_str_has_prefix(ht_str_from(http->base), "https:");
    const char *hint = "";

    if (t->byte_ns)
        return ht_error_set(err, ECONNRESET, "%s: closed the connection in the middle of an answer",
                            http->name);
    /* TLS 1.3 refuses a client's certificate, or that there is none, only after the handshake;
     * some servers close without a word. */
    if (tls && strstr(t->detail, "alert"))
        return ht_error_set(err, EKEYREJECTED, "%s: TLS failed: %s", http->name, t->detail);
    if (tls && !http->cert_file)
        hint = "; it may want a client certificate";
    else if (http->options.http2)
        hint = ", or does not speak HTTP/2";
    return ht_error_set(err, ECONNRESET, "%s: closed the connection without an answer%s",
                        http->name, hint);
}

/* An HTTP/2 stream that was closed before its end. */
int ht_http_reset(const struct ht_http *http, const struct ht_http_transfer *t,
                  struct ht_error *err)
{
    if (!http->options.http2)
        return ht_http_not_http(http, t, err);
    return ht_error_set(err, ECONNRESET, "%s: ended an answer before its end (%s)", http->name,
                        t->detail);
}
