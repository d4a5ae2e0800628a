#ifndef LEASEHOLD_KERNEL_H
#define LEASEHOLD_KERNEL_H

// What the kernel of Linux offers and Swift's own view of the C library does not show everywhere.
// Functions that return a descriptor or a count return -1 with errno on failure.

#include <stdbool.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/types.h>

/// A counter to poll on; closed on exec, never blocks.
int leasehold_eventfd(void);

/// Adds one to a counter, which wakes whoever polls on it.
void leasehold_ring(int counter);

/// A timer on CLOCK_BOOTTIME, which goes on counting while the machine is suspended; never blocks.
int leasehold_timerfd(void);

/// Arms a timer at an instant of CLOCK_BOOTTIME in nanoseconds; `INT64_MAX` disarms it.
int leasehold_timerfd_arm(int timer, int64_t boot_nanoseconds);

/// Reads a counter or a timer back to nothing.
void leasehold_drain(int descriptor);

/// Heeds SIGTERM, SIGINT and SIGCHLD in this process, and ignores SIGPIPE; a counter that each of the three rings.
/// Called again it answers with the same counter, which is never closed.
///
/// The second request to stop ends the process at once, whatever its threads are doing. By handlers and not by a
/// signalfd: that needs every thread to block the signals, and the main thread of an asynchronous program, which the
/// runtime parks in sigsuspend with nothing blocked, would take them away.
int leasehold_heed_signals(void);

/// Whether the process was asked to stop and nobody has taken that yet.
bool leasehold_is_stop_requested(void);

/// Takes the request to stop; whether there was one.
bool leasehold_take_stop(void);

/// Takes the news that children have ended; whether there was any.
bool leasehold_take_child(void);

/// A descriptor of a process that becomes readable when it has ended.
int leasehold_pidfd(pid_t process);

/// Has a program that is spawned begin without the descriptors from `first` on: 0, or what went wrong.
int leasehold_spawn_closes_from(posix_spawn_file_actions_t *actions, int first);

/// Sends a signal to the process of such a descriptor, and to no other: 0, or what went wrong.
int leasehold_pidfd_signal(int handle, int signal);

/// Which character device a path leads to; false for anything else. A file system that may not answer is not asked.
bool leasehold_device_of(const char *path, uint32_t *major, uint32_t *minor);

/// Whether two paths lead to one file. A file system that may not answer is not asked.
bool leasehold_is_same_file(const char *one, const char *other);

/// Sets the timeout of an open watchdog, and gets the one that it has then: 0, or what went wrong.
int leasehold_watchdog_set(int watchdog, int *seconds);

/// Locks a whole file for its open file description, without waiting: 0, or EAGAIN when another has it.
int leasehold_lock(int descriptor);

/// `EACCES` for 13; NULL for a number without a name.
const char *leasehold_errno_name(int code);

#endif
