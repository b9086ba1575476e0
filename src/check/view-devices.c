/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which devices of the node a container has, and what they are.
 *
 * A runtime is given a name, which may be a link: /dev/VG/LV is /dev/dm-0. The kernel tells the
 * device files that are in the container by the names of the kernel.
 */
#include "view.h"

#include "hulltop/base/mem.h"

bool ht_device_may_write(const struct ht_device *device)
{
    return !ht_device_has_permissions(device) || ht_str_find_byte(device->permissions, 'w') >= 0;
}

bool ht_view_device_is_block(const struct view *view, struct ht_str path)
{
    return ht_privilege_has_block_devices(view->effective) &&
           ht_text_list_has(&view->effective->block_devices, path);
}

/* Whether the device file of that name is this one. Only a disk surely has the node's name there.
 */
static bool is_of(const struct view *view, const struct ht_device *device, struct ht_str path)
{
    return ht_str_equal(device->host_path, path) ||
           (ht_str_equal(device->path, path) && !ht_view_device_is_block(view, path));
}

const struct ht_fact_path *ht_view_device(const struct view *view, struct ht_str path)
{
    const struct ht_fact_path *fact = ht_facts_device(view->facts, path);
    struct ht_fact_path *disk;

    if (fact || !ht_view_device_is_block(view, path))
        return fact;
    disk = ht_arena_array(ht_checking_arena(view->checking), struct ht_fact_path, 1);
    *disk = (struct ht_fact_path){
        .path = path, .kind = HT_FACT_DEVICE_BLOCK, .gives = HT_S("a block device of the node")};
    return disk;
}

bool ht_view_device_is_named(const struct view *view, struct ht_str path)
{
    const struct ht_device_list *devices = &view->container->devices;

    for (size_t i = 0; i < devices->len; i++) {
        if (is_of(view, &devices->items[i], path))
            return true;
    }
    return false;
}

/* A folder gives the device files that are in it, by the names that they have on the node. */
static bool is_in(const struct ht_device *device, struct ht_str path)
{
    return device->host_path.len && path.len > device->host_path.len &&
           ht_path_lies_in(path, device->host_path);
}

const struct ht_device *ht_view_device_folder(const struct view *view, struct ht_str path)
{
    const struct ht_device_list *devices = &view->container->devices;

    for (size_t i = 0; i < devices->len; i++) {
        if (is_in(&devices->items[i], path))
            return &devices->items[i];
    }
    return NULL;
}

bool ht_view_device_is_folder(const struct view *view, const struct ht_device *device)
{
    const struct ht_text_list *seen = &view->effective->devices;

    for (size_t i = 0; ht_privilege_has_devices(view->effective) && i < seen->len; i++) {
        if (is_in(device, seen->items[i]))
            return true;
    }
    return false;
}

bool ht_device_is_character(const struct ht_device *device)
{
    static const char *const folders[] = {"/dev/serial", "/dev/input", "/dev/snd", "/dev/v4l",
                                          "/dev/dri"};

    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        if (ht_path_lies_in(device->host_path, ht_str_from(folders[i])))
            return true;
    }
    return false;
}

bool ht_device_is_beside(const struct ht_device *device)
{
    return ht_device_has_path(device) && !ht_path_lies_in(device->path, HT_S("/dev"));
}

bool ht_view_device_is_blind(const struct view *view, const struct ht_device *device)
{
    const struct ht_text_list *seen = &view->effective->devices;

    if (ht_view_device(view, device->host_path))
        return false;
    for (size_t i = 0; ht_privilege_has_devices(view->effective) && i < seen->len; i++) {
        if (is_of(view, device, seen->items[i]))
            return false;
    }
    return true;
}

bool ht_view_has_all_devices(const struct view *view)
{
    return ((ht_privilege_has_all_devices(view->declared) && view->declared->all_devices) ||
            (ht_privilege_has_privileged(view->effective) && view->effective->privileged)) &&
           !ht_view_is_apart(view);
}

/* One that was declared and that it may write. */
static struct ht_str raw_declared(const struct view *view, bool *ret_blind)
{
    const struct ht_device_list *devices = &view->container->devices;

    for (size_t i = 0; i < devices->len; i++) {
        const struct ht_device *device = &devices->items[i];

        if (!ht_device_may_write(device))
            continue;
        if (ht_facts_device_is_raw(ht_view_device(view, device->host_path)))
            return device->host_path;
        *ret_blind = *ret_blind || ht_view_device_is_blind(view, device);
    }
    return (struct ht_str){0};
}

struct ht_str ht_view_raw_device(const struct view *view)
{
    const struct ht_privilege *effective = view->effective;
    bool blind = false, all = ht_view_is_privileged(view);
    struct ht_str path;

    /* The files belong to the node's root. */
    if (ht_view_is_apart(view))
        return (struct ht_str){0};
    path = raw_declared(view, &blind);
    /* A device file alone opens nothing: the device cgroup must let it, as privileged does. */
    if (!ht_privilege_has_devices(effective) || !(all || blind))
        return path;
    for (size_t i = 0; path.len == 0 && i < effective->devices.len; i++) {
        struct ht_str seen = effective->devices.items[i];
        const struct ht_fact_path *fact =
            all ? ht_facts_device(view->facts, seen) : ht_view_device(view, seen);

        if (ht_facts_device_is_raw(fact) && (all || !ht_view_device_is_named(view, seen)))
            path = seen;
    }
    return path;
}
