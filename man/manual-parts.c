/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints those parts of the manual that the program's tables say: "manual-parts keys ACTION..." the
 * keys of those actions for hulltop(1), "manual-parts checks" the catalogue for hulltop-checks(7).
 * Runs when the program is built; mdoc(7) comes out.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/model/state.h"
#include "hulltop/ui/keys.h"

enum { NAMES_MAX_BYTES = 256 };

static void put_char(char c)
{
    switch (c) {
    case '\\':
        fputs("\\e", stdout);
        break;
    case '-':
        fputs("\\-", stdout);
        break;
    case '"':
        fputs("\\(dq", stdout);
        break;
    case '\'':
        fputs("\\(aq", stdout);
        break;
    default:
        putchar(c);
        break;
    }
}

static bool ends_sentence(const char *text, const char *at)
{
    return *at == ' ' && at > text && strchr(".?!", at[-1]) && at[1] && at[1] != ' ';
}

/* Running text: a sentence begins a line, as mdoc wants it, and no line begins with a command. A
 * line of its own stays one. */
static void put_text(const char *text)
{
    bool at_start = true;

    for (const char *at = text; *at; at++) {
        bool broken = *at == '\n' || ends_sentence(text, at);

        if (at_start && *at == '.')
            fputs("\\&", stdout);
        if (broken && !at_start)
            fputs(*at == '\n' ? "\n.br\n" : "\n", stdout);
        else if (!broken)
            put_char(*at);
        at_start = broken;
    }
    putchar('\n');
}

/* One argument of a macro. */
static void put_argument(const char *text)
{
    fputs("\"\\&", stdout);
    for (; *text; text++)
        put_char(*text);
    putchar('"');
}

static bool is_offered(const struct ht_binding *binding, char *const *offered)
{
    for (size_t i = 0; offered[i]; i++) {
        if (strcmp(offered[i], binding->name) == 0)
            return true;
    }
    return false;
}

static void put_keys(char *const *offered)
{
    size_t len;
    const struct ht_binding *table = ht_keys_table(&len);

    for (size_t i = 0; i < len; i++) {
        ht_autobuf struct ht_buf names = HT_BUF(NAMES_MAX_BYTES);

        if (!is_offered(&table[i], offered))
            continue;
        ht_keys_names(&table[i], &names);
        fputs(".It Li ", stdout);
        put_argument(names.data);
        putchar('\n');
        put_text(table[i].help);
    }
}

static void put_item(const char *head, const char *text)
{
    if (!text)
        return;
    printf(".It %s\n", head);
    put_text(text);
}

/* Texts of a list that ends with NULL; NULL is an empty one. */
static void put_list(const char *head, const char *const *texts, const char *between)
{
    if (!texts || !texts[0])
        return;
    printf(".It %s\n", head);
    for (size_t i = 0; texts[i]; i++) {
        fputs(i > 0 ? between : "", stdout);
        for (const char *at = texts[i]; *at; at++)
            put_char(*at);
    }
    putchar('\n');
}

static void put_check(const struct ht_check *check)
{
    fputs(".Ss ", stdout);
    put_argument(check->id);
    putchar('\n');
    put_text(check->title);
    puts(".Bl -tag -width Ds");
    printf(".It Severity\n%s%s%s\n", ht_enum_name(&ht_severity_enum, check->severity),
           check->flags & HT_CHECK_POSTURE ? "; counted over the node" : "",
           check->flags & HT_CHECK_DECIDES ? "" : "; does not decide the answer");
    put_item("Fires when", check->condition);
    put_item("Why it matters", check->why);
    put_item("How to fix", check->fix);
    put_list("Other causes", check->other_causes, "; ");
    put_list("Takes in", check->implies, ", ");
    put_list("Needs", check->needs, ", ");
    put_list("References", check->references, "; ");
    puts(".El");
}

static void put_checks(void)
{
    for (unsigned question = 1; question <= HT_QUESTIONS; question++) {
        bool first = true;

        for (size_t i = 0; i < ht_catalogue_count(); i++) {
            const struct ht_check *check = ht_catalogue_get(i);

            if (check->question != question)
                continue;
            if (first)
                printf(".Sh QUESTION %u\n%s\n", question, ht_question_title(question));
            first = false;
            put_check(check);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "keys") == 0)
        put_keys(argv + 2);
    else if (argc == 2 && strcmp(argv[1], "checks") == 0)
        put_checks();
    else
        return 2;
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
