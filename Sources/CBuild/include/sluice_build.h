#ifndef SLUICE_BUILD_H
#define SLUICE_BUILD_H

/// The version, in this one place: the proxy, the command line, the ledger and the package read it here.
#define SLUICE_VERSION "0.2.0"

/// The commit that was built, as `make release` passes it; `unknown` where nobody did.
const char *sluice_revision(void);

#endif
