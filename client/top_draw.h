/* top_draw.h - the picture that `logboom top` shows, as text.
 *
 * Pure: a look becomes lines, for a screen of so many columns and lines; 80 columns have room for
 * all, and what is wider is cut at the right edge. What does not fit in height is counted in the
 * last line. */
#ifndef CLIENT_TOP_DRAW_H
#define CLIENT_TOP_DRAW_H

#include "client/top_line.h"
#include "client/top_look.h"

/* Drawn over what was there. The text is zeroed before the first time. */
void top_draw(const struct top_look *look, const struct top_style *style, struct top_text *text);

#endif
