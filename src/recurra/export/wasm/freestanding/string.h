/* What exported C takes of the C library's <string.h>, where there is no such library. */
#ifndef FREESTANDING_STRING_H
#define FREESTANDING_STRING_H

#define memcpy __builtin_memcpy
#define memset __builtin_memset

#endif
