#include "daemon/cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The path behind `0::`, which is the line of version 2. */
static bool find_own(const char *membership, char *path, size_t size)
{
    FILE *file = fopen(membership, "re");
    char line[PATH_MAX];
    bool is_found = false;

    while (file && !is_found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        is_found = strncmp(line, "0::/", 4) == 0;
    }
    if (is_found)
        is_found = (size_t)snprintf(path, size, "%s", line + 3) < size;
    if (file)
        fclose(file);
    return is_found;
}

size_t cgroup_memory_max(const char *membership, const char *root)
{
    char own[PATH_MAX], path[2 * PATH_MAX];
    unsigned long long bytes = 0;
    FILE *file;

    if (!find_own(membership, own, sizeof own))
        return 0;
    snprintf(path, sizeof path, "%s%s/memory.max", root, own);
    file = fopen(path, "re");
    if (!file)
        return 0;
    if (fscanf(file, "%llu", &bytes) != 1) /* "max" */
        bytes = 0;
    fclose(file);
    return bytes;
}
