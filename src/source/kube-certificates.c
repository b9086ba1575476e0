/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which certificate is why no connection comes about, or why its holder is not known: the client's,
 * an authority's, or one that the server shows. */
#include <config.h>

#include "kube-client.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "hulltop/base/certificate.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum { PEM_MAX = 256 * 1024, CHAIN_MAX = 64, LOOK_MS = 2000 };

/* Certificates from one place, and what is said of them. */
struct lot {
    const char *whose;  /* "the client certificate" */
    const char *place;  /* a file; NULL: the kubeconfig itself, or the server */
    const char *renew;  /* what helps against one that has ended */
    bool one_is_enough; /* that is valid */
};

static void tell(const struct lot *lot, const struct ht_certificate *certificate, int64_t now_ns,
                 struct ht_trouble *trouble)
{
    bool early = now_ns < certificate->start_ns;
    char limit[HT_TIME_TEXT_MAX], now[HT_TIME_TEXT_MAX];

    snprintf(trouble->detail, sizeof(trouble->detail), "%s (%s%s%s) %s %s; this clock says %s",
             lot->whose, certificate->subject, lot->place ? ", " : "", lot->place ? lot->place : "",
             early ? "is not valid before" : "ended",
             ht_time_format_utc(early ? certificate->start_ns : certificate->end_ns, 0, limit),
             ht_time_format_utc(now_ns, 0, now));
    trouble->help = early ? "set the clock of this node; or get a certificate that is valid already"
                          : lot->renew;
}

/* False: all are valid by now, or none can be read. */
static bool tell_lot(const struct lot *lot, struct ht_str pem, int64_t now_ns,
                     struct ht_trouble *trouble)
{
    struct ht_certificate chain[CHAIN_MAX];
    size_t len = ht_certificate_read(pem, chain, CHAIN_MAX);

    const struct ht_certificate *bad = NULL;

    for (size_t i = 0; i < len; i++) {
        bool valid = now_ns >= chain[i].start_ns && now_ns < chain[i].end_ns;

        if (valid && lot->one_is_enough)
            return false;
        if (!valid && !bad)
            bad = &chain[i];
    }
    if (bad)
        tell(lot, bad, now_ns, trouble);
    return bad;
}

static bool tell_given(const struct ht_kube_client *client, const struct ht_kube_pem *given,
                       struct lot lot, struct ht_trouble *trouble)
{
    struct ht_buf text = HT_BUF(PEM_MAX);
    struct ht_error err = {0};
    struct ht_str pem = ht_buf_str(&given->bytes);

    if (pem.len == 0 && given->file) {
        ht_autoclose int fd = open(given->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

        lot.place = given->file;
        if (fd >= 0 && ht_read_fd(fd, given->file, &text, PEM_MAX, &err) == 0)
            pem = ht_buf_str(&text);
    }
    bool told = tell_lot(&lot, pem, ht_clock_wall(client->clock), trouble);
    /* The key may be in the same file. */
    if (text.data)
        ht_wipe(text.data, text.cap);
    ht_buf_fini(&text);
    return told;
}

/* Nothing that is secret is sent to a server that was not verified: it is only asked for what it
 * shows to everybody. */
static bool tell_servers(const struct ht_kube_client *client, struct ht_trouble *trouble)
{
    ht_autobuf struct ht_buf pem = HT_BUF(PEM_MAX);
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    const struct ht_http_options options = {.url = client->access.server,
                                            .proxy = client->access.proxy,
                                            .insecure = true,
                                            .shown = &pem,
                                            .connect_ms = LOOK_MS,
                                            .total_ms = LOOK_MS,
                                            .cancel_fd = client->stop_fd};
    const struct lot lot = {.whose = "the API server's certificate",
                            .renew =
                                "renew it on the control plane (kubeadm certs renew all; k3s, "
                                "rke2: restart the service); check the clock of this node too"};
    struct ht_error err = {0};
    struct ht_http *http = ht_http_new(&options, &err);

    if (!http)
        return false;
    /* Whatever it answers, it has shown them. */
    (void)ht_http_get(http, "/version", &answer, &err);
    ht_http_free(http);
    return tell_lot(&lot, ht_buf_str(&pem), ht_clock_wall(client->clock), trouble);
}

void ht_kube_tell_certificates(const struct ht_kube_client *client, bool of_server,
                               struct ht_trouble *trouble)
{
    const struct ht_kube_access *access = &client->access;
    const struct lot own = {.whose = "the client certificate",
                            .renew = "get a new one (kubeadm certs renew admin.conf; k3s, rke2: "
                                     "restart the service, then copy its kubeconfig); check the "
                                     "clock of this node too"};
    const struct lot authority = {.whose = "the authority's certificate",
                                  .one_is_enough = true,
                                  .renew = "the cluster has a new authority by now: get a new "
                                           "kubeconfig; check the clock of this node too"};

    if (tell_given(client, &access->cert, own, trouble) || !of_server || access->insecure)
        return;
    if (!tell_given(client, &access->ca, authority, trouble))
        tell_servers(client, trouble);
}
