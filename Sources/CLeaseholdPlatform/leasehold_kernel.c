// Needed for open-file-description locks, pidfd numbers and errno names.
#define _GNU_SOURCE

#include "leasehold_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int leasehold_eventfd(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void leasehold_ring(int counter) {
    uint64_t one = 1;
    // A counter that is full wakes as well.
    while (write(counter, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

int leasehold_timerfd(void) {
    return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
}

int leasehold_timerfd_arm(int timer, int64_t boot_nanoseconds) {
    struct itimerspec setting = {0};
    if (boot_nanoseconds != INT64_MAX) {
        // An instant of 0 would disarm the timer; one that has passed fires at once.
        int64_t instant = boot_nanoseconds > 0 ? boot_nanoseconds : 1;
        setting.it_value.tv_sec = instant / 1000000000;
        setting.it_value.tv_nsec = instant % 1000000000;
    }
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &setting, NULL);
}

void leasehold_drain(int descriptor) {
    uint64_t count;
    // Nothing to read is as good as something read: both leave nothing.
    while (read(descriptor, &count, sizeof count) < 0 && errno == EINTR) {
    }
}

static _Atomic int signal_counter = -1;
static _Atomic bool was_stopped;
static _Atomic bool must_stop;
static _Atomic bool has_child_ended;

static void on_signal(int number) {
    int before = errno;
    if (number == SIGCHLD) {
        has_child_ended = true;
    } else if (atomic_exchange(&was_stopped, true)) {
        // Blocked while this handler runs; it ends the process when the handler returns.
        signal(number, SIG_DFL);
        raise(number);
    } else {
        must_stop = true;
    }
    leasehold_ring(signal_counter);
    errno = before;
}

int leasehold_heed_signals(void) {
    if (signal_counter >= 0) {
        return signal_counter;
    }
    int counter = leasehold_eventfd();
    if (counter < 0) {
        return -1;
    }
    signal_counter = counter;
    // A system call that can be made again is made again by the kernel.
    struct sigaction heeded = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    sigemptyset(&heeded.sa_mask);
    sigaction(SIGTERM, &heeded, NULL);
    sigaction(SIGINT, &heeded, NULL);
    sigaction(SIGCHLD, &heeded, NULL);
    // A peer that closed its end is an error of the write, not the end of the process.
    signal(SIGPIPE, SIG_IGN);
    return counter;
}

bool leasehold_is_stop_requested(void) {
    return must_stop;
}

bool leasehold_take_stop(void) {
    return atomic_exchange(&must_stop, false);
}

bool leasehold_take_child(void) {
    return atomic_exchange(&has_child_ended, false);
}

int leasehold_pidfd(pid_t process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}

int leasehold_spawn_closes_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int leasehold_pidfd_signal(int handle, int signal) {
    return syscall(SYS_pidfd_send_signal, handle, signal, NULL, 0) == 0 ? 0 : errno;
}

int leasehold_lock(int descriptor) {
    // The lock of an open file description, not of the process: closing another descriptor of the file, as a library
    // might, does not give it up.
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(descriptor, F_OFD_SETLK, &whole) == 0) {
        return 0;
    }
    return errno == EACCES ? EAGAIN : errno;
}

const char *leasehold_errno_name(int code) {
    return strerrorname_np(code);
}

int leasehold_watchdog_set(int watchdog, int *seconds) {
    return ioctl(watchdog, WDIOC_SETTIMEOUT, seconds) == 0 ? 0 : errno;
}

bool leasehold_device_of(const char *path, uint32_t *major, uint32_t *minor) {
    struct statx status;
    if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &status) != 0 || !S_ISCHR(status.stx_mode)) {
        return false;
    }
    *major = status.stx_rdev_major;
    *minor = status.stx_rdev_minor;
    return true;
}

bool leasehold_is_same_file(const char *one, const char *other) {
    struct statx status[2];
    const char *paths[2] = {one, other};
    for (int place = 0; place < 2; place++) {
        if (statx(AT_FDCWD, paths[place], AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &status[place]) != 0) {
            return false;
        }
    }
    return status[0].stx_ino == status[1].stx_ino && status[0].stx_dev_major == status[1].stx_dev_major
        && status[0].stx_dev_minor == status[1].stx_dev_minor;
}
