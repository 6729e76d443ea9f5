#include "daemon/open_files.h"

#include <sys/resource.h>

#include "conf/log.h"
#include "conf/must.h"

static rlim_t set_limit(rlim_t wanted)
{
    struct rlimit limit;

    must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    return limit.rlim_cur;
}

/* libuv and libzmq abort where they get no descriptor for their own needs: better to say
 * so first. */
int open_files_prepare(struct plan *plan, struct err *err)
{
    rlim_t limit = set_limit(plan->descriptors);

    if (limit <= plan->own_descriptors)
        return err_set(err,
                       "the limit of open files (RLIMIT_NOFILE) is %llu; this configuration needs "
                       "%u and one for each client",
                       (unsigned long long)limit, plan->own_descriptors);
    if (limit - plan->own_descriptors >= plan->clients)
        return 0;
    plan->clients_served = (unsigned)(limit - plan->own_descriptors);
    log_line(LOG_LEVEL_WARNING,
             "the limit of open files (RLIMIT_NOFILE) is %llu and cannot be raised; so only %u of "
             "%u clients (max_clients) can be served at once, the others wait",
             (unsigned long long)limit, plan->clients_served, plan->clients);
    return 0;
}
