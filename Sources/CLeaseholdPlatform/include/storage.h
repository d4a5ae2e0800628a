#ifndef LEASEHOLD_STORAGE_H
#define LEASEHOLD_STORAGE_H

#include <stdint.h>

/// The magic number of the filesystem that an open file lies on (statfs(2)), or -1 with errno set.
int64_t leasehold_filesystem_magic(int descriptor);

#endif
