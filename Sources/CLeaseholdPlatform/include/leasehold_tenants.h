#ifndef LEASEHOLD_TENANTS_H
#define LEASEHOLD_TENANTS_H

#include <stdint.h>
#include <sys/types.h>

/// What a simulated tenant's process does: it marks its GPUs, or its slices of them, once in every beat, until it is
/// killed.
typedef struct {
    /// The first GPU's cell of the node, in a shared mapping.
    uint64_t *cells;
    /// The GPUs that it works on, a bit each by position.
    uint64_t gpus;
    /// The first slice's cell of the node; null where it has its GPUs whole.
    uint64_t *slice_cells;
    /// The memory slices that it works on, a bit each, eight for each GPU.
    uint64_t slices[2];
    /// What it marks them with; not 0.
    uint64_t tag;
    /// From one round of marks to the next.
    int64_t beat_nanoseconds;
} leasehold_work;

/// Works until the parent is not `guard` any more.
void leasehold_run_work(const leasehold_work *work, pid_t guard);

/// Forks a child that will run an executable, and holds it at a gate.
///
/// The child is killed when the calling *thread* ends, however it ends: call from a thread that lives as long as the
/// process. It leads a process group of its own, has no descriptor of the caller's, and default signal handling.
/// Until `leasehold_let_go` it waits; if the caller dies first, it ends. Returns 0 or an errno.
int leasehold_hold_executable(
    const char *path, char *const *arguments, char *const *environment, int64_t not_after_boot_nanoseconds,
    pid_t *child, int *gate);

/// The same for work that runs in the child itself, without an executable: a few pages each instead of a runtime.
///
/// Between fork and the end the child calls nothing but functions that are safe after a fork of a process with threads.
int leasehold_hold_work(
    const leasehold_work *work, int64_t not_after_boot_nanoseconds, pid_t *child, int *gate);

/// Opens the gate and closes the descriptor. Returns 0 once the executable or the work runs, `ETIME` when the boot
/// clock had passed `not_after` as the child looked, or the errno of the exec; after an error the child is reaped.
int leasehold_let_go(pid_t child, int gate);

#endif
