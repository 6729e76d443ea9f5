#include "decode/text_parts.h"

const uint8_t text_classes[256] = {
    [0 ... 31] = BYTE_ODD, [127 ... 255] = BYTE_ODD, [' '] = BYTE_SPACE, ['"'] = BYTE_QUOTE,
    ['='] = BYTE_EQUALS,   [']'] = BYTE_BRACKET,     [':'] = BYTE_COLON, ['\\'] = BYTE_BACKSLASH,
    ['!'] = BYTE_OTHER,    ['$'] = BYTE_OTHER,       ['&'] = BYTE_OTHER, ['\''] = BYTE_OTHER,
    ['('] = BYTE_OTHER,    [')'] = BYTE_OTHER,       ['*'] = BYTE_OTHER, [','] = BYTE_OTHER,
    [';'] = BYTE_OTHER,    ['<'] = BYTE_OTHER,       ['>'] = BYTE_OTHER, ['?'] = BYTE_OTHER,
    ['['] = BYTE_OTHER,    ['^'] = BYTE_OTHER,       ['`'] = BYTE_OTHER, ['{'] = BYTE_OTHER,
    ['|'] = BYTE_OTHER,    ['}'] = BYTE_OTHER,
};

bool text_rest(struct text_line *line)
{
    line->entry->text = text_span(line, line->at, line->end);
    line->at = line->end;
    return true;
}

bool text_word(struct text_line *line, struct span *word_out)
{
    unsigned seen;
    uint32_t begin = line->at, end = text_run(line, begin, BYTE_SPACE | BYTE_ODD, &seen);

    if (end == begin || (end < line->end && line->message->bytes[end] != ' '))
        return false;
    *word_out = text_span_of(begin, end, seen);
    line->at = end;
    return true;
}

struct span text_or_nil(const struct text_line *line, struct span word)
{
    bool nil = word.len == 1 && line->message->bytes[word.offset] == '-';

    return nil ? (struct span){.offset = word.offset} : word;
}

bool text_number(struct text_line *line, unsigned digits_max, unsigned *number_out)
{
    unsigned number = 0, digits = 0;

    while (digits < digits_max && text_peek(line) >= '0' && text_peek(line) <= '9') {
        number = number * 10 + (unsigned)(text_peek(line) - '0');
        line->at++;
        digits++;
    }
    *number_out = number;
    return digits > 0;
}

bool text_copy(struct text_line *line, const char *word, uint32_t len, struct span *copy_out)
{
    if (line->scratch + len + MESSAGE_SPARE > line->message->cap)
        return false;
    memcpy(line->message->bytes + line->scratch, word, len);
    *copy_out = text_span_of(line->scratch, line->scratch + len, 0);
    line->scratch += len;
    return true;
}

bool text_add(struct text_line *line, const char *name, uint32_t name_len, struct span value)
{
    struct span key;

    return text_copy(line, name, name_len, &key) && entry_add_field(line->entry, key, value);
}
