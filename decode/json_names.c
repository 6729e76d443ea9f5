#include "decode/json_names.h"

/* The numbers are those of json_short_place and json_long_place. tests/unit/decode/json_names.c
 * says which one a new name needs; when two want the same, another factor must be found there. */
#define NAME(place, letters, part) [place] = {letters, sizeof(letters) - 1, part, ""}

const struct json_short_name json_short_names[JSON_SHORT_PLACES] = {
    NAME(8, "level", PART_LEVEL),
    NAME(10, "message", PART_MESSAGE),
    NAME(13, "log", PART_EVENT),
    NAME(14, "logger", PART_LOGGER),
    NAME(15, "MESSAGE", PART_JOURNAL_MESSAGE),
    NAME(19, "datetime", PART_TIME),
    NAME(22, "program", PART_APP),
    NAME(23, "severity", PART_LEVEL),
    NAME(24, "ts", PART_TIME),
    NAME(25, "levelno", PART_LEVEL_NUMBER),
    NAME(27, "channel", PART_CHANNEL),
    NAME(30, "host", PART_HOST),
    NAME(31, "time", PART_TIME),
    NAME(32, "appName", PART_APP),
    NAME(35, "event", PART_EVENT),
    NAME(37, "service", PART_APP),
    NAME(38, "hostname", PART_HOST),
    NAME(40, "PRIORITY", PART_JOURNAL_LEVEL),
    NAME(41, "name", PART_NAME),
    NAME(43, "lvl", PART_LEVEL),
    NAME(44, "@fields", PART_OBJECT),
    NAME(47, "msg", PART_MESSAGE),
    NAME(49, "app", PART_APP),
    NAME(52, "pid", PART_PID),
    NAME(53, "topic", PART_TOPIC),
    NAME(55, "created", PART_CREATED),
    NAME(56, "_logboom", PART_OURS),
    NAME(58, "_COMM", PART_LOGGER),
    NAME(60, "instant", PART_OBJECT),
    NAME(63, "@message", PART_MESSAGE),
};

const struct json_long_name json_long_names[JSON_LONG_PLACES] = {
    NAME(1, "service.name", PART_APP),
    NAME(2, "loggerName", PART_LOGGER),
    NAME(4, "levelname", PART_LEVEL_NAME),
    NAME(5, "timestamp", PART_TIME),
    NAME(6, "event.created", PART_EVENT_TIME),
    NAME(7, "host.name", PART_HOST),
    NAME(8, "log.level", PART_LEVEL),
    NAME(9, "host.hostname", PART_HOST),
    NAME(11, "SYSLOG_IDENTIFIER", PART_APP),
    NAME(12, "@source_host", PART_HOST),
    NAME(14, "logger_name", PART_LOGGER),
    NAME(16, "source_host", PART_HOST),
    NAME(17, "programname", PART_APP),
    NAME(19, "_HOSTNAME", PART_HOST),
    NAME(21, "short_message", PART_GELF_MESSAGE),
    NAME(22, "__REALTIME_TIMESTAMP", PART_TIME),
    NAME(23, "level_name", PART_LEVEL_NAME),
    NAME(28, "timeMillis", PART_TIME),
    NAME(29, "log.logger", PART_LOGGER),
    NAME(31, "@timestamp", PART_TIME),
};

enum part json_long_part(const char *key, size_t len)
{
    const struct json_long_name *name;

    if (len <= JSON_SHORT_MAX || len > JSON_LONG_MAX)
        return PART_NONE;
    name = &json_long_names[json_long_place(key, len)];
    if (name->len != len || memcmp(name->letters, key, len) != 0)
        return PART_NONE;
    return (enum part)name->part;
}
