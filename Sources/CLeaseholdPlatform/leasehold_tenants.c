// Tenants' processes. Everything that a child calls here is safe after a fork of a process with threads: no memory is
// allocated, no lock taken, nothing of Swift is touched.
#define _GNU_SOURCE

#include "leasehold_tenants.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "leasehold_atomics.h"
#include "leasehold_cell.h"

// MARK: The work

// Two works on one GPU do not stay unseen. Each round of a work exchanges the mark for its own tag, in one step; the
// exchanges of one word have one order. As long as both run, each exchanges once a beat, so somewhere an exchange of
// one directly follows an exchange of the other, and that one gets a tag back that is neither 0 nor its own. Only a
// wipe between them could hide it, and the guard wipes a GPU only after the process of its holder is gone. A work whose
// GPU was given to another while it still ran is seen even before that: the holder word is not its tag any more.
static void mark(uint64_t *cell, uint64_t tag) {
    uint64_t before = leasehold_exchange(cell + LEASEHOLD_CELL_MARK, tag);
    bool is_alone = before == 0 || before == tag;
    if (!is_alone || leasehold_load(cell + LEASEHOLD_CELL_HOLDER) != tag) {
        leasehold_add(cell + LEASEHOLD_CELL_INTRUSIONS, 1);
    }
    leasehold_add(cell + LEASEHOLD_CELL_WRITES, 1);
}

// Work on slices of a GPU and work on the whole of it mark different cells: so the former looks at the latter's too.
static void mark_slice(uint64_t *cell, const uint64_t *gpu, uint64_t tag) {
    mark(cell, tag);
    if (leasehold_load(gpu + LEASEHOLD_CELL_HOLDER) != 0 || leasehold_load(gpu + LEASEHOLD_CELL_MARK) != 0) {
        leasehold_add(cell + LEASEHOLD_CELL_INTRUSIONS, 1);
    }
}

void leasehold_run_work(const leasehold_work *work, pid_t guard) {
    // The kernel may wake many works together: a late mark is as good as one in time.
    prctl(PR_SET_TIMERSLACK, (unsigned long)(work->beat_nanoseconds / 8), 0, 0, 0);
    struct timespec beat = {
        .tv_sec = work->beat_nanoseconds / 1000000000,
        .tv_nsec = work->beat_nanoseconds % 1000000000,
    };
    // The parent is looked at before each round: the kernel kills a work whose guard died, and this is the second lock
    // on that door.
    while (getppid() == guard) {
        for (int position = 0; position < 64; position += 1) {
            if ((work->gpus >> position & 1) && work->slice_cells == NULL) {
                mark(work->cells + position * LEASEHOLD_CELL_WORD_COUNT, work->tag);
            }
        }
        for (int place = 0; place < 128 && work->slice_cells != NULL; place += 1) {
            if (work->slices[place / 64] >> place % 64 & 1) {
                mark_slice(
                    work->slice_cells + place * LEASEHOLD_CELL_WORD_COUNT,
                    work->cells + place / 8 * LEASEHOLD_CELL_WORD_COUNT, work->tag);
            }
        }
        clock_nanosleep(CLOCK_MONOTONIC, 0, &beat, NULL);
    }
}

// MARK: The child

static void close_all_but(int kept) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 0U, (unsigned)kept - 1, 0U) == 0 &&
        syscall(SYS_close_range, (unsigned)kept + 1, ~0U, 0U) == 0) {
        return;
    }
#endif
    struct rlimit limit;
    int end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;
    for (int descriptor = 0; descriptor < end; descriptor += 1) {
        if (descriptor != kept) {
            close(descriptor);
        }
    }
}

// A tenant holds nothing of its guard: an inherited descriptor would keep a lock, a socket or a pipe alive.
static int leave_the_house(int gate) {
    // 0, 1 and 2 are needed below for /dev/null, so the gate must lie above them.
    int kept = gate > 2 ? gate : fcntl(gate, F_DUPFD_CLOEXEC, 3);
    if (kept < 0) {
        return -1;
    }
    close_all_but(kept);
    int nothing = open("/dev/null", O_RDWR);
    if (nothing == 0) {
        dup2(nothing, 1);
        dup2(nothing, 2);
    }
    for (int number = 1; number < NSIG; number += 1) {
        signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    return kept;
}

static int64_t boot_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void wait_at(int gate, int64_t not_after) {
    char go;
    ssize_t got;
    do {
        got = read(gate, &go, 1);
    } while (got < 0 && errno == EINTR);
    if (got != 1) {
        // The guard is gone, or gave up.
        _exit(0);
    }
    // Looked at here and not in the guard: between the guard's look and the fork it may have been stopped (L5).
    if (boot_nanoseconds() >= not_after) {
        int late = ETIME;
        send(gate, &late, sizeof late, MSG_NOSIGNAL);
        _exit(0);
    }
}

// A guard may be spared when memory runs out, and its children inherit that; work is not. A score above 0 stays: not
// everybody may lower one.
static int give_up_protection(void) {
    errno = 0;
    int file = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
    char sign = 0;
    if (file < 0 || read(file, &sign, 1) != 1 || (sign == '-' && pwrite(file, "0", 1, 0) != 1)) {
        return errno != 0 ? errno : EIO;
    }
    close(file);
    return 0;
}

static void live(
    int gate, int64_t not_after, pid_t guard, const char *path, char *const *arguments, char *const *environment,
    const leasehold_work *work) {
    // The kernel kills this process when the thread that forked it ends. If that has happened already, the parent is
    // another by now.
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != guard) {
        _exit(0);
    }
    setpgid(0, 0);
    gate = leave_the_house(gate);
    if (gate < 0) {
        _exit(127);
    }
    wait_at(gate, not_after);
    int trouble = give_up_protection();
    if (trouble != 0) {
        send(gate, &trouble, sizeof trouble, MSG_NOSIGNAL);
        _exit(127);
    }
    if (path != NULL) {
        execve(path, arguments, environment);
        int code = errno;
        send(gate, &code, sizeof code, MSG_NOSIGNAL);
        _exit(127);
    }
    close(gate);
    prctl(PR_SET_NAME, "leasehold-work", 0, 0, 0);
    leasehold_run_work(work, guard);
    _exit(0);
}

// MARK: The guard's side

static int hold(
    const char *path, char *const *arguments, char *const *environment, const leasehold_work *work, int64_t not_after,
    pid_t *child, int *gate) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return errno;
    }
    pid_t guard = getpid();
    // No handler of the guard may run in the child before its signals are reset.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    int code = errno;
    if (pid == 0) {
        // Or the child would keep its own gate open after the guard's death.
        close(ends[0]);
        live(ends[1], not_after, guard, path, arguments, environment, work);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return code;
    }
    // In both: whoever is first, the group exists before anybody can want to kill it.
    setpgid(pid, pid);
    *child = pid;
    *gate = ends[0];
    return 0;
}

int leasehold_hold_executable(
    const char *path, char *const *arguments, char *const *environment, int64_t not_after_boot_nanoseconds,
    pid_t *child, int *gate) {
    return hold(path, arguments, environment, NULL, not_after_boot_nanoseconds, child, gate);
}

int leasehold_hold_work(
    const leasehold_work *work, int64_t not_after_boot_nanoseconds, pid_t *child, int *gate) {
    return hold(NULL, NULL, NULL, work, not_after_boot_nanoseconds, child, gate);
}

int leasehold_let_go(pid_t child, int gate) {
    char go = 1;
    int code = 0;
    if (send(gate, &go, 1, MSG_NOSIGNAL) != 1) {
        code = errno;
    } else {
        // The end of the stream means that exec or the work closed the child's end: it runs.
        int answer;
        ssize_t got;
        do {
            got = recv(gate, &answer, sizeof answer, MSG_WAITALL);
        } while (got < 0 && errno == EINTR);
        code = got == sizeof answer ? answer : got == 0 ? 0 : EPROTO;
    }
    close(gate);
    if (code != 0) {
        // It ends by itself after what it said; killed all the same, so that this wait is short.
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    return code;
}
