/* What exported C takes of the C library's <math.h>, where there is no such library. */
#ifndef FREESTANDING_MATH_H
#define FREESTANDING_MATH_H

#define fabsf __builtin_fabsf
#define sqrtf __builtin_sqrtf

float expf(float x);
float logf(float x);
float log1pf(float x);
float erff(float x);

#endif
