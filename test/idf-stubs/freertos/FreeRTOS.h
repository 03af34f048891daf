#pragma once

#define portNUM_PROCESSORS 2
