/* status_json.h - a status as one JSON object, for `logboom stat --json` and for `top`.
 *
 * docs/control.md lists its members. Names end in their unit; what was never so is 0 or "". */
#ifndef STATUS_STATUS_JSON_H
#define STATUS_STATUS_JSON_H

#include "aggregate/json_out.h"
#include "status/status.h"

/* Its members, in an object that the caller has opened. */
void status_write_json(const struct status *status, struct json_out *out);

/* More than such an object ever takes with so many parts. */
size_t status_json_bytes(unsigned endpoints, unsigned sinks);

#endif
