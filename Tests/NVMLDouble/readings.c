#include <string.h>

#include "state.h"

// What a device does at this moment: memory, power, health, processes.

/// The bytes of its processes.
static uint64_t taken(const gpu *device) {
    uint64_t sum = 0;
    for (size_t place = 0; place < PROCESSES_MAX; place++) {
        const process *one = &device->processes[place];
        sum += one->exists && one->info.used_memory != UINT64_MAX ? one->info.used_memory : 0;
    }
    return sum;
}

R nvmlDeviceGetMemoryInfo(leasehold_nvml_device device, leasehold_nvml_memory *memory) {
    ENTER(device);
    memory->total = device->total_memory;
    memory->used = device->reserved_memory + device->used_memory + taken(device);
    memory->free = memory->total - memory->used;
    return SUCCESS;
}

R nvmlDeviceGetMemoryInfo_v2(leasehold_nvml_device device, leasehold_nvml_memory_v2 *memory) {
    ENTER(device);
    if (memory->version != LEASEHOLD_NVML_MEMORY_V2) {
        return VERSION_MISMATCH;
    }
    memory->total = device->total_memory;
    memory->reserved = device->reserved_memory;
    memory->used = device->used_memory + taken(device);
    memory->free = memory->total - memory->reserved - memory->used;
    return SUCCESS;
}

// ---- Power

R nvmlDeviceGetPersistenceMode(leasehold_nvml_device device, unsigned int *mode) {
    ENTER(device);
    *mode = (unsigned int)device->persistence;
    return SUCCESS;
}

R nvmlDeviceSetPersistenceMode(leasehold_nvml_device device, unsigned int mode) {
    ENTER(device);
    if (mode > 1) {
        return INVALID_ARGUMENT;
    }
    change("set %s persistence %u", device->uuid, mode);
    return SUCCESS;
}

R nvmlDeviceGetPowerUsage(leasehold_nvml_device device, unsigned int *milliwatts) {
    ENTER(device);
    *milliwatts = (unsigned int)device->usage;
    return SUCCESS;
}

R nvmlDeviceGetTotalEnergyConsumption(leasehold_nvml_device device, uint64_t *millijoules) {
    ENTER(device);
    *millijoules = device->energy - device->energy_behind;
    return SUCCESS;
}

R nvmlDeviceGetPowerManagementLimit(leasehold_nvml_device device, unsigned int *milliwatts) {
    ENTER(device);
    *milliwatts = (unsigned int)device->limit;
    return SUCCESS;
}

R nvmlDeviceGetPowerManagementDefaultLimit(leasehold_nvml_device device, unsigned int *milliwatts) {
    ENTER(device);
    *milliwatts = (unsigned int)device->limit_default;
    return SUCCESS;
}

R nvmlDeviceGetEnforcedPowerLimit(leasehold_nvml_device device, unsigned int *milliwatts) {
    ENTER(device);
    const bool is_capped = device->cap != 0 && device->cap < device->limit;
    *milliwatts = (unsigned int)(is_capped ? device->cap : device->limit);
    return SUCCESS;
}

R nvmlDeviceGetPowerManagementLimitConstraints(
    leasehold_nvml_device device, unsigned int *least, unsigned int *most) {
    ENTER(device);
    *least = (unsigned int)device->limit_least;
    *most = (unsigned int)device->limit_most;
    return SUCCESS;
}

R nvmlDeviceSetPowerManagementLimit(leasehold_nvml_device device, unsigned int milliwatts) {
    ENTER(device);
    if (milliwatts < device->limit_least || milliwatts > device->limit_most) {
        return INVALID_ARGUMENT;
    }
    change("set %s limit %u", device->uuid, milliwatts);
    return SUCCESS;
}

// ---- Health

R nvmlDeviceGetTemperatureV(leasehold_nvml_device device, leasehold_nvml_temperature *temperature) {
    ENTER(device);
    if (temperature->version != LEASEHOLD_NVML_TEMPERATURE_V1) {
        return VERSION_MISMATCH;
    }
    temperature->temperature = (int32_t)device->temperature;
    return SUCCESS;
}

R nvmlDeviceGetTemperature(leasehold_nvml_device device, unsigned int sensor, unsigned int *celsius) {
    ENTER(device);
    if (sensor != LEASEHOLD_NVML_SENSOR_GPU) {
        return INVALID_ARGUMENT;
    }
    *celsius = (unsigned int)device->temperature;
    return SUCCESS;
}

R nvmlDeviceGetCurrentClocksEventReasons(leasehold_nvml_device device, uint64_t *reasons) {
    ENTER(device);
    *reasons = device->throttling;
    return SUCCESS;
}

R nvmlDeviceGetTotalEccErrors(
    leasehold_nvml_device device, unsigned int kind, unsigned int counter, uint64_t *count) {
    ENTER(device);
    if (kind > LEASEHOLD_NVML_ECC_UNCORRECTED || counter > LEASEHOLD_NVML_ECC_AGGREGATE) {
        return INVALID_ARGUMENT;
    }
    if (kind == LEASEHOLD_NVML_ECC_CORRECTED) {
        *count = counter == LEASEHOLD_NVML_ECC_VOLATILE ? device->corrected : device->corrected_ever;
    } else {
        *count = counter == LEASEHOLD_NVML_ECC_VOLATILE ? device->uncorrected : device->uncorrected_ever;
    }
    return SUCCESS;
}

R nvmlDeviceGetRemappedRows(
    leasehold_nvml_device device, unsigned int *corrected, unsigned int *uncorrected, unsigned int *is_pending,
    unsigned int *has_failed) {
    ENTER(device);
    if (device->mig != 0) {
        return NOT_SUPPORTED;
    }
    *corrected = (unsigned int)device->rows_corrected;
    *uncorrected = (unsigned int)device->rows_uncorrected;
    *is_pending = (unsigned int)device->rows_pending;
    *has_failed = (unsigned int)device->rows_failed;
    return SUCCESS;
}

R nvmlDeviceGetRowRemapperHistogram(leasehold_nvml_device device, leasehold_nvml_spare_rows *rows) {
    ENTER(device);
    *rows = (leasehold_nvml_spare_rows){
        .all = (uint32_t)device->banks_all, .most = (uint32_t)device->banks_most, .some = (uint32_t)device->banks_some,
        .few = (uint32_t)device->banks_few, .none = (uint32_t)device->banks_none};
    return SUCCESS;
}

R nvmlDeviceGetFieldValues(leasehold_nvml_device device, int count, leasehold_nvml_field *fields) {
    ENTER(device);
    for (int place = 0; place < count; place++) {
        const bool is_known = fields[place].field == LEASEHOLD_NVML_FIELD_RECOVERY_ACTION;
        fields[place].code = is_known && device->recovery_type != 0 ? SUCCESS : NOT_SUPPORTED;
        fields[place].type = (uint32_t)device->recovery_type;
        // A narrow value lies in the first bytes; the others are whatever was there.
        fields[place].value = 0xA5A5A5A5A5A5A5A5;
        const bool is_word = device->recovery_type == 1 || device->recovery_type == 5;
        const size_t size = device->recovery_type == 6 ? 2 : is_word ? 4 : 8;
        memcpy(&fields[place].value, &device->recovery, size);
    }
    return SUCCESS;
}

// ---- Processes

/// A long entry ends with the protected memory of confidential computing, which is none.
static size_t entry_size(void) {
    return sizeof(leasehold_nvml_process) + (hw.has_long_entries ? sizeof(uint64_t) : 0);
}

static R processes(
    const gpu *device, unsigned int use, unsigned int *count, leasehold_nvml_process *answer) {
    unsigned int found = 0;
    if (answer != NULL) {
        // All that the caller has room for is the driver's to write.
        memset(answer, 0, *count * entry_size());
    }
    for (size_t place = 0; place < PROCESSES_MAX; place++) {
        const process *one = &device->processes[place];
        if (one->exists && one->use == use) {
            if (answer != NULL && found < *count) {
                memcpy((char *)answer + found * entry_size(), &one->info, sizeof(one->info));
            }
            found++;
        }
    }
    const R code = found > *count ? INSUFFICIENT_SIZE : SUCCESS;
    *count = found;
    return code;
}

R nvmlDeviceGetComputeRunningProcesses_v3(
    leasehold_nvml_device device, unsigned int *count, leasehold_nvml_process *answer) {
    ENTER(device);
    return processes(device, 0, count, answer);
}

R nvmlDeviceGetGraphicsRunningProcesses_v3(
    leasehold_nvml_device device, unsigned int *count, leasehold_nvml_process *answer) {
    ENTER(device);
    return processes(device, 1, count, answer);
}

R nvmlDeviceGetMPSComputeRunningProcesses_v3(
    leasehold_nvml_device device, unsigned int *count, leasehold_nvml_process *answer) {
    ENTER(device);
    return processes(device, 2, count, answer);
}

// ---- Events

R nvmlEventSetCreate(leasehold_nvml_event_set *set) {
    ENTER(NULL);
    for (size_t place = 0; place < SETS_MAX; place++) {
        if (!hw.sets[place].exists) {
            hw.sets[place] = (event_set){.exists = true};
            *set = &hw.sets[place];
            return SUCCESS;
        }
    }
    return INSUFFICIENT_RESOURCES;
}

R nvmlDeviceGetSupportedEventTypes(leasehold_nvml_device device, uint64_t *types) {
    ENTER(device);
    *types = device->event_types;
    return SUCCESS;
}

R nvmlDeviceRegisterEvents(leasehold_nvml_device device, uint64_t types, leasehold_nvml_event_set set) {
    ENTER(device);
    if (!set->exists) {
        return INVALID_ARGUMENT;
    }
    if ((types & ~device->event_types) != 0) {
        return NOT_SUPPORTED;
    }
    set->types[place_of(device)] |= types;
    return SUCCESS;
}

R nvmlEventSetWait_v2(leasehold_nvml_event_set set, leasehold_nvml_event *event, unsigned int milliseconds) {
    ENTER(NULL);
    // A pause is about five milliseconds; nobody measures the double.
    for (unsigned int pauses = 0; set->exists && set->count == 0 && pauses * 5 < milliseconds; pauses++) {
        pause_for_change();
    }
    if (!set->exists) {
        return INVALID_ARGUMENT;
    }
    // A GPU that is lost is all that a set of it tells any more.
    for (size_t place = 0; place < GPUS_MAX; place++) {
        if (set->types[place] != 0 && hw.gpus[place].is_lost) {
            return GPU_IS_LOST;
        }
    }
    if (set->count == 0) {
        return TIMEOUT;
    }
    *event = set->events[0];
    set->count--;
    memmove(&set->events[0], &set->events[1], set->count * sizeof(set->events[0]));
    return SUCCESS;
}

R nvmlEventSetFree(leasehold_nvml_event_set set) {
    ENTER(NULL);
    set->exists = false;
    return SUCCESS;
}
