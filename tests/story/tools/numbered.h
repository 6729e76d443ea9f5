/* numbered.h - entries that tell their origin, their place and their wholeness.
 *
 *     c00003 000000017 89ab12cd xxxx…
 *     client number    checksum filler
 *
 * The checksum is CRC-32 (zlib's) of everything but itself and the spaces around it. A message
 * too short for a head, the empty one too, is all `e`: it can be counted, not told apart. */
#ifndef STORY_NUMBERED_H
#define STORY_NUMBERED_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { ORIGIN_LEN = 16, CHECK_LEN = 8, HEAD_LEN = ORIGIN_LEN + 1 + CHECK_LEN + 1 };
enum { CLIENTS_MAX = 100000, ENTRY_LEN_MAX = 1 << 20 };

/* `crc` is 0, or what the bytes before gave. Eight bytes a step ("slicing by 8"). */
static inline uint32_t crc32_of(uint32_t crc, const char *bytes, size_t len)
{
    static uint32_t table[8][256];

    if (!table[0][1]) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t value = i;

            for (int bit = 0; bit < 8; bit++)
                value = value >> 1 ^ (value & 1 ? 0xedb88320 : 0);
            table[0][i] = value;
        }
        for (uint32_t i = 0; i < 256; i++)
            for (int t = 1; t < 8; t++)
                table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 255];
    }
    crc = ~crc;
    for (; len >= 8; bytes += 8, len -= 8) {
        uint32_t low, high;

        memcpy(&low, bytes, 4);
        memcpy(&high, bytes + 4, 4);
        low ^= crc;
        crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^
              table[4][low >> 24] ^ table[3][high & 255] ^ table[2][high >> 8 & 255] ^
              table[1][high >> 16 & 255] ^ table[0][high >> 24];
    }
    for (; len > 0; bytes++, len--)
        crc = crc >> 8 ^ table[0][(crc ^ (unsigned char)*bytes) & 255];
    return ~crc;
}

static inline uint32_t numbered_check(const char *entry, size_t len)
{
    return crc32_of(crc32_of(0, entry, ORIGIN_LEN), entry + HEAD_LEN, len - HEAD_LEN);
}

/* Fills exactly `len` bytes. False: too short, it has no number. */
static inline int numbered_make(char *entry, size_t len, unsigned client, unsigned number)
{
    char head[HEAD_LEN + 1];

    if (len < HEAD_LEN) {
        memset(entry, 'e', len);
        return 0;
    }
    memset(entry + HEAD_LEN, 'x', len - HEAD_LEN);
    snprintf(head, sizeof head, "c%05u %09u ", client % CLIENTS_MAX, number % 1000000000);
    memcpy(entry, head, ORIGIN_LEN + 1);
    snprintf(head, sizeof head, "%08x ", numbered_check(entry, len));
    memcpy(entry + ORIGIN_LEN + 1, head, CHECK_LEN + 1);
    return 1;
}

#endif
