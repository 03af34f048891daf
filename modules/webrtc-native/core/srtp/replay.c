#include "srtp_internal.h"

bool srtp_replay_fresh(const srtp_replay *replay, uint64_t index)
{
	if (replay->window == 0 || index > replay->newest)
		return true;
	uint64_t age = replay->newest - index;
	return age < SRTP_WINDOW && !(replay->window >> age & 1);
}

void srtp_replay_add(srtp_replay *replay, uint64_t index)
{
	if (replay->window == 0) {
		replay->newest = index;
		replay->window = 1;
	} else if (index > replay->newest) {
		uint64_t step = index - replay->newest;
		replay->window = step < SRTP_WINDOW ? replay->window << step | 1 : 1;
		replay->newest = index;
	} else {
		replay->window |= (uint64_t)1 << (replay->newest - index);
	}
}

uint64_t srtp_index_near(uint64_t newest, uint16_t sequence)
{
	uint64_t rollover = newest >> 16;
	uint16_t last = (uint16_t)newest;
	if (last < 0x8000) {
		if (sequence > last && sequence - last > 0x8000 && rollover > 0)
			rollover--;
	} else if (sequence < last && last - sequence > 0x8000) {
		rollover++;
	}
	return rollover << 16 | sequence;
}
