/* On the device a generated header; here the names that XS's own C modules look up through it. */
#ifndef LKXS_MC_XS_H
#define LKXS_MC_XS_H

#define xsID_String xsID("String")
#define xsID_Uint8Array xsID("Uint8Array")
#define xsID_fatal xsID("fatal")
#define xsID_ignoreBOM xsID("ignoreBOM")
#define xsID_read xsID("read")
#define xsID_stream xsID("stream")
#define xsID_written xsID("written")

#endif
