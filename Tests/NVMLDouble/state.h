#ifndef NVML_DOUBLE_STATE_H
#define NVML_DOUBLE_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "leasehold_nvml_table.h"

#if defined(__clang__)
// The table's parameters say what may be NULL; nobody asks that of the double's own.
#pragma clang diagnostic ignored "-Wnullability-completeness"
#endif

// The hardware that the double plays. One lock guards all of it; a call holds it but while it is slow or hangs.

typedef leasehold_nvml_return R;

enum {
    SUCCESS = 0,
    UNINITIALIZED = 1,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7,
    DRIVER_NOT_LOADED = 9,
    TIMEOUT = 10,
    GPU_IS_LOST = 15,
    RESET_REQUIRED = 16,
    MISMATCH = 18,
    IN_USE = 19,
    INSUFFICIENT_RESOURCES = 23,
    VERSION_MISMATCH = 25,
};

enum {
    GPUS_MAX = 16,
    INSTANCES_MAX = 8,
    COMPUTES_MAX = 8,
    PROCESSES_MAX = 64,
    PROFILES_MAX = 8,
    RULES_MAX = 64,
    SETS_MAX = 8,
    EVENTS_MAX = 64,
    TEXT_SIZE = 96,
    LINE_SIZE = 512,
};

/// A way in which a kind can be cut.
typedef struct {
    /// Its number among the vendor's profiles, and its id.
    uint32_t number, id;
    const char *name;
    uint32_t slices, memory_slices, count_max, multiprocessors, media;
    uint64_t mebibytes;
    /// A bit for each legal start.
    uint32_t starts;
} kind_profile;

typedef struct {
    const char *word, *name;
    uint64_t mebibytes, reserved_mebibytes;
    /// Milliwatts.
    uint64_t limit_default, limit_least, limit_most;
    uint64_t pci_device_id;
    bool has_fabric;
    kind_profile profiles[PROFILES_MAX];
} kind;

/// The kind of a word, or NULL.
const kind *kind_of(const char *word);

// A GPU's values, in the library's units; `set` and `add` know them by these names.
#define VALUES(V) \
    V(total_memory) V(reserved_memory) V(used_memory) \
    V(domain) V(bus) V(device) V(pci_device_id) \
    V(persistence) V(usage) V(energy) V(energy_behind) V(limit) V(limit_default) V(limit_least) V(limit_most) V(cap) \
    V(temperature) V(throttling) V(recovery) V(recovery_type) \
    V(corrected) V(uncorrected) V(corrected_ever) V(uncorrected_ever) \
    V(rows_corrected) V(rows_uncorrected) V(rows_pending) V(rows_failed) \
    V(banks_all) V(banks_most) V(banks_some) V(banks_few) V(banks_none) \
    V(fabric_state) V(fabric_status) V(fabric_clique) V(fabric_mask) V(fabric_health) \
    V(mig) V(mig_pending) V(mig_waits) V(event_types) V(report_count)

#define TEXTS(T) T(uuid) T(name) T(serial) T(vbios)

#define VALUE_FIELD(name) uint64_t name;
#define TEXT_FIELD(name) char name[TEXT_SIZE];

typedef struct leasehold_nvml_opaque_device gpu;
typedef struct leasehold_nvml_opaque_instance instance;
typedef struct leasehold_nvml_opaque_compute compute;
typedef struct leasehold_nvml_opaque_event_set event_set;

struct leasehold_nvml_opaque_compute {
    bool exists;
    instance *owner;
    uint32_t id, profile, slices;
};

struct leasehold_nvml_opaque_instance {
    bool exists;
    gpu *owner;
    uint32_t id;
    const kind_profile *profile;
    leasehold_nvml_placement placement;
    compute computes[COMPUTES_MAX];
};

typedef struct {
    bool exists;
    /// 0 compute, 1 graphics, 2 MPS.
    unsigned int use;
    leasehold_nvml_process info;
} process;

struct leasehold_nvml_opaque_device {
    bool exists, is_lost;
    const kind *kind;
    VALUES(VALUE_FIELD)
    TEXTS(TEXT_FIELD)
    uint8_t cluster[16];
    instance instances[INSTANCES_MAX];
    process processes[PROCESSES_MAX];
};

struct leasehold_nvml_opaque_event_set {
    bool exists;
    uint64_t types[GPUS_MAX];
    leasehold_nvml_event events[EVENTS_MAX];
    unsigned int count;
};

typedef enum { DRIVER_LOADED, DRIVER_UNLOADED, DRIVER_MISMATCHED } driver_state;

/// What a script has said about a function.
typedef struct {
    enum { RULE_NONE, RULE_FAIL, RULE_SLOW, RULE_HANG, RULE_OBEY } what;
    char function[TEXT_SIZE];
    /// The code of a failure, or milliseconds.
    uint32_t number;
    uint64_t skip;
    /// How often it still holds.
    uint64_t times;
    gpu *only;
    unsigned int hanging;
    /// What is obeyed.
    char line[LINE_SIZE];
} rule;

typedef struct {
    pthread_mutex_t lock;
    /// Rung when a rule goes and when an event comes.
    pthread_cond_t changed;
    gpu gpus[GPUS_MAX];
    /// In which order the driver counts them.
    gpu *order[GPUS_MAX];
    unsigned int count;
    driver_state driver;
    char version[TEXT_SIZE];
    /// How often the driver was unloaded, and at which of them the library was started.
    unsigned int unloads, started_at;
    /// How many starts are not yet shut down. The library counts them in its process and knows nothing of the driver:
    /// only a first start begins anew.
    unsigned int starts;
    rule rules[RULES_MAX];
    event_set sets[SETS_MAX];
    /// How the system computes confidentially.
    uint32_t environment, confidential, multi_gpu_mode, developer_tools;
    /// Whether lists of processes have entries of 32 bytes, as drivers of some versions write them.
    bool has_long_entries;
} hardware;

extern hardware hw;

/// Enters a function: takes the lock, obeys what the script file has got, and what is said of the function.
///
/// SUCCESS, or what the function has to answer; the lock is held either way. A device that is NULL is not looked at.
R enter(const char *function, const gpu *device);

/// The same for a function that starts the library.
R enter_unstarted(const char *function);

/// The same for a function that answers whatever the driver's state is.
R enter_always(const char *function);

/// Gives the lock up.
void leave(const int *entered);

/// Waits until something changes, a few milliseconds at most; the lock is free meanwhile.
void pause_for_change(void);

/// Obeys the lines that the script file has got since.
void read_script_file(void);

/// Obeys one line under the lock; NULL, or what is wrong with it.
const char *obey(const char *line);

/// Obeys one line under the lock; one that makes no sense ends the process.
void obey_surely(const char *line);

/// Forgets everything about instances, processes, counters and modes, as a driver that is loaded.
void begin_anew(gpu *device);

/// Changes the hardware by an order, and puts it into the script file for the processes to come.
void change(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// The profile of an id, or NULL.
const kind_profile *profile_with_id(const gpu *device, unsigned int id);

/// How many slices a compute instance of a profile has.
uint32_t slices_of_compute(unsigned int profile_id);

/// Whether anybody is on a device.
bool has_processes(const gpu *device);

/// The place of a device in `hw.gpus`.
static inline size_t place_of(const gpu *device) { return (size_t)(device - hw.gpus); }

#define ENTER(device) \
    __attribute__((cleanup(leave))) int entered = 0; \
    (void)entered; \
    const R refused = enter(__func__, device); \
    if (refused != SUCCESS) { \
        return refused; \
    }

#define DECLARE(field, parameters, symbol, older) R symbol parameters;
LEASEHOLD_NVML_FUNCTIONS(DECLARE)
#undef DECLARE

#endif
