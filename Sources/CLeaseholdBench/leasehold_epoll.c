#include "leasehold_epoll.h"

#include <sys/epoll.h>

#define EVENT_COUNT_MAX 1024

int leasehold_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }

int leasehold_epoll_add(int epoll, int descriptor, uint64_t number) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = number};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int leasehold_epoll_remove(int epoll, int descriptor) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, 0);
}

int leasehold_epoll_wait(int epoll, uint64_t *numbers, int count_max, int milliseconds) {
    struct epoll_event events[EVENT_COUNT_MAX];
    int count = epoll_wait(epoll, events, count_max < EVENT_COUNT_MAX ? count_max : EVENT_COUNT_MAX, milliseconds);
    for (int i = 0; i < count; i++) numbers[i] = events[i].data.u64;
    return count;
}
