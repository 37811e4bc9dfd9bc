// zlib as Debian packages it (zlib1g-dev). The module map links the library by name, as CSluiceHiredis does.
#include <zlib.h>
