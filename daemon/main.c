#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "conf/descriptors.h"
#include "conf/log.h"
#include "conf/must.h"
#include "daemon/daemon.h"
#include "judge/judge.h"
#include "plan/plan.h"

static const char usage[] =
    "Usage: logboomd [OPTION]…\n"
    "Gathers log entries from ZeroMQ clients into files, inside a planned amount of memory.\n"
    "\n"
    "  -c, --config FILE   the configuration; without it " CONF_DEFAULT_PATH "\n"
    "      --check         judge the configuration and its surroundings, then leave\n"
    "      --listening ADDRESS   with --check: that this address is in use is no problem,\n"
    "                      since the daemon to be restarted listens there; as often as needed\n"
    "      --plan          print how memory.cap is split, then leave\n"
    "      --log-level L   say what is at least so grave: error, warning, notice or info\n"
    "                      (the default)\n"
    "      --help-config   every setting with its bounds and default\n"
    "  -V, --version       the version\n"
    "  -h, --help          this text\n"
    "\n"
    "Runs in the foreground and logs to stderr. Signals: SIGTERM and SIGINT drain and\n"
    "stop, a second SIGINT leaves at once; SIGHUP reloads the configuration and reopens\n"
    "files; SIGUSR1 reopens files; SIGUSR2 prints the ledger.\n"
    "Exit status: 0 fine, 64 usage, 71 system, 75 stopped with losses, 78 configuration;\n"
    "a fault of our own ends in SIGABRT.\n";

struct options {
    const char *config;
    bool check;
    bool plan;
    struct conf_strings listening;
    enum log_level log_level;
};

enum { OPTION_CHECK = 256, OPTION_LISTENING, OPTION_PLAN, OPTION_LOG_LEVEL, OPTION_HELP_CONFIG };

/* Returns -1 to go on, else the exit status. */
static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, OPTION_CHECK},
        {"listening", required_argument, NULL, OPTION_LISTENING},
        {"plan", no_argument, NULL, OPTION_PLAN},
        {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
        {"help-config", no_argument, NULL, OPTION_HELP_CONFIG},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "c:Vh", names, NULL)) != -1) {
        switch (option) {
        case 'c':
            options->config = optarg;
            break;
        case OPTION_CHECK:
            options->check = true;
            break;
        case OPTION_LISTENING:
            options->listening.items[options->listening.count++] = optarg;
            break;
        case OPTION_PLAN:
            options->plan = true;
            break;
        case OPTION_LOG_LEVEL:
            if (!log_level_parse(optarg, &options->log_level)) {
                fprintf(stderr,
                        "logboomd: '%s' is no level; there are error, warning, notice and info\n",
                        optarg);
                return EXIT_USAGE;
            }
            break;
        case OPTION_HELP_CONFIG:
            conf_print_help(stdout);
            return EXIT_FINE;
        case 'V':
            puts("logboomd " LOGBOOM_VERSION);
            return EXIT_FINE;
        case 'h':
            fputs(usage, stdout);
            return EXIT_FINE;
        default:
            fputs("Try 'logboomd --help'.\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "logboomd: '%s' is not an option; did you mean --config %s?\n",
                argv[optind], argv[optind]);
        return EXIT_USAGE;
    }
    return -1;
}

/* Everything that can be said about the file before it is put to work. */
static enum exit_status judge(const struct conf *conf, const struct options *options,
                              struct conf_problems *problems)
{
    struct plan plan;

    judge_values(conf, problems);
    if (conf_problems_count(problems) == 0) {
        plan_init(&plan, conf, problems);
        if (options->plan)
            plan_show(&plan, conf, stdout);
        plan_fini(&plan);
    }
    if (options->check)
        judge_surroundings(conf, &options->listening, problems);
    return conf_problems_count(problems) > 0 ? EXIT_CONFIGURATION : EXIT_FINE;
}

/* What --check says of a configuration that is right. */
static void print_fine(const struct conf *conf, const char *path)
{
    struct conf_problems *warnings = conf_problems_new();

    judge_warnings(conf, warnings);
    conf_problems_print(warnings, stderr);
    conf_problems_free(&warnings);
    printf("%s is fine\n", path);
}

static enum exit_status start(const struct options *options, struct conf_problems *problems)
{
    struct conf *conf = conf_load(options->config, problems);
    enum exit_status status = EXIT_CONFIGURATION;

    if (conf)
        status = judge(conf, options, problems);
    if (status == EXIT_FINE && options->check)
        print_fine(conf, options->config);
    else if (status == EXIT_FINE && !options->plan)
        status = daemon_run(conf, options->config, problems);
    if (conf_problems_count(problems) > 0)
        conf_problems_print(problems, stderr);
    if (conf)
        conf_free(&conf);
    return status;
}

/* They would end us by default, until they are watched: then they are taken (watch_signals). */
static void keep_signals_for_later(void)
{
    sigset_t early;

    sigemptyset(&early);
    sigaddset(&early, SIGHUP);
    sigaddset(&early, SIGUSR1);
    sigaddset(&early, SIGUSR2);
    must(sigprocmask(SIG_BLOCK, &early, NULL) == 0);
}

static void prepare_process(void)
{
    keep_signals_for_later();
    if (descriptors_fill_standard(NULL) < 0)
        _exit(EXIT_SYSTEM);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its size limit is a sink that cannot write */
    /* Huge pages would make pages resident that nobody touched. */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    tzset();
    log_init();
}

#ifdef LOGBOOM_SAN
void __lsan_do_leak_check(void);
#endif

int main(int argc, char **argv)
{
    struct options options = {.config = CONF_DEFAULT_PATH, .log_level = LOG_LEVEL_INFO};
    struct conf_problems *problems;
    int status;

    options.listening.items = calloc((size_t)argc + 1, sizeof(char *));
    must(options.listening.items);
    status = read_options(argc, argv, &options);
    if (status >= 0) {
        free(options.listening.items);
        return status;
    }
    prepare_process();
    log_set_level(options.log_level);
    problems = conf_problems_new();
    status = (int)start(&options, problems);
    conf_problems_free(&problems);
    free(options.listening.items);
    log_tell_repeats(true);
    fflush(NULL);
#ifdef LOGBOOM_SAN
    if (status != EXIT_LOSSES)
        __lsan_do_leak_check();
#endif
    /* Not exit(): it would wait for a write that hangs on a dead disk. */
    _exit(status);
}
