/* count_of.h - the number of elements of an array, as an unsigned. */
#ifndef CONF_COUNT_OF_H
#define CONF_COUNT_OF_H

#define COUNT_OF(array) (unsigned)(sizeof(array) / sizeof(array)[0])

#endif
