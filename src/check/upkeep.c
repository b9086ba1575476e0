/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Support and known holes by dated tables. */
#include "hulltop/check/upkeep.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/version.h"

#define DAY_NS (24 * 60 * 60 * HT_NS_PER_S)

enum { TABLE_OLD_DAYS = 180, PAID_DAYS = 30, IDS_MAX = 200 };

int64_t ht_upkeep_day(int64_t now)
{
    return now / DAY_NS;
}

/* "2026-08-22" to ns since 1970; false for none. */
static bool parse_day(struct ht_str day, struct ht_arena *arena, int64_t *ret_ns)
{
    return day.len &&
           ht_parse_time(ht_arena_strf(arena, "%.*sT00:00:00Z", HT_STR_ARG(day)), ret_ns) == 0;
}

/* The last day of support belongs to it. A day of a recording may be any number. */
static bool is_past(int64_t day, int64_t now)
{
    int64_t since;

    return __builtin_sub_overflow(now, day, &since) ? now > day : since >= DAY_NS;
}

static bool is_old(int64_t table_date, int64_t now)
{
    int64_t age;

    return __builtin_sub_overflow(now, table_date, &age) ? now > table_date
                                                         : age > TABLE_OLD_DAYS * DAY_NS;
}

/* A clock that stands before the day of our own table is wrong: it would find everything
 * supported. */
static bool is_clock_wrong(int64_t table_date, int64_t now)
{
    return table_date && now < table_date - DAY_NS;
}

/* ---- support ---- */

static void take_local(struct ht_support *support)
{
    if (ht_support_has_local_end(support))
        ht_support_set_end(support, support->local_end);
    if (ht_support_has_local_security_end(support))
        ht_support_set_security_end(support, support->local_security_end);
    if (ht_support_has_local_paid_end(support))
        ht_support_set_paid_end(support, support->local_paid_end);
    if (ht_support_has_local_table(support))
        ht_support_set_table(support, support->local_table);
    ht_support_set_table_date(support, support->local_date);
}

static void take_cycle(const struct ht_facts *facts, const struct ht_fact_cycle *cycle,
                       struct ht_arena *arena, struct ht_support *support)
{
    int64_t day;

    if (parse_day(cycle->end, arena, &day))
        ht_support_set_end(support, day);
    if (parse_day(cycle->security, arena, &day))
        ht_support_set_security_end(support, day);
    if (parse_day(cycle->paid, arena, &day))
        ht_support_set_paid_end(support, day);
    ht_support_set_table(support, HT_S("support.yaml"));
    if (parse_day(ht_facts_support_date(facts), arena, &day))
        ht_support_set_table_date(support, day);
}

/* Paid support that is in use: its lists come in. */
static bool is_paid(const struct ht_support *support, int64_t now)
{
    int64_t age;

    return ht_support_has_paid(support) && support->paid && ht_support_has_paid_at(support) &&
           !__builtin_sub_overflow(now, support->paid_at, &age) && age <= PAID_DAYS * DAY_NS;
}

static enum ht_support_state state_of(const struct ht_support *support, int64_t now)
{
    /* A release line that is current has no last day yet. */
    if (!ht_support_has_end(support) || !is_past(support->end, now))
        return HT_SUPPORT_STATE_SUPPORTED;
    if (ht_support_has_security_end(support) && !is_past(support->security_end, now))
        return HT_SUPPORT_STATE_SECURITY_ONLY;
    if (ht_support_has_paid_end(support) && !is_past(support->paid_end, now) &&
        is_paid(support, now))
        return HT_SUPPORT_STATE_PAID_ONLY;
    return HT_SUPPORT_STATE_ENDED;
}

void ht_upkeep_support(const struct ht_facts *facts, int64_t now, struct ht_arena *arena,
                       struct ht_support *support)
{
    const struct ht_fact_cycle *cycle = ht_facts_cycle(facts, support->product, support->cycle);
    int64_t ours = 0;

    (void)parse_day(ht_facts_support_date(facts), arena, &ours);
    if (ht_support_has_local_end(support) && ht_support_has_local_date(support) &&
        (!cycle || support->local_date > ours)) {
        take_local(support);
    } else if (cycle) {
        take_cycle(facts, cycle, arena, support);
    } else {
        ht_support_set_state(support, HT_SUPPORT_STATE_UNKNOWN);
        return;
    }
    if (is_clock_wrong(ours, now))
        ht_support_set_state(support, HT_SUPPORT_STATE_UNKNOWN);
    else
        ht_support_set_state(support, state_of(support, now));
    if (ht_support_has_table_date(support))
        ht_support_set_table_old(support, is_old(support->table_date, now));
}

/* ---- known holes ---- */

struct ids {
    struct ht_str items[IDS_MAX];
    size_t len;
};

/* One component while it is judged. */
struct judging {
    const struct ht_facts *facts;
    struct ht_component *component;
    struct ht_str version; /* upstream, of what runs or, if nothing does, of what is on disk */
    struct ids affected, patched, undecided;
};

static void add_id(struct ids *ids, struct ht_str id)
{
    for (size_t i = 0; i < ids->len; i++) {
        if (ht_str_equal(ids->items[i], id))
            return;
    }
    if (ids->len < IDS_MAX)
        ids->items[ids->len++] = id;
}

static struct ht_text_list as_list(struct ht_arena *arena, const struct ids *ids)
{
    struct ht_str *items = ht_arena_array(arena, struct ht_str, ids->len);

    for (size_t i = 0; i < ids->len; i++)
        items[i] = ids->items[i];
    return (struct ht_text_list){.items = items, .len = ids->len};
}

struct ht_str ht_upkeep_upstream(struct ht_str version)
{
    static const char *const marks[] = {"+dfsg", "+ds", "~dfsg", "~ds"};
    ptrdiff_t colon = ht_str_find_byte(version, ':');
    ptrdiff_t cut;

    version = ht_str_sub(version, (size_t)(colon + 1), version.len);
    cut = ht_str_rfind_byte(version, '-');
    /* "1.0.0-rc93" has a candidate there, "1.2-1" a revision. */
    if (cut > 0 && (size_t)cut + 1 < version.len && version.data[cut + 1] >= '0' &&
        version.data[cut + 1] <= '9')
        version.len = (size_t)cut;
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        cut = ht_str_find(version, ht_str_from(marks[i]), 0);
        if (cut > 0)
            version.len = (size_t)cut;
    }
    return ht_version_is_upstream(version) ? version : (struct ht_str){0};
}

static bool is_in_range(struct ht_str version, struct ht_str range)
{
    struct ht_str from;

    (void)ht_str_next(&range, ' ', &from);
    return (ht_str_is(from, "0") || ht_version_compare_upstream(version, from) >= 0) &&
           ht_version_compare_upstream(version, range) < 0;
}

static bool is_in_hole(struct ht_str version, const struct ht_fact_hole *hole)
{
    for (size_t i = 0; i < hole->ranges.len; i++) {
        if (is_in_range(version, hole->ranges.items[i]))
            return true;
    }
    return false;
}

static bool is_in_any(const struct judging *judging, struct ht_str version)
{
    size_t len;
    const struct ht_fact_hole *holes = ht_facts_holes(judging->facts, &len);

    for (size_t i = 0; i < len; i++) {
        if (ht_str_equal(holes[i].component, judging->component->name) &&
            is_in_hole(version, &holes[i]))
            return true;
    }
    return false;
}

/* The lowest fixed release above version that no known hole is in. */
static struct ht_str find_fixed(const struct judging *judging)
{
    size_t len;
    const struct ht_fact_hole *holes = ht_facts_holes(judging->facts, &len);
    struct ht_str best = {0};

    for (size_t i = 0; i < len; i++) {
        if (!ht_str_equal(holes[i].component, judging->component->name))
            continue;
        for (size_t j = 0; j < holes[i].ranges.len; j++) {
            struct ht_str fixed = holes[i].ranges.items[j], from;

            (void)ht_str_next(&fixed, ' ', &from);
            if (ht_version_compare_upstream(fixed, judging->version) > 0 &&
                (!best.len || ht_version_compare_upstream(fixed, best) < 0) &&
                !is_in_any(judging, fixed))
                best = fixed;
        }
    }
    return best;
}

/* The advisory file outranks the changelog, which outranks the range; that alone decides only for
 * the project's own builds. */
static void judge_hole(struct judging *judging, const struct ht_fact_hole *hole)
{
    const struct ht_component *component = judging->component;

    if (!is_in_hole(judging->version, hole))
        return;
    if (ht_text_list_has(&component->advisories_fixed, hole->id) ||
        (!ht_text_list_has(&component->advisories, hole->id) &&
         ht_text_list_has(&component->changelog, hole->id)))
        add_id(&judging->patched, hole->id);
    else if (ht_text_list_has(&component->advisories, hole->id) ||
             (ht_component_has_vendor(component) && component->vendor))
        add_id(&judging->affected, hole->id);
    else
        add_id(&judging->undecided, hole->id);
}

static void judge_holes(struct judging *judging)
{
    size_t len;
    const struct ht_fact_hole *holes = ht_facts_holes(judging->facts, &len);

    for (size_t i = 0; i < len; i++) {
        if (ht_str_equal(holes[i].component, judging->component->name))
            judge_hole(judging, &holes[i]);
    }
    /* What the file says about the package holds for all it says, not for our table's ids alone. */
    for (size_t i = 0; i < judging->component->advisories.len; i++)
        add_id(&judging->affected, judging->component->advisories.items[i]);
}

static enum ht_component_state component_state(const struct judging *judging)
{
    if (judging->affected.len)
        return HT_COMPONENT_STATE_AFFECTED;
    if (!judging->version.len || judging->undecided.len ||
        !ht_facts_stack_knows(judging->facts, judging->component->name))
        return HT_COMPONENT_STATE_UNKNOWN;
    return HT_COMPONENT_STATE_FIXED;
}

/* ---- its support ---- */

static struct ht_str product_of(const struct ht_component *component, struct ht_str version)
{
    if (ht_str_is(component->name, "kubelet") || ht_str_is(component->name, "kube-apiserver"))
        return ht_str_find(version, HT_S("-eks-"), 0) >= 0 ? HT_S("eks") : HT_S("kubernetes");
    return component->name;
}

static void judge_support(const struct judging *judging, int64_t now, struct ht_arena *arena)
{
    struct ht_component *component = judging->component;
    const struct ht_fact_cycle *cycle =
        ht_facts_cycle(judging->facts, product_of(component, judging->version), judging->version);
    int64_t day, ours = 0;

    (void)parse_day(ht_facts_support_date(judging->facts), arena, &ours);
    if (!judging->version.len || !cycle || is_clock_wrong(ours, now))
        return;
    ht_component_set_cycle(component, cycle->cycle);
    ht_component_set_ended(component, false);
    if (parse_day(cycle->end, arena, &day)) {
        ht_component_set_end(component, day);
        ht_component_set_ended(component, is_past(day, now));
    }
}

static void set_tables(const struct judging *judging, int64_t now, struct ht_arena *arena)
{
    int64_t holes = 0, support = 0;

    ht_component_set_table(judging->component, HT_S("stack.yaml, support.yaml"));
    if (!parse_day(ht_facts_stack_date(judging->facts), arena, &holes) ||
        !parse_day(ht_facts_support_date(judging->facts), arena, &support))
        return;
    int64_t older = holes < support ? holes : support;
    ht_component_set_table_date(judging->component, older);
    ht_component_set_table_old(judging->component, is_old(older, now));
}

/* What is judged: what runs, if that is known; what is on disk only if nothing else runs. */
static struct ht_str judged_version(const struct ht_component *component)
{
    bool differs = ht_component_has_running_old(component) && component->running_old;

    if (ht_component_has_running(component))
        return ht_upkeep_upstream(component->running);
    if (differs)
        return (struct ht_str){0};
    return ht_upkeep_upstream(component->on_disk);
}

void ht_upkeep_component(const struct ht_facts *facts, int64_t now, struct ht_arena *arena,
                         struct ht_str daemon_version, struct ht_component *component)
{
    struct judging *judging = ht_arena_array(arena, struct judging, 1);

    if (!ht_component_has_running(component) && daemon_version.len)
        ht_component_set_running(component, daemon_version);
    judging->facts = facts;
    judging->component = component;
    judging->version = judged_version(component);
    if (judging->version.len)
        judge_holes(judging);
    ht_component_set_state(component, component_state(judging));
    ht_component_set_affected(component, as_list(arena, &judging->affected));
    ht_component_set_patched(component, as_list(arena, &judging->patched));
    ht_component_set_undecided(component, as_list(arena, &judging->undecided));
    if (judging->affected.len && ht_component_has_vendor(component) && component->vendor) {
        struct ht_str fixed = find_fixed(judging);

        if (fixed.len)
            ht_component_set_fixed(component, fixed);
    }
    judge_support(judging, now, arena);
    set_tables(judging, now, arena);
}
