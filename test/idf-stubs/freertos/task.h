#pragma once

#define tskNO_AFFINITY 0x7FFFFFFF
