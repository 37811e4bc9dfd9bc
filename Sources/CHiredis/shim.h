// hiredis 0.14.1 as Debian 12 packages it. The module map links the library by name and asks pkg-config
// nothing: its -D_FILE_OFFSET_BITS would be refused with a warning on every build.
#include <hiredis/hiredis.h>
