/* SPDX-License-Identifier: GPL-2.0-or-later */
/* etcd's API that fails: what is told of the secrets is the whole truth, or nothing with a reason.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tree.h"
#include "hulltop/base/mem.h"
#include "peer-client.h"
#include "src/source/etcd-api.h"

enum { ARENA = 1024 * 1024 };

/* One secret, /registry/secrets/a/b, in plaintext. */
#define SECRET                                                                                     \
    "{\"header\":{\"revision\":\"9\"},\"count\":\"1\",%s\"kvs\":[{\"key\":"                        \
    "\"L3JlZ2lzdHJ5L3NlY3JldHMvYS9i\",\"value\":\"azhzAAoMCgJ2MRIGU2VjcmV0EgFY\"}]}"

static struct peer_client peer;
static char folder[128], body[160], url[64];

static void map(const char *target, const char *suffix, const char *text)
{
    char path[256], command[400];

    snprintf(path, sizeof(path), "%s/%s", folder, suffix);
    ht_test_write_file(path, text);
    snprintf(command, sizeof(command), "map %s %s", target, path);
    peer_tell(&peer, command, NULL, 0);
    unlink(path);
}

static void answer_range(const char *more)
{
    char text[400];

    snprintf(text, sizeof(text), SECRET, more);
    map("/v3/kv/range", "range.json", text);
}

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    snprintf(folder, sizeof(folder), "%s/etcd.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    peer_start(&peer, 1, NULL);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", peer.port);
    snprintf(body, sizeof(body), "%s", "{\"header\":{\"revision\":\"9\"}}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    peer_stop(&peer);
    return rmdir(folder);
}

/* As one that works. */
static void heal(void)
{
    peer_tell(&peer, "mode ok", NULL, 0);
    answer_range("");
    map("/v3/kv/txn", "txn.json", body);
}

static bool at_once(void *context)
{
    (void)context;
    return true;
}

/* Asks, and expects the truth (code 0) or a failure with that code (-1: any) and words. */
static void ask(struct ht_etcd_api *api, int code, const char *words)
{
    struct ht_pace rest = {.step = at_once};
    struct ht_error err = {.code = 0};
    int r = ht_etcd_api_refresh(api, &rest, &err);

    if (code != 0) {
        if ((code < 0 ? r >= 0 : r != -code) || !strstr(err.text, words))
            fail_msg("%d: \"%s\" does not say \"%s\"", r, err.text, words);
        return;
    }
    if (r < 0)
        fail_msg("%s", err.text);

    ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA);
    struct ht_datastore row = {0};
    ht_etcd_api_tell(api, arena, &row);
    assert_true(row.exact);
    assert_int_equal(row.stored.len, 1);
    assert_int_equal(row.stored.items[0].plaintext, 1);
}

static struct ht_etcd_api *client(void)
{
    return ht_etcd_api_new(&(struct ht_etcd_api_options){.url = url});
}

static void fault_12_one_that_comes_back_is_asked_again(void **state)
{
    static const char *const modes[] = {"drop", "cut", "nonsense", "html", "status 500"};
    struct ht_etcd_api *api = client();
    char command[64];

    (void)state;
    heal();
    ask(api, 0, "");
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        snprintf(command, sizeof(command), "mode %s", modes[i]);
        peer_tell(&peer, command, NULL, 0);
        ask(api, -1, "");
        heal();
        ask(api, 0, "");
    }
    ht_etcd_api_free(api);
}

static void fault_12_one_that_is_not_there_is_named(void **state)
{
    struct ht_etcd_api *api =
        ht_etcd_api_new(&(struct ht_etcd_api_options){.url = "http://127.0.0.1:1"});

    (void)state;
    ask(api, -1, "127.0.0.1:1");
    ht_etcd_api_free(api);
}

static void fault_14_one_without_a_leader_says_so(void **state)
{
    struct ht_etcd_api *api = client();

    (void)state;
    heal();
    map("/v3/kv/range", "range.http",
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 35\r\n\r\n"
        "{\"error\":\"etcdserver: no leader\"}\r\n");
    ask(api, -1, "503");
    heal();
    ask(api, 0, "");
    ht_etcd_api_free(api);
}

static void fault_15_a_compaction_meanwhile_starts_it_over_three_times(void **state)
{
    struct ht_etcd_api *api = client();
    char requests[2000];
    unsigned count = 0;

    (void)state;
    heal();
    ask(api, 0, "");
    peer_requests(&peer, 0, requests, sizeof(requests));
    map("/v3/kv/range", "range.http",
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 70\r\n\r\n"
        "{\"error\":\"etcdserver: mvcc: required revision has been compacted\"}   \r");
    ask(api, ESTALE, "the revision was compacted");
    peer_requests(&peer, 0, requests, sizeof(requests));
    for (const char *at = requests; (at = strstr(at, "/v3/kv/range")); at++)
        count++;
    assert_int_equal(count, 3);
    heal();
    ask(api, 0, "");
    ht_etcd_api_free(api);
}

static void pages_that_do_not_go_on_have_an_end(void **state)
{
    struct ht_etcd_api *api = client();

    (void)state;
    heal();
    answer_range("\"more\":true,");
    ask(api, EPROTO, "do not follow each other");
    map("/v3/kv/range", "range.json",
        "{\"header\":{\"revision\":\"9\"},\"count\":\"1\",\"more\":true}");
    ask(api, EPROTO, "do not follow each other");
    ht_etcd_api_free(api);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_12_one_that_comes_back_is_asked_again),
        cmocka_unit_test(fault_12_one_that_is_not_there_is_named),
        cmocka_unit_test(fault_14_one_without_a_leader_says_so),
        cmocka_unit_test(fault_15_a_compaction_meanwhile_starts_it_over_three_times),
        cmocka_unit_test(pages_that_do_not_go_on_have_an_end),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
