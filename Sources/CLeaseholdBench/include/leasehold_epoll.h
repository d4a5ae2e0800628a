// Waiting for many descriptors: epoll(7), which the C library's module for Swift does not show.
#ifndef LEASEHOLD_EPOLL_H
#define LEASEHOLD_EPOLL_H

#include <stdint.h>

/// An epoll descriptor, or -1 with errno.
int leasehold_epoll(void);

/// Watches a descriptor for bytes to read under a number; 0, or -1 with errno.
int leasehold_epoll_add(int epoll, int descriptor, uint64_t number);

/// Watches it no more; 0, or -1 with errno.
int leasehold_epoll_remove(int epoll, int descriptor);

/// Waits so long at most for as many as count_max, and stores their numbers; how many they are, or -1 with errno.
int leasehold_epoll_wait(int epoll, uint64_t *numbers, int count_max, int milliseconds);

#endif
