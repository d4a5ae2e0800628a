#ifndef LEASEHOLD_STORAGE_H
#define LEASEHOLD_STORAGE_H

#include <stdint.h>

/// The magic number of the filesystem that an open file lies on (statfs(2)), or -1 with errno set.
int64_t leasehold_filesystem_magic(int descriptor);

/// Has the kernel begin to write a range of a file to the disk, and does not wait for it (sync_file_range(2)).
///
/// A hint: nothing is durable by it, and where the kernel cannot, the sync that follows writes the bytes itself.
void leasehold_begin_writing(int descriptor, int64_t offset, int64_t byte_count);

#endif
