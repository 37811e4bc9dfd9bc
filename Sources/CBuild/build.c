#include "sluice_build.h"

#define TEXT_OF(word) #word
#define TEXT(word) TEXT_OF(word)

#ifndef SLUICE_REVISION
#define SLUICE_REVISION unknown
#endif

const char *sluice_revision(void) { return TEXT(SLUICE_REVISION); }
