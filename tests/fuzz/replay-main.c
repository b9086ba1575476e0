/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives the inputs named on the command line (files, or folders of files) to a fuzz target, once
 * each: the corpus as a plain regression test, with any compiler. Options are ignored, so that it
 * is called like a libFuzzer program. Each input is an allocation of exactly its size, so that the
 * sanitizers see the first byte read behind it.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fail(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return -1;
}

static int run_file(const char *path, size_t size)
{
    uint8_t *data = size > 0 ? malloc(size) : NULL;
    FILE *file = fopen(path, "rbe");
    size_t len;

    if (!file) {
        free(data);
        return fail(path);
    }
    len = size > 0 && data ? fread(data, 1, size, file) : 0;
    fclose(file);
    if (len == size) {
        /* Told before, so that a crash names its input. */
        fprintf(stderr, "input %s\n", path);
        LLVMFuzzerTestOneInput(data, size);
    }
    free(data);
    return len == size ? 1 : fail(path);
}

/* Returns how many inputs ran, or -1. */
static int run_path(const char *path)
{
    struct dirent **names = NULL;
    struct stat status;
    int total = 0;
    int count;

    if (stat(path, &status) < 0)
        return fail(path);
    if (!S_ISDIR(status.st_mode))
        return run_file(path, (size_t)status.st_size);
    count = scandir(path, &names, NULL, alphasort);
    if (count < 0)
        return fail(path);
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.' && total >= 0) {
            char *inner = NULL;
            int ran = asprintf(&inner, "%s/%s", path, names[i]->d_name) < 0 ? -1 : run_path(inner);

            free(inner);
            total = ran < 0 ? -1 : total + ran;
        }
        free(names[i]);
    }
    free(names);
    return total;
}

int main(int argc, char **argv)
{
    int total = 0;

    for (int i = 1; i < argc; i++) {
        int ran = argv[i][0] == '-' ? 0 : run_path(argv[i]);

        if (ran < 0)
            return 1;
        total += ran;
    }
    fprintf(stderr, "%d inputs\n", total);
    return total > 0 ? 0 : 1;
}
