/* What a service may occupy, as files of version 2 of control groups say it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The daemon's objects hold a main and are not linked into tests. */
#include "daemon/cgroup.c"

static char folder[] = "/tmp/logboom-cgroup-XXXXXX";

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 && mkdir("own", 0700) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    unlink("membership");
    unlink("own/memory.max");
    rmdir("own");
    return rmdir(folder);
}

static size_t limit_of(const char *membership, const char *max)
{
    write_file("membership", membership);
    write_file("own/memory.max", max);
    return cgroup_memory_max("membership", ".");
}

static void the_limit_of_the_own_group(void **state)
{
    (void)state;
    assert_int_equal(limit_of("0::/own\n", "536870912\n"), 536870912);
    assert_int_equal(limit_of("4:memory:/other\n1:name=systemd:/own\n0::/own\n", "4096\n"), 4096);
}

static void none_is_0(void **state)
{
    (void)state;
    assert_int_equal(limit_of("0::/own\n", "max\n"), 0);
    assert_int_equal(limit_of("0::/nowhere\n", "4096\n"), 0);
    assert_int_equal(limit_of("4:memory:/own\n", "4096\n"), 0);
    assert_int_equal(limit_of("", "4096\n"), 0);
    assert_int_equal(cgroup_memory_max("nothing", "."), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_of_the_own_group),
        cmocka_unit_test(none_is_0),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
