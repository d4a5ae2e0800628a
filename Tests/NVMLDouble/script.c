#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "include/nvml_double.h"
#include "order.h"

bool number_in(const char *word, uint64_t *number) {
    char *end;
    errno = 0;
    *number = strtoull(word, &end, 0);
    return errno == 0 && *end == '\0' && end != word;
}

gpu *gpu_called(const char *uuid) {
    for (size_t place = 0; place < GPUS_MAX; place++) {
        if (hw.gpus[place].exists && strcmp(hw.gpus[place].uuid, uuid) == 0) {
            return &hw.gpus[place];
        }
    }
    return NULL;
}

#define VALUE_ENTRY(name) {#name, offsetof(gpu, name)},
static const struct {
    const char *name;
    size_t offset;
} values[] = {VALUES(VALUE_ENTRY)}, texts[] = {TEXTS(VALUE_ENTRY)};

static uint64_t *value_called(gpu *device, const char *name) {
    for (size_t place = 0; place < sizeof(values) / sizeof(values[0]); place++) {
        if (strcmp(values[place].name, name) == 0) {
            return (uint64_t *)(void *)((char *)device + values[place].offset);
        }
    }
    return NULL;
}

static char *text_called(gpu *device, const char *name) {
    for (size_t place = 0; place < sizeof(texts) / sizeof(texts[0]); place++) {
        if (strcmp(texts[place].name, name) == 0) {
            return (char *)device + texts[place].offset;
        }
    }
    return NULL;
}

// ---- The hardware

static const char *put_in(const order *o) {
    const kind *made = o->count == 3 ? kind_of(o->words[1]) : NULL;
    if (made == NULL || hw.count == GPUS_MAX || gpu_called(o->words[2]) != NULL) {
        return "gpu KIND UUID: a kind of kinds.c, a UUID of its own, and room for it";
    }
    gpu *device = hw.gpus;
    while (device->exists) {
        device++;
    }
    *device = (gpu){.exists = true, .kind = made};
    snprintf(device->uuid, TEXT_SIZE, "%s", o->words[2]);
    snprintf(device->name, TEXT_SIZE, "%s", made->name);
    snprintf(device->serial, TEXT_SIZE, "16500230%05zu", place_of(device));
    snprintf(device->vbios, TEXT_SIZE, "96.00.74.00.01");
    device->total_memory = made->mebibytes << 20;
    device->reserved_memory = made->reserved_mebibytes << 20;
    device->bus = 0x18 + place_of(device);
    device->pci_device_id = made->pci_device_id;
    device->limit = device->limit_default = made->limit_default;
    device->limit_least = made->limit_least;
    device->limit_most = made->limit_most;
    device->usage = made->limit_default / 8;
    device->temperature = 31;
    device->throttling = 1;
    device->recovery_type = 1;
    device->event_types = 0xFFFF;
    if (made->has_fabric) {
        device->fabric_state = 3;
        device->fabric_health = 1;
        memset(device->cluster, 0xC1, sizeof(device->cluster));
    }
    hw.order[hw.count++] = device;
    return NULL;
}

static void take_out(gpu *device) {
    unsigned int kept = 0;
    for (unsigned int place = 0; place < hw.count; place++) {
        if (hw.order[place] != device) {
            hw.order[kept++] = hw.order[place];
        }
    }
    hw.count = kept;
}

static const char *change_gpu(const order *o) {
    gpu *device = o->count == 2 ? gpu_called(o->words[1]) : NULL;
    if (device == NULL) {
        return "pull, first, lose and find take the UUID of a GPU";
    }
    if (strcmp(o->words[0], "lose") == 0) {
        device->is_lost = true;
    } else if (strcmp(o->words[0], "find") == 0) {
        device->is_lost = false;
    } else if (strcmp(o->words[0], "pull") == 0) {
        take_out(device);
        device->exists = false;
    } else {
        take_out(device);
        memmove(&hw.order[1], &hw.order[0], hw.count * sizeof(hw.order[0]));
        hw.order[0] = device;
        hw.count++;
    }
    return NULL;
}

static const char *change_value(const order *o) {
    gpu *device = o->count == 4 ? gpu_called(o->words[1]) : NULL;
    uint64_t *value = device == NULL ? NULL : value_called(device, o->words[2]);
    uint64_t number;
    if (value == NULL || !number_in(o->words[3], &number)) {
        return "set and add take UUID VALUE N";
    }
    *value = strcmp(o->words[0], "add") == 0 ? *value + number : number;
    return NULL;
}

static const char *change_text(const order *o) {
    gpu *device = o->count >= 3 ? gpu_called(o->words[1]) : NULL;
    char *text = device == NULL ? NULL : text_called(device, o->words[2]);
    if (text == NULL) {
        return "text UUID TEXT WORDS";
    }
    snprintf(text, TEXT_SIZE, "%s", o->rest);
    return NULL;
}

static const char *change_cluster(const order *o) {
    gpu *device = o->count == 3 ? gpu_called(o->words[1]) : NULL;
    if (device == NULL || strlen(o->words[2]) != 32) {
        return "cluster UUID HEX, with 32 digits";
    }
    for (size_t place = 0; place < 16; place++) {
        unsigned int byte;
        if (sscanf(o->words[2] + 2 * place, "%2x", &byte) != 1) {
            return "cluster UUID HEX, with 32 digits";
        }
        device->cluster[place] = (uint8_t)byte;
    }
    return NULL;
}

static const char *change_driver(const order *o) {
    const char *to = o->count == 2 ? o->words[1] : "";
    if (strcmp(to, "load") == 0) {
        hw.driver = DRIVER_LOADED;
    } else if (strcmp(to, "mismatch") == 0) {
        hw.driver = DRIVER_MISMATCHED;
    } else if (strcmp(to, "remove") == 0 && hw.starts != 0) {
        return "driver remove: the driver is in use";
    } else if (strcmp(to, "remove") == 0) {
        return obey("driver unload");
    } else if (strcmp(to, "unload") == 0 || strcmp(to, "reload") == 0) {
        hw.driver = to[0] == 'u' ? DRIVER_UNLOADED : DRIVER_LOADED;
        hw.unloads++;
        memset(hw.sets, 0, sizeof(hw.sets));
        for (size_t place = 0; place < GPUS_MAX; place++) {
            begin_anew(&hw.gpus[place]);
        }
    } else {
        return "driver load, unload, reload, remove or mismatch";
    }
    return NULL;
}

static const char *reset(const order *o) {
    gpu *device = o->count == 2 ? gpu_called(o->words[1]) : NULL;
    if (device == NULL) {
        return "reset takes the UUID of a GPU";
    }
    if (hw.starts != 0 || has_processes(device)) {
        return "reset: the GPU is in use";
    }
    const uint64_t mig = device->mig_pending, limit = device->limit, persistence = device->persistence;
    begin_anew(device);
    device->mig = device->mig_pending = mig;
    device->limit = limit;
    device->persistence = persistence;
    device->recovery = 0;
    return NULL;
}

static const char *change_version(const order *o) {
    if (o->count != 2) {
        return "version WORD";
    }
    snprintf(hw.version, TEXT_SIZE, "%s", o->words[1]);
    return NULL;
}

static const char *change_entries(const order *o) {
    if (o->count != 2 || (strcmp(o->words[1], "short") != 0 && strcmp(o->words[1], "long") != 0)) {
        return "entries short or long";
    }
    hw.has_long_entries = o->words[1][0] == 'l';
    return NULL;
}

static const char *change_confidentiality(const order *o) {
    uint64_t numbers[4];
    for (int place = 0; place < 4; place++) {
        if (o->count != 5 || !number_in(o->words[1 + place], &numbers[place])) {
            return "confidential ENVIRONMENT FEATURE MULTI TOOLS";
        }
    }
    hw.environment = (uint32_t)numbers[0];
    hw.confidential = (uint32_t)numbers[1];
    hw.multi_gpu_mode = (uint32_t)numbers[2];
    hw.developer_tools = (uint32_t)numbers[3];
    return NULL;
}

// ---- Processes and events

/// The ids of an instance and a compute instance at the end of a line; all ones where they are left out.
static bool ids_in(const order *o, int from, uint32_t *gi, uint32_t *ci) {
    uint64_t numbers[2] = {UINT32_MAX, UINT32_MAX};
    if (o->count != from && o->count != from + 2) {
        return false;
    }
    for (int place = from; place < o->count; place++) {
        if (!number_in(o->words[place], &numbers[place - from])) {
            return false;
        }
    }
    *gi = (uint32_t)numbers[0];
    *ci = (uint32_t)numbers[1];
    return true;
}

static const char *process_comes(const order *o) {
    static const char *const uses[] = {"compute", "graphics", "mps"};
    gpu *device = o->count >= 5 ? gpu_called(o->words[1]) : NULL;
    unsigned int use = 0;
    while (device != NULL && use < 3 && strcmp(uses[use], o->words[2]) != 0) {
        use++;
    }
    process made = {.exists = true, .use = use};
    uint64_t pid;
    if (device == NULL || use == 3 || !number_in(o->words[3], &pid) || !number_in(o->words[4], &made.info.used_memory)
        || !ids_in(o, 5, &made.info.instance, &made.info.compute)) {
        return "process UUID USE PID BYTES [GI CI]";
    }
    made.info.pid = (uint32_t)pid;
    for (size_t place = 0; place < PROCESSES_MAX; place++) {
        if (!device->processes[place].exists) {
            device->processes[place] = made;
            return NULL;
        }
    }
    return "no room for another process";
}

static const char *process_goes(const order *o) {
    uint64_t pid;
    if (o->count != 2 || !number_in(o->words[1], &pid)) {
        return "exit PID";
    }
    for (size_t place = 0; place < GPUS_MAX * PROCESSES_MAX; place++) {
        process *one = &hw.gpus[place / PROCESSES_MAX].processes[place % PROCESSES_MAX];
        if (one->exists && one->info.pid == pid) {
            one->exists = false;
        }
    }
    return NULL;
}

static const char *event_comes(const order *o) {
    gpu *device = o->count >= 4 ? gpu_called(o->words[1]) : NULL;
    leasehold_nvml_event event = {.device = device};
    if (device == NULL || !number_in(o->words[2], &event.type) || !number_in(o->words[3], &event.data)
        || !ids_in(o, 4, &event.instance, &event.compute)) {
        return "event UUID TYPE DATA [GI CI]";
    }
    for (size_t place = 0; place < SETS_MAX; place++) {
        event_set *set = &hw.sets[place];
        if (set->exists && (set->types[place_of(device)] & event.type) != 0 && set->count < EVENTS_MAX) {
            set->events[set->count++] = event;
        }
    }
    pthread_cond_broadcast(&hw.changed);
    return NULL;
}

// ---- Lines

static const struct {
    const char *verb;
    const char *(*obey)(const order *);
} verbs[] = {
    {"gpu", put_in}, {"pull", change_gpu}, {"first", change_gpu}, {"lose", change_gpu}, {"find", change_gpu},
    {"set", change_value}, {"add", change_value}, {"text", change_text}, {"cluster", change_cluster},
    {"reset", reset}, {"driver", change_driver}, {"version", change_version}, {"entries", change_entries},
    {"confidential", change_confidentiality},
    {"process", process_comes}, {"exit", process_goes},
    {"instance", instance_comes}, {"compute", compute_comes}, {"unmake", instance_goes},
    {"event", event_comes}, {"fail", rule_comes}, {"slow", rule_comes}, {"hang", rule_comes}, {"when", when_called},
    {"heal", heal},
};

const char *obey(const char *line) {
    char plain[LINE_SIZE], copy[LINE_SIZE], *state = NULL;
    order o = {.rest = ""};
    if (snprintf(plain, sizeof(plain), "%s", line) >= LINE_SIZE) {
        return "a line is at most 511 bytes long";
    }
    plain[strcspn(plain, "#\n")] = '\0';
    memcpy(copy, plain, sizeof(copy));
    for (char *word = strtok_r(copy, " ", &state); word != NULL; word = strtok_r(NULL, " ", &state)) {
        if (o.count == WORDS_MAX) {
            return "a line has at most 16 words";
        }
        if (o.count == 3) {
            o.rest = plain + (word - copy);
        }
        o.words[o.count++] = word;
    }
    if (o.count == 0) {
        return NULL;
    }
    for (size_t place = 0; place < sizeof(verbs) / sizeof(verbs[0]); place++) {
        if (strcmp(verbs[place].verb, o.words[0]) == 0) {
            return verbs[place].obey(&o);
        }
    }
    return "no such order";
}

void obey_surely(const char *line) {
    const char *complaint = obey(line);
    if (complaint != NULL) {
        fprintf(stderr, "the double: %s: %s\n", complaint, line);
        abort();
    }
}

const char *double_say(const char *line) {
    pthread_mutex_lock(&hw.lock);
    const char *complaint = obey(line);
    pthread_mutex_unlock(&hw.lock);
    return complaint;
}

void read_script_file(void) {
    static FILE *file;
    const char *path = getenv("LEASEHOLD_NVML_SCRIPT");
    if (path == NULL || (file == NULL && (file = fopen(path, "re")) == NULL)) {
        return;
    }
    char line[LINE_SIZE];
    for (;;) {
        const long before = ftell(file);
        clearerr(file);
        if (fgets(line, sizeof(line), file) == NULL) {
            return;
        }
        if (strchr(line, '\n') == NULL) {
            // The rest of the line is still being written.
            fseek(file, before, SEEK_SET);
            return;
        }
        obey_surely(line);
    }
}
