#ifndef LEASEHOLD_CELL_H
#define LEASEHOLD_CELL_H

// One simulated GPU in the device file: 16 words of 64 bits, in two cache lines. The guard and its clearing write the
// first eleven words, tenants' work the next three, the guard `wipes`, and the test switch `broken`. What each word
// means, and the order in which they are written, is in the article "DeviceFile" of LeaseholdPlatform.

enum {
    LEASEHOLD_CELL_HOLDER = 0,
    LEASEHOLD_CELL_HOLDER_REIGN = 1,
    LEASEHOLD_CELL_HOLDER_INDEX = 2,
    LEASEHOLD_CELL_LEASE = 3,
    LEASEHOLD_CELL_RUNNING_SINCE = 4,
    LEASEHOLD_CELL_PROCESS = 5,
    LEASEHOLD_CELL_HIGHEST_COUNT = 6,
    LEASEHOLD_CELL_HIGHEST_BANKS = 7,
    LEASEHOLD_CELL_MARK = 11,
    LEASEHOLD_CELL_WRITES = 12,
    LEASEHOLD_CELL_INTRUSIONS = 13,
    LEASEHOLD_CELL_WIPES = 14,
    LEASEHOLD_CELL_BROKEN = 15,
    LEASEHOLD_CELL_WORD_COUNT = 16,
};

#endif
