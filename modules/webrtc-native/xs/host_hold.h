/*
 * The desktop host ends when nothing is left that could happen. A native object that is open and
 * may still call back holds it: one hostHold() per hostRelease(), any thread, no machine needed (so
 * a destructor can release). Devices never end: nothing happens there.
 */
#ifndef LKXS_HOST_HOLD_H
#define LKXS_HOST_HOLD_H

#ifdef LKXS_DESKTOP_HOST
void hostHold(void);
void hostRelease(void);
#else
static inline void hostHold(void)
{
}
static inline void hostRelease(void)
{
}
#endif

#endif
