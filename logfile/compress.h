/* compress.h - one file into a compressed one beside it, without a moment in which neither
 * is whole.
 *
 *     plain → .part, synced → renamed to .zst or .gz → directory synced → plain removed
 *
 * The compressed file gets owner, group, permissions and modification time of the plain one
 * before it gets its name. That time is how a whole one is known later: no tool sets it
 * before it has finished. One thread at a time. */
#ifndef LOGFILE_COMPRESS_H
#define LOGFILE_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"

enum compress_kind { COMPRESS_NONE, COMPRESS_ZSTD, COMPRESS_GZIP };

#endif
