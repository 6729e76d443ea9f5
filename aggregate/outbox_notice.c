/* How drops get into the output: as lines in front of the block that follows them, from
 * room that each block keeps for it. They are written anew for each attempt, since until
 * a byte of the block has gone out more may be dropped before it; from then on they stay.
 * A gap is forgotten when its line is wholly written, so none is told twice. */
#include <string.h>

#include "aggregate/outbox_parts.h"
#include "conf/must.h"

static const char torn_mark[] = " \\[torn]\n"; /* as logfile/torn.h ends such lines */

void outbox_set_notices(struct outbox *outbox, enum notice_style style, const char *sink,
                        bool local_time)
{
    notice_init(&outbox->notice, style, sink, local_time);
    outbox->notice.framing = outbox->framing;
    if (style == NOTICE_NONE)
        outbox->pending = (struct gaps){0};
}

void outbox_head_notices(struct outbox *outbox)
{
    outbox->notice.has_topic = true;
}

bool outbox_tells(const struct outbox *outbox)
{
    return outbox->notice.style != NOTICE_NONE;
}

bool outbox_has_pending(const struct outbox *outbox)
{
    return !outbox->drops_all && !gaps_are_empty(&outbox->pending);
}

void outbox_place_pending(struct outbox *outbox)
{
    if (!outbox->head && !outbox->open && outbox_has_pending(outbox))
        outbox_open_block(outbox);
}

void outbox_write_notices(struct outbox *outbox, struct block *block)
{
    char text[NOTICES_ROOM];
    size_t len;

    if (block->notice_len == 0 && gaps_are_empty(&block->gaps))
        return;
    if (!outbox_tells(outbox)) { /* any more */
        block->gaps = (struct gaps){0};
        block->notice_len = 0;
        return;
    }
    len = notice_write(&outbox->notice, &block->gaps, text);
    block->notice_len = (uint32_t)len;
    memcpy(block_wire(block), text, len);
}

/* The notices stand in the order of their reasons. */
static void forget_first(struct gaps *gaps)
{
    for (unsigned i = 0; i < DROP_REASONS; i++) {
        if (gaps->of[i].count > 0) {
            gaps->of[i] = (struct gap){0};
            return;
        }
    }
    must(!"a notice without a gap");
}

static uint32_t notice_len_at(const struct outbox *outbox, struct block *block, uint32_t at)
{
    return (uint32_t)framing_first(outbox->framing, block_wire(block) + at, block->notice_len - at);
}

void outbox_count_notices(struct outbox *outbox, struct block *block, uint32_t from, uint32_t until)
{
    uint32_t end = 0;

    while (end < block->notice_len) {
        end += notice_len_at(outbox, block, end);
        if (end > until)
            return;
        if (end > from) {
            outbox->ledger.notices++;
            forget_first(&block->gaps);
        }
    }
}

uint32_t outbox_notice_begin(const struct outbox *outbox, uint32_t byte)
{
    uint32_t begin = 0, end = 0;

    while (end <= byte) {
        begin = end;
        end += notice_len_at(outbox, outbox->head, begin);
    }
    return begin;
}

size_t outbox_last_words(struct outbox *outbox, const char **text_out)
{
    size_t mark_len = outbox->torn ? sizeof torn_mark - 1 : 0;

    /* What was counted before it was sent in part cannot be ended. */
    if (gaps_are_empty(&outbox->pending) ||
        (outbox->torn && outbox->framing == FRAMING_OCTET_COUNTED))
        return 0;
    memcpy(outbox->last_words, torn_mark, mark_len);
    if (outbox->torn)
        framing_end(outbox->framing, outbox->last_words + mark_len);
    outbox->last_words_len =
        mark_len + notice_write(&outbox->notice, &outbox->pending, outbox->last_words + mark_len);
    *text_out = outbox->last_words;
    return outbox->last_words_len;
}

void outbox_said_last_words(struct outbox *outbox)
{
    outbox->ledger.written_bytes += outbox->last_words_len;
    while (!gaps_are_empty(&outbox->pending)) {
        outbox->ledger.notices++;
        forget_first(&outbox->pending);
    }
}
