#ifndef LEASEHOLD_CONFINE_H
#define LEASEHOLD_CONFINE_H

#include <stddef.h>
#include <stdint.h>

/// The numbers of a character device.
struct leasehold_device {
    uint32_t major;
    uint32_t minor;
};

/// Lets nobody in a control group, given by an open descriptor of its directory, open or make a character device of one of
/// some majors (one at least), but for those that are named: 0, or what went wrong. What is of another major, or of a group
/// above, is judged by others.
int leasehold_confine(
    int group, const uint32_t *majors, size_t major_count, const struct leasehold_device *devices, size_t device_count);

#endif
