// What the C library's module for Swift does not show.

#include "storage.h"

#include <sys/vfs.h>

int64_t leasehold_filesystem_magic(int descriptor) {
    struct statfs status;
    if (fstatfs(descriptor, &status) != 0) {
        return -1;
    }
    return (int64_t)(uint32_t)status.f_type;
}
