/*
 * XS's own header, and the names of Moddable SDK 8.2 that the version on npm (XS 13.3) lacks, so
 * that one binding source serves both.
 */
#ifndef LKXS_XSMC_H
#define LKXS_XSMC_H

#include_next <xsmc.h>

#ifndef xsmcToUnsigned
#define xsmcToUnsigned(_SLOT) fxToUnsigned(the, &(_SLOT))
#endif
#ifndef xsmcSetUnsigned
#define xsmcSetUnsigned(_SLOT, _VALUE) fxUnsigned(the, &(_SLOT), _VALUE)
#endif
#ifndef xsmcSetStringX
#define xsmcSetStringX(_SLOT, _VALUE) fxStringX(the, &(_SLOT), (xsStringValue)(_VALUE))
#endif
#ifndef xsmcToReference
#define xsmcToReference(_SLOT) fxToReference(the, &(_SLOT))
#endif
#ifndef xsGetHostDataIf
#define xsGetHostDataIf(_SLOT) (the->scratch = (_SLOT), fxGetHostDataIf(the, &(the->scratch)))
#endif
#ifndef xsmcGetHostDataIf
#define xsmcGetHostDataIf(_SLOT) fxGetHostDataIf(the, &(_SLOT))
#endif
#ifndef xsGetHostChunkIf
#define xsGetHostChunkIf(_SLOT) (the->scratch = (_SLOT), fxGetHostChunkIf(the, &(the->scratch)))
#endif
#ifndef xsmcGetHostChunkIf
#define xsmcGetHostChunkIf(_SLOT) fxGetHostChunkIf(the, &(_SLOT))
#endif

#ifndef __XSALL__
mxImport void *fxGetHostDataIf(xsMachine *, xsSlot *);
mxImport void *fxGetHostChunkIf(xsMachine *, xsSlot *);
#endif

#endif
