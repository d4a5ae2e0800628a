// What the C library's module for Swift does not show.

#define _GNU_SOURCE
#include "storage.h"

#include <fcntl.h>
#include <sys/vfs.h>

int64_t leasehold_filesystem_magic(int descriptor) {
    struct statfs status;
    if (fstatfs(descriptor, &status) != 0) {
        return -1;
    }
    return (int64_t)(uint32_t)status.f_type;
}

void leasehold_begin_writing(int descriptor, int64_t offset, int64_t byte_count) {
    (void)sync_file_range(descriptor, offset, byte_count, SYNC_FILE_RANGE_WRITE);
}
