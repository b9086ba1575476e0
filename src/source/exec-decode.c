/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec-decode.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/fanotify.h>

enum {
    /* proc_event: what, cpu, timestamp; then the process, in all kinds that have one. */
    HEAD_BYTES = 16,
    EVENT_BYTES = HEAD_BYTES + 8,
};

static void advance(struct ht_str *text, size_t len)
{
    *text = ht_str_sub(*text, len, text->len);
}

static bool decode_event(struct ht_str body, struct ht_connector_event *ret)
{
    struct cn_msg head;
    struct {
        uint32_t what;
        uint32_t cpu;
        uint64_t at;
        int32_t pid;
        int32_t tgid;
    } event;

    _Static_assert(sizeof(event) == EVENT_BYTES, "the kernel packs it so");
    if (body.len < sizeof(head) + sizeof(event))
        return false;
    memcpy(&head, body.data, sizeof(head));
    if (head.id.idx != CN_IDX_PROC || head.id.val != CN_VAL_PROC || head.len < sizeof(event) ||
        head.len > body.len - sizeof(head))
        return false;
    memcpy(&event, body.data + sizeof(head), sizeof(event));
    if (event.at > INT64_MAX || event.pid <= 0 || event.tgid <= 0)
        return false;
    *ret = (struct ht_connector_event){.what = event.what,
                                       .sequence = head.seq,
                                       .cpu = event.cpu,
                                       .at_mono_ns = (int64_t)event.at,
                                       .pid = event.pid,
                                       .tgid = event.tgid};
    return true;
}

bool ht_connector_next(struct ht_str *text, struct ht_connector_event *ret_event)
{
    struct nlmsghdr head;

    while (text->len >= sizeof(head)) {
        memcpy(&head, text->data, sizeof(head));
        if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > text->len)
            break;
        struct ht_str body = ht_str_sub(*text, sizeof(head), head.nlmsg_len - sizeof(head));
        advance(text, NLMSG_ALIGN(head.nlmsg_len));
        if (head.nlmsg_type == NLMSG_DONE && decode_event(body, ret_event))
            return true;
    }
    advance(text, text->len);
    return false;
}

bool ht_fanotify_next(struct ht_str *text, struct ht_fanotify_event *ret_event)
{
    struct fanotify_event_metadata event;

    if (text->len < sizeof(event))
        return false;
    memcpy(&event, text->data, sizeof(event));
    if (event.vers != FANOTIFY_METADATA_VERSION || event.event_len < sizeof(event) ||
        event.event_len > text->len) {
        advance(text, text->len);
        return false;
    }
    *ret_event = (struct ht_fanotify_event){.mask = event.mask,
                                            .fd = event.fd < 0 ? -1 : event.fd,
                                            .pid = event.pid < 0 ? 0 : event.pid};
    advance(text, event.event_len);
    return true;
}
