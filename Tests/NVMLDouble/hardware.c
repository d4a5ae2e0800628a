#include "state.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "include/nvml_double.h"

hardware hw = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .version = "570.124.06"};

/// How often each function was called, in the order of their first calls.
static struct {
    const char *function;
    unsigned long count;
} calls[128];

static void count_call(const char *function) {
    for (size_t place = 0; place < sizeof(calls) / sizeof(calls[0]); place++) {
        if (calls[place].function == NULL) {
            calls[place].function = function;
        }
        if (strcmp(calls[place].function, function) == 0) {
            calls[place].count++;
            return;
        }
    }
}

unsigned long double_called(const char *function) {
    unsigned long count = 0;
    pthread_mutex_lock(&hw.lock);
    for (size_t place = 0; place < sizeof(calls) / sizeof(calls[0]) && calls[place].function != NULL; place++) {
        if (strcmp(calls[place].function, function) == 0) {
            count = calls[place].count;
        }
    }
    pthread_mutex_unlock(&hw.lock);
    return count;
}

unsigned int double_hanging(const char *function) {
    unsigned int count = 0;
    pthread_mutex_lock(&hw.lock);
    for (size_t place = 0; place < RULES_MAX; place++) {
        if (hw.rules[place].what == RULE_HANG && strcmp(hw.rules[place].function, function) == 0) {
            count += hw.rules[place].hanging;
        }
    }
    pthread_mutex_unlock(&hw.lock);
    return count;
}

static void wait_milliseconds(uint32_t milliseconds) {
    struct timespec left = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    pthread_mutex_unlock(&hw.lock);
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
    pthread_mutex_lock(&hw.lock);
}

void pause_for_change(void) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 5000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&hw.changed, &hw.lock, &until);
    read_script_file();
}

/// Does what a rule says, if it holds for this call.
static R follow(rule *said, const char *function, const gpu *device) {
    const bool is_meant = strcmp(said->function, function) == 0 || strcmp(said->function, "*") == 0;
    if (said->what == RULE_NONE || !is_meant) {
        return SUCCESS;
    }
    if (said->only != NULL && said->only != device) {
        return SUCCESS;
    }
    if (said->skip > 0) {
        said->skip--;
        return SUCCESS;
    }
    if (said->times == 0) {
        return SUCCESS;
    }
    said->times--;
    switch (said->what) {
    case RULE_FAIL:
        return said->number;
    case RULE_SLOW:
        wait_milliseconds(said->number);
        return SUCCESS;
    case RULE_HANG:
        said->hanging++;
        while (said->what == RULE_HANG) {
            pause_for_change();
        }
        said->hanging--;
        return SUCCESS;
    case RULE_OBEY:
        obey_surely(said->line);
        return SUCCESS;
    case RULE_NONE:
        return SUCCESS;
    }
    return SUCCESS;
}

/// Takes the lock and does what is said of the function.
static R begin(const char *function, const gpu *device) {
    pthread_mutex_lock(&hw.lock);
    read_script_file();
    count_call(function);
    for (size_t place = 0; place < RULES_MAX; place++) {
        const R code = follow(&hw.rules[place], function, device);
        if (code != SUCCESS) {
            return code;
        }
    }
    return SUCCESS;
}

static R state_of_driver(void) {
    switch (hw.driver) {
    case DRIVER_LOADED:
        return SUCCESS;
    case DRIVER_UNLOADED:
        return DRIVER_NOT_LOADED;
    case DRIVER_MISMATCHED:
        return MISMATCH;
    }
    return SUCCESS;
}

R enter_always(const char *function) { return begin(function, NULL); }

R enter_unstarted(const char *function) {
    const R code = begin(function, NULL);
    return code != SUCCESS ? code : state_of_driver();
}

R enter(const char *function, const gpu *device) {
    const R said = begin(function, device);
    const R code = said != SUCCESS ? said : state_of_driver();
    if (code != SUCCESS) {
        return code;
    }
    if (hw.starts == 0 || hw.started_at != hw.unloads) {
        return UNINITIALIZED;
    }
    if (device == NULL) {
        return SUCCESS;
    }
    if (device < hw.gpus || device >= hw.gpus + GPUS_MAX || !device->exists) {
        return INVALID_ARGUMENT;
    }
    return device->is_lost ? GPU_IS_LOST : SUCCESS;
}

void leave(const int *entered) {
    (void)entered;
    pthread_mutex_unlock(&hw.lock);
}

void begin_anew(gpu *device) {
    device->energy = 0;
    device->energy_behind = 0;
    device->limit = device->limit_default;
    device->persistence = 0;
    // From Hopper on: nothing but the driver keeps it.
    device->mig = device->mig_pending = 0;
    memset(device->instances, 0, sizeof(device->instances));
    memset(device->processes, 0, sizeof(device->processes));
}
