/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints those parts of the manual that the program's tables say: "manual-parts keys" the keys for
 * hulltop(1).  Runs when the program is built; mdoc(7) comes out.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "hulltop/base/buf.h"
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

/* Running text: a sentence begins a line, as mdoc wants it, and no line begins with a command. */
static void put_text(const char *text)
{
    bool at_start = true;

    for (const char *at = text; *at; at++) {
        bool broken = *at == '\n' || ends_sentence(text, at);

        if (at_start && *at == '.')
            fputs("\\&", stdout);
        if (broken && !at_start)
            putchar('\n');
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

static void put_keys(void)
{
    size_t len;
    const struct ht_binding *table = ht_keys_table(&len);

    for (size_t i = 0; i < len; i++) {
        ht_autobuf struct ht_buf names = HT_BUF(NAMES_MAX_BYTES);

        ht_keys_names(&table[i], &names);
        fputs(".It Li ", stdout);
        put_argument(names.data);
        putchar('\n');
        put_text(table[i].help);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "keys") == 0)
        put_keys();
    else
        return 2;
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
