#include "sink/tls_records.h"

#include "conf/must.h"

static struct tls_record *at(struct tls_records *records, unsigned i)
{
    return &records->items[(records->first + i) % TLS_RECORDS_MAX];
}

void tls_records_add(struct tls_records *records, uint64_t end, uint64_t plain)
{
    struct tls_record *last = records->count > 0 ? at(records, records->count - 1) : NULL;

    must(plain > 0 && (!last || end > last->end));
    records->under_way += plain;
    if (records->count == TLS_RECORDS_MAX) {
        last->end = end;
        last->plain += plain;
        return;
    }
    *at(records, records->count++) = (struct tls_record){.end = end, .plain = plain};
}

void tls_records_arrived(struct tls_records *records, uint64_t position)
{
    while (records->count > 0 && at(records, 0)->end <= position) {
        records->under_way -= at(records, 0)->plain;
        records->first = (records->first + 1) % TLS_RECORDS_MAX;
        records->count--;
    }
}
