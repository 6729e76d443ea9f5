/* record.c - what becomes of the documents of loggers in use: whose keys they are, what they
 * mean in each other's company, and what lies within objects. */
#include "decode/decode.h"

#include "tests/unit/decode/shown.h"

static void loggers_that_write_to_a_line_are_understood(void **state)
{
    static const struct row rows[] = {
        /* pino, plain, with a name, and with a level in letters */
        ROW("{\"level\":30,\"time\":1795404852123,\"pid\":7,\"hostname\":\"h\",\"msg\":\"m\"}",
            " ns:1795404852123000000/6 level:info host:h 'm' pid:=7"),
        ROW("{\"level\":50,\"time\":1795404852123,\"pid\":7,\"hostname\":\"h\",\"name\":\"shop\","
            "\"reqId\":\"r-1\",\"msg\":\"m\"}",
            " ns:1795404852123000000/6 level:error host:h app:shop 'm' pid:=7 reqId=r-1"),
        ROW("{\"level\":\"info\",\"pid\":7,\"hostname\":\"h\",\"name\":\"shop\",\"msg\":\"m\"}",
            " level:info host:h app:shop 'm' pid:=7"),
        /* bunyan */
        ROW("{\"name\":\"shop\",\"hostname\":\"h\",\"pid\":7,\"level\":60,\"msg\":\"m\","
            "\"time\":\"2026-11-23T03:34:12.123Z\",\"v\":0}",
            " ns:1795404852123000000/6 level:crit host:h app:shop 'm' pid:=7 v:=0"),
        /* winston */
        ROW("{\"level\":\"silly\",\"message\":\"m\",\"label\":\"l\","
            "\"timestamp\":\"2026-11-23T03:34:12.123Z\"}",
            " ns:1795404852123000000/6 level:trace 'm' label=l"),
        /* zap, zerolog, logrus, slog, structlog */
        ROW("{\"level\":\"dpanic\",\"ts\":1795404852.1234567,\"logger\":\"shop.cart\","
            "\"caller\":\"a.go:12\",\"msg\":\"m\"}",
            " ns:1795404852123456700/9 level:crit app:shop.cart 'm' caller=a.go:12"),
        ROW("{\"level\":\"warn\",\"time\":1795404852,\"message\":\"m\",\"error\":\"e\"}",
            " ns:1795404852000000000/6 level:warning 'm' error=e"),
        ROW("{\"level\":\"fatal\",\"msg\":\"m\",\"time\":\"2026-11-23T04:34:12+01:00\"}",
            " ns:1795404852000000000/6 level:crit 'm'"),
        ROW("{\"time\":\"2026-11-23T03:34:12.123456789Z\",\"level\":\"INFO+2\",\"msg\":\"m\"}",
            " ns:1795404852123456789/9 level:notice 'm'"),
        ROW("{\"event\":\"m\",\"level\":\"info\",\"logger\":\"shop\",\"n\":1,"
            "\"timestamp\":\"2026-11-23T03:34:12.123456Z\"}",
            " ns:1795404852123456000/6 level:info app:shop 'm' n:=1"),
        /* monolog */
        ROW("{\"message\":\"m\",\"context\":[],\"level\":200,\"level_name\":\"INFO\","
            "\"channel\":\"shop\",\"datetime\":\"2026-11-23T03:34:12.123456+00:00\"}",
            " ns:1795404852123456000/6 level:info app:shop 'm' context:=[] level.2:=200"),
        /* nsyslog */
        ROW("{\"pri\":\"14\",\"facility\":\"user\",\"level\":\"info\",\"ts\":1795404852000,"
            "\"host\":\"h\",\"appName\":\"shop\",\"pid\":\"7\",\"message\":\"m\"}",
            " ns:1795404852000000000/6 level:info host:h app:shop 'm' pri=14 facility=user pid=7"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void records_of_python_are_understood(void **state)
{
    static const struct row rows[] = {
        ROW("{\"name\":\"shop\",\"msg\":\"took %d ms\",\"args\":[35],\"levelname\":\"WARNING\","
            "\"levelno\":30,\"exc_text\":null,\"created\":1795404852.123456,\"msecs\":123.456}",
            " ns:1795404852123456000/6 level:warning app:shop 'took %d ms' args:=[35] "
            "levelno:=30 exc_text:=null msecs:=123.456"),
        /* a client's own message.2 is not the second message */
        ROW("{\"levelno\":20,\"message.2\":\"x\",\"msg\":\"a %d\",\"message\":\"a 1\"}",
            " level:info 'a 1' levelno:=20 message.2=x msg.2=a %d"),
        /* the text with its arguments is better than the one without */
        ROW("{\"msg\":\"took %d ms\",\"args\":[35],\"levelname\":\"INFO\",\"levelno\":20,"
            "\"message\":\"took 35 ms\"}",
            " level:info 'took 35 ms' args:=[35] levelno:=20 msg.2=took %d ms"),
        ROW("{\"message\":\"took 35 ms\",\"msg\":\"took %d ms\",\"levelno\":20}",
            " level:info 'took 35 ms' msg.2=took %d ms levelno:=20"),
        ROW("{\"msg\":\"a\",\"message\":\"b\"}", " 'a' message.2=b"),
        ROW("{\"channel\":\"shop\",\"msg\":\"took {} ms\",\"message\":\"took 35 ms\"}",
            " app:shop 'took 35 ms' msg.2=took {} ms"),
        /* a level of one's own */
        ROW("{\"levelname\":\"SUCCESS\",\"levelno\":25}", " level:notice levelno:=25"),
        ROW("{\"levelname\":\"Level 35\",\"levelno\":35}",
            " level:warning levelname=Level 35 levelno:=35"),
        ROW("{\"level\":\"loud\",\"levelno\":30}", " level=loud levelno:=30"),
        ROW("{\"levelno\":30,\"level\":10}", " level:debug levelno:=30"),
        /* created is the time of nothing else */
        ROW("{\"created\":1795404852.5}", " created:=1795404852.5"),
        ROW("{\"created\":\"soon\",\"levelno\":10}", " level:debug created=soon levelno:=10"),
        ROW("{\"created\":1795404852.5,\"levelno\":10,\"time\":2}",
            " ns:2000000000/6 level:debug created:=1795404852.5 levelno:=10"),
        /* logbook */
        ROW("{\"channel\":\"shop\",\"msg\":\"m {}\",\"args\":[],\"kwargs\":{},\"level\":13,"
            "\"time\":\"2026-11-23T03:34:12.123456Z\",\"process\":7,\"extra\":{}}",
            " ns:1795404852123456000/6 level:warning app:shop 'm {}' args:=[] kwargs:={} "
            "process:=7 extra:={}"),
        ROW("{\"level\":13}", " level:trace level.2:=13"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void log4j_logstash_and_ecs_are_understood(void **state)
{
    static const struct row rows[] = {
        ROW("{\"instant\":{\"epochSecond\":1795404852,\"nanoOfSecond\":123456789},"
            "\"thread\":\"main\",\"level\":\"INFO\",\"loggerName\":\"a.B\",\"message\":\"m\"}",
            " ns:1795404852123456789/9 level:info app:a.B 'm' "
            "instant:={\"epochSecond\":1795404852,\"nanoOfSecond\":123456789} thread=main"),
        ROW("{\"timeMillis\":1795404852123,\"level\":\"ERROR\",\"message\":\"m\"}",
            " ns:1795404852123000000/6 level:error 'm'"),
        /* Salt's, version 0 and 1 */
        ROW("{\"@timestamp\":\"2026-11-23T03:34:12.123Z\",\"@fields\":{\"levelname\":\"ERROR\","
            "\"logger\":\"salt.a\",\"lineno\":7},\"@message\":\"m\",\"@source_host\":\"h\","
            "\"@tags\":[\"salt\"],\"@type\":\"logstash\"}",
            " ns:1795404852123000000/6 level:error host:h app:salt.a 'm' "
            "@fields:={\"levelname\":\"ERROR\",\"logger\":\"salt.a\",\"lineno\":7} "
            "@tags:=[\"salt\"] @type=logstash"),
        ROW("{\"@version\":1,\"@timestamp\":\"2026-11-23T03:34:12.123Z\",\"host\":\"h\","
            "\"levelname\":\"INFO\",\"logger\":\"salt.a\",\"message\":\"m\",\"tags\":[\"salt\"]}",
            " ns:1795404852123000000/6 level:info host:h app:salt.a 'm' @version:=1 "
            "tags:=[\"salt\"]"),
        ROW("{\"source_host\":\"h\",\"logger_name\":\"a.B\",\"level\":\"WARN\",\"message\":\"m\"}",
            " level:warning host:h app:a.B 'm'"),
        /* ECS with dots, and in objects */
        ROW("{\"@timestamp\":\"2026-11-23T03:34:12.123Z\",\"log.level\":\"WARN\","
            "\"message\":\"m\",\"service.name\":\"shop\",\"host.name\":\"h\","
            "\"log.logger\":\"a.B\",\"error.type\":\"E\"}",
            " ns:1795404852123000000/6 level:warning host:h app:shop 'm' log.logger=a.B "
            "error.type=E"),
        ROW("{\"log\":{\"level\":\"warn\",\"logger\":\"a.B\"},\"message\":\"m\","
            "\"service\":{\"name\":\"shop\",\"version\":\"1\"},\"host\":{\"hostname\":\"h\"}}",
            " level:warning host:h app:shop 'm' log:={\"level\":\"warn\",\"logger\":\"a.B\"} "
            "service.2:={\"name\":\"shop\",\"version\":\"1\"} host.2:={\"hostname\":\"h\"}"),
        ROW("{\"event\":{\"created\":\"2026-11-23T03:34:12Z\"},\"message\":\"m\"}",
            " ns:1795404852000000000/6 'm' event:={\"created\":\"2026-11-23T03:34:12Z\"}"),
        ROW("{\"event.created\":\"2026-11-23T03:34:12Z\"}", " ns:1795404852000000000/6"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void objects_are_searched_one_level_deep(void **state)
{
    static const struct row rows[] = {
        ROW("{\"log\":{\"level\":{\"level\":\"info\"}}}", " log:={\"level\":{\"level\":\"info\"}}"),
        ROW("{\"log\":{\"x\":{\"level\":\"info\"},\"y\":[\"}\",\"\\\"\"],\"level\":\"warn\"}}",
            " level:warning log:={\"x\":{\"level\":\"info\"},\"y\":[\"}\",\"\\\"\"],\"level\":"
            "\"warn\"}"),
        ROW("{\"log\":{ \"n\" : 1 ,\t\"level\" : \"info\" }}",
            " level:info log:={\"n\":1,\"level\":\"info\"}"),
        ROW("{\"log\":{\"level\":\"\\u0069nfo\"}}", " level:info log:={\"level\":\"\\u0069nfo\"}"),
        ROW("{\"log\":{}}", " log:={}"),
        ROW("{\"log\":{ }}", " log:={ }"),
        ROW("{\"log\":[\"level\",\"info\"]}", " log:=[\"level\",\"info\"]"),
        ROW("{\"log\":null}", " log:=null"),
        ROW("{\"log\":\"m\"}", " 'm'"),
        ROW("{\"log\":{\"level\":\"loud\"}}", " log:={\"level\":\"loud\"}"),
        ROW("{\"log\":{\"level\":30}}", " log:={\"level\":30}"),
        /* whatever came first stays */
        ROW("{\"level\":\"warn\",\"log\":{\"level\":\"info\"}}",
            " level:warning log:={\"level\":\"info\"}"),
        ROW("{\"log\":{\"level\":\"info\"},\"level\":\"warn\"}",
            " level:info log:={\"level\":\"info\"} level.2=warn"),
        ROW("{\"host\":{\"name\":\"a\",\"hostname\":\"b\"},\"hostname\":\"c\"}",
            " host:a host.2:={\"name\":\"a\",\"hostname\":\"b\"} hostname.3=c"),
        ROW("{\"host\":{\"name\":null}}", " host:={\"name\":null}"),
        ROW("{\"app\":{\"name\":\"a\"}}", " app:={\"name\":\"a\"}"),
        ROW("{\"instant\":{\"epochSecond\":1.5}}", " instant:={\"epochSecond\":1.5}"),
        ROW("{\"instant\":{\"nanoOfSecond\":5}}", " instant:={\"nanoOfSecond\":5}"),
        ROW("{\"instant\":{\"epochSecond\":1,\"nanoOfSecond\":1000000000}}",
            " instant:={\"epochSecond\":1,\"nanoOfSecond\":1000000000}"),
        ROW("{\"instant\":{\"epochSecond\":9214646401}}", " instant:={\"epochSecond\":9214646401}"),
        ROW("{\"instant\":\"2026-11-23T03:34:12Z\"}", " instant=2026-11-23T03:34:12Z"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void gelf_is_understood(void **state)
{
    static const struct row rows[] = {
        ROW("{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"m\","
            "\"full_message\":\"m\\nat a.c:1\",\"timestamp\":1795404852.123,\"level\":3,"
            "\"_user_id\":42,\"_app\":\"shop\",\"_\":1,\"__x\":1}",
            " ns:1795404852123000000/6 level:error host:h 'm' version=1.1 "
            "full_message=m\nat a.c:1 user_id:=42 _app=shop _:=1 _x:=1"),
        ROW("{\"_time\":1,\"_time2\":1,\"level\":\"6\",\"short_message\":\"m\"}",
            " level:info 'm' _time:=1 time2:=1"),
        /* a level that syslog does not have */
        ROW("{\"short_message\":\"m\",\"level\":10}", " 'm' level.2:=10"),
        ROW("{\"level\":0,\"levelname\":\"loud\"}", " level.2:=0 levelname.2=loud"),
        /* no GELF, no underscores lost */
        ROW("{\"message\":\"m\",\"_user_id\":42}", " 'm' _user_id:=42"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void gelf_can_be_demanded(void **state)
{
    static const struct row rows[] = {
        ROW("{\"message\":\"m\",\"level\":1,\"_user_id\":42}", " level:alert 'm' user_id:=42"),
        ROW("{\"level\":30,\"name\":\"shop\"}", " app:shop level.2:=30"),
        ROW("no JSON", "! 'no JSON'"),
        ROW("\x1f\x8b\x08", "! '\x1f\x8b\x08'"),
        /* a number that is Python's alone */
        ROW("{\"levelno\":24,\"message\":\"m\"}", " level:info 'm' levelno:=24"),
    };

    (void)state;
    t.rules.decode = CONF_DECODE_GELF;
    check_rows(rows, COUNT_OF(rows));
}

static void the_journal_is_understood(void **state)
{
    static const struct row rows[] = {
        ROW("{\"__REALTIME_TIMESTAMP\":\"1795404852123456\",\"PRIORITY\":\"3\",\"_PID\":\"7\","
            "\"_HOSTNAME\":\"h\",\"SYSLOG_IDENTIFIER\":\"sshd\",\"_COMM\":\"sshd\","
            "\"MESSAGE\":\"m\"}",
            " ns:1795404852123456000/6 level:error host:h app:sshd 'm' _PID=7 _COMM=sshd"),
        ROW("{\"_COMM\":\"kworker\",\"PRIORITY\":6,\"MESSAGE\":\"m\"}",
            " level:info app:kworker 'm'"),
        ROW("{\"PRIORITY\":\"10\",\"MESSAGE\":\"m\"}", " 'm' PRIORITY=10"),
        ROW("{\"MESSAGE\":[27,91,51,49,109,72,105,255, 0]}", " '\x1b[31mHi\xff\0'"),
        ROW("{\"MESSAGE\":[72]}", " 'H'"),
        ROW("{\"MESSAGE\":[]}", " '[]'"),
        ROW("{\"MESSAGE\":[256]}", " '[256]'"),
        ROW("{\"MESSAGE\":[260]}", " '[260]'"),
        ROW("{\"MESSAGE\":[99999999999]}", " '[99999999999]'"),
        ROW("{\"MESSAGE\":[-1]}", " '[-1]'"),
        ROW("{\"MESSAGE\":[72,1.5]}", " '[72,1.5]'"),
        ROW("{\"MESSAGE\":[72,[105]]}", " '[72,[105]]'"),
        ROW("{\"MESSAGE\":[\"one\",\"two\"]}", " '[\"one\",\"two\"]'"),
        ROW("{\"MESSAGE\":null,\"_PID\":\"7\"}", " MESSAGE:=null _PID=7"),
        ROW("{\"message\":[72,105]}", " '[72,105]'"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void numbers_are_levels_by_the_company_they_keep(void **state)
{
    static const struct row rows[] = {
        ROW("{\"level\":0}", " level:emerg"),
        ROW("{\"level\":7}", " level:debug"),
        ROW("{\"level\":8}", " level:=8"),
        ROW("{\"severity\":4,\"a\":1}", " level:warning a:=1"),
        ROW("{\"level\":\"30\"}", " level:info"),
        ROW("{\"a\":1,\"level\":35,\"b\":2}", " level:info a:=1 level.2:=35 b:=2"),
        ROW("{\"level\":100}", " level:=100"),
        ROW("{\"level\":1000}", " level:=1000"),
        ROW("{\"level\":-1}", " level:=-1"),
        ROW("{\"level\":3.0}", " level:=3.0"),
        /* a word is surer, a second number is not */
        ROW("{\"level\":30,\"severity\":\"error\"}", " level:error level.2:=30"),
        ROW("{\"severity\":3,\"level\":\"error\",\"lvl\":\"info\"}",
            " level:error severity.2:=3 lvl.3=info"),
        ROW("{\"level\":30,\"severity\":3}", " level:info severity.2:=3"),
        ROW("{\"level\":30,\"severity\":\"loud\"}", " level:info severity.2=loud"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void a_name_or_an_event_gives_way_to_a_better_word(void **state)
{
    static const struct row rows[] = {
        ROW("{\"name\":\"Ann\",\"message\":\"m\"}", " 'm' name=Ann"),
        ROW("{\"name\":\"a\",\"pid\":1,\"app\":\"b\"}", " app:b name=a pid:=1"),
        ROW("{\"name\":\"a\",\"pid\":1,\"logger\":\"b\"}", " app:b name=a pid:=1"),
        ROW("{\"name\":{},\"pid\":1}", " name:={} pid:=1"),
        ROW("{\"name\":\"\",\"pid\":1}", " name= pid:=1"),
        ROW("{\"logger\":\"a\",\"service\":\"b\"}", " app:b logger=a"),
        ROW("{\"logger\":\"a\",\"app\":null}", " logger=a app:=null"),
        ROW("{\"logger\":null,\"loggerName\":\"b\"}", " app:b logger:=null"),
        ROW("{\"logger\":\"a\",\"logger\":\"b\"}", " app:a logger=b"),
        ROW("{\"event\":\"login\",\"message\":\"m\"}", " 'm' event=login"),
        ROW("{\"event\":\"login\",\"message\":\"\"}", " event=login"),
        ROW("{\"event\":5}", " event:=5"),
        ROW("{\"event\":\"a\\nb\"}", " 'a\nb'"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(loggers_that_write_to_a_line_are_understood),
        TEST(records_of_python_are_understood),
        TEST(log4j_logstash_and_ecs_are_understood),
        TEST(objects_are_searched_one_level_deep),
        TEST(gelf_is_understood),
        TEST(gelf_can_be_demanded),
        TEST(the_journal_is_understood),
        TEST(numbers_are_levels_by_the_company_they_keep),
        TEST(a_name_or_an_event_gives_way_to_a_better_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
