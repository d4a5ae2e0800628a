#include <stdio.h>
#include <string.h>

#include "state.h"

// How a device is cut: profiles, legal starts, instances and the compute instances in them.

R nvmlDeviceGetMigMode(leasehold_nvml_device device, unsigned int *current, unsigned int *pending) {
    ENTER(device);
    if (device->kind->profiles[0].name == NULL) {
        return NOT_SUPPORTED;
    }
    *current = (unsigned int)device->mig;
    *pending = (unsigned int)device->mig_pending;
    return SUCCESS;
}

bool has_processes(const gpu *device) {
    for (size_t place = 0; place < PROCESSES_MAX; place++) {
        if (device->processes[place].exists) {
            return true;
        }
    }
    return false;
}

static bool has_instances(const gpu *device) {
    for (size_t place = 0; place < INSTANCES_MAX; place++) {
        if (device->instances[place].exists) {
            return true;
        }
    }
    return false;
}

R nvmlDeviceSetMigMode(leasehold_nvml_device device, unsigned int mode, leasehold_nvml_return *activation) {
    ENTER(device);
    if (device->kind->profiles[0].name == NULL) {
        return NOT_SUPPORTED;
    }
    if (mode > 1) {
        return INVALID_ARGUMENT;
    }
    change("set %s mig_pending %u", device->uuid, mode);
    *activation = SUCCESS;
    if (device->mig == mode) {
        return SUCCESS;
    }
    if (has_processes(device) || has_instances(device)) {
        *activation = IN_USE;
    } else if (device->mig_waits != 0) {
        *activation = RESET_REQUIRED;
    } else {
        change("set %s mig %u", device->uuid, mode);
    }
    return SUCCESS;
}

/// The last number of the vendor's enumeration.
enum { NUMBER_MAX = 0x11 };

/// The profile of a number of the vendor's enumeration, or what there is to answer: the double is of a driver that does
/// not know two of the numbers in the middle, as older ones do not.
static R profile_numbered(const gpu *device, unsigned int number, const kind_profile **found) {
    if (number > NUMBER_MAX || number == 5 || number == 6) {
        return INVALID_ARGUMENT;
    }
    for (size_t place = 0; place < PROFILES_MAX; place++) {
        const kind_profile *one = &device->kind->profiles[place];
        if (one->name != NULL && one->number == number) {
            *found = one;
            return SUCCESS;
        }
    }
    return NOT_SUPPORTED;
}

const kind_profile *profile_with_id(const gpu *device, unsigned int id) {
    for (size_t place = 0; place < PROFILES_MAX; place++) {
        const kind_profile *one = &device->kind->profiles[place];
        if (one->name != NULL && one->id == id) {
            return one;
        }
    }
    return NULL;
}

R nvmlDeviceGetGpuInstanceProfileInfo(
    leasehold_nvml_device device, unsigned int profile, leasehold_nvml_profile *info) {
    ENTER(device);
    const kind_profile *one = NULL;
    const R code = profile_numbered(device, profile, &one);
    if (code == SUCCESS) {
        *info = (leasehold_nvml_profile){
            .id = one->id, .slice_count = one->slices, .instance_count = one->count_max,
            .multiprocessor_count = one->multiprocessors, .jpeg_count = one->media, .ofa_count = one->media,
            .memory_mebibytes = one->mebibytes};
    }
    return code;
}

R nvmlDeviceGetGpuInstanceProfileInfoV(
    leasehold_nvml_device device, unsigned int profile, leasehold_nvml_profile_v2 *info) {
    ENTER(device);
    if (info->version != LEASEHOLD_NVML_PROFILE_V2) {
        return VERSION_MISMATCH;
    }
    const kind_profile *one = NULL;
    const R code = profile_numbered(device, profile, &one);
    if (code == SUCCESS) {
        *info = (leasehold_nvml_profile_v2){
            .version = info->version, .id = one->id, .slice_count = one->slices, .instance_count = one->count_max,
            .multiprocessor_count = one->multiprocessors, .jpeg_count = one->media, .ofa_count = one->media,
            .memory_mebibytes = one->mebibytes};
        snprintf(info->name, sizeof(info->name), "MIG %s", one->name);
    }
    return code;
}

R nvmlDeviceGetGpuInstancePossiblePlacements_v2(
    leasehold_nvml_device device, unsigned int profile_id, leasehold_nvml_placement *placements,
    unsigned int *count) {
    ENTER(device);
    const kind_profile *one = profile_with_id(device, profile_id);
    if (one == NULL) {
        return INVALID_ARGUMENT;
    }
    const unsigned int found = (unsigned int)__builtin_popcount(one->starts);
    if (placements != NULL && *count < found) {
        *count = found;
        return INSUFFICIENT_SIZE;
    }
    unsigned int place = 0;
    for (uint32_t start = 0; placements != NULL && start < 8; start++) {
        if ((one->starts >> start & 1) != 0) {
            placements[place++] = (leasehold_nvml_placement){.start = start, .size = one->memory_slices};
        }
    }
    *count = found;
    return SUCCESS;
}

// ---- Instances

static uint32_t mask_of(leasehold_nvml_placement placement) {
    return ((1u << placement.size) - 1) << placement.start;
}

/// What stands in the way of an instance.
static R hindrance(const gpu *device, const kind_profile *profile, leasehold_nvml_placement placement) {
    const bool is_legal =
        placement.start < 8 && (profile->starts >> placement.start & 1) != 0 && placement.size == profile->memory_slices;
    if (!is_legal) {
        return INVALID_ARGUMENT;
    }
    uint32_t count = 1;
    for (size_t place = 0; place < INSTANCES_MAX; place++) {
        const instance *other = &device->instances[place];
        if (!other->exists) {
            continue;
        }
        if ((mask_of(other->placement) & mask_of(placement)) != 0) {
            return INSUFFICIENT_RESOURCES;
        }
        count += other->profile == profile ? 1 : 0;
    }
    // Seven compute slices are never exceeded: no legal starts of more leave the memory slices for it.
    return count > profile->count_max ? INSUFFICIENT_RESOURCES : SUCCESS;
}

R nvmlDeviceCreateGpuInstanceWithPlacement(
    leasehold_nvml_device device, unsigned int profile_id, const leasehold_nvml_placement *placement,
    leasehold_nvml_instance *made) {
    ENTER(device);
    if (device->mig == 0) {
        return NOT_SUPPORTED;
    }
    const kind_profile *profile = profile_with_id(device, profile_id);
    if (profile == NULL) {
        return INVALID_ARGUMENT;
    }
    const R code = hindrance(device, profile, *placement);
    if (code != SUCCESS) {
        return code;
    }
    for (uint32_t place = 0; place < INSTANCES_MAX; place++) {
        instance *free = &device->instances[place];
        if (!free->exists) {
            change("instance %s %u %u %u", device->uuid, place + 1, profile_id, placement->start);
            *made = free;
            return SUCCESS;
        }
    }
    return INSUFFICIENT_RESOURCES;
}

/// Enters a function of an instance.
#define ENTER_INSTANCE(one) \
    ENTER((one)->owner); \
    if (!(one)->exists) { \
        return NOT_FOUND; \
    }

R nvmlGpuInstanceDestroy(leasehold_nvml_instance one) {
    ENTER_INSTANCE(one);
    for (size_t place = 0; place < COMPUTES_MAX; place++) {
        if (one->computes[place].exists) {
            return IN_USE;
        }
    }
    change("unmake %s %u", one->owner->uuid, one->id);
    return SUCCESS;
}

R nvmlDeviceGetGpuInstances(
    leasehold_nvml_device device, unsigned int profile_id, leasehold_nvml_instance *answer, unsigned int *count) {
    ENTER(device);
    if (device->mig == 0) {
        return NOT_SUPPORTED;
    }
    const kind_profile *profile = profile_with_id(device, profile_id);
    if (profile == NULL) {
        return INVALID_ARGUMENT;
    }
    // What does not fit is not written, and counted.
    const unsigned int room = *count;
    *count = 0;
    for (size_t place = 0; place < INSTANCES_MAX; place++) {
        if (device->instances[place].exists && device->instances[place].profile == profile && (*count)++ < room) {
            answer[*count - 1] = &device->instances[place];
        }
    }
    return *count > room ? INSUFFICIENT_SIZE : SUCCESS;
}

R nvmlDeviceGetGpuInstanceById(leasehold_nvml_device device, unsigned int id, leasehold_nvml_instance *answer) {
    ENTER(device);
    if (device->mig == 0) {
        return NOT_SUPPORTED;
    }
    if (id == 0 || id > INSTANCES_MAX || !device->instances[id - 1].exists) {
        return NOT_FOUND;
    }
    *answer = &device->instances[id - 1];
    return SUCCESS;
}

R nvmlGpuInstanceGetInfo(leasehold_nvml_instance one, leasehold_nvml_instance_info *info) {
    ENTER_INSTANCE(one);
    *info = (leasehold_nvml_instance_info){
        .device = one->owner, .id = one->id, .profile = one->profile->id, .placement = one->placement};
    return SUCCESS;
}

// ---- Compute instances

/// Slices of the compute profiles, by number; a profile's id is its number.
static const uint32_t compute_slices[] = {1, 2, 3, 4, 7};

uint32_t slices_of_compute(unsigned int profile_id) { return profile_id > 4 ? 0 : compute_slices[profile_id]; }

R nvmlGpuInstanceGetComputeInstanceProfileInfo(
    leasehold_nvml_instance one, unsigned int profile, unsigned int engines, leasehold_nvml_compute_profile *info) {
    ENTER_INSTANCE(one);
    if (profile > 8 || engines != LEASEHOLD_NVML_ENGINES_SHARED) {
        return INVALID_ARGUMENT;
    }
    if (profile > 4 || compute_slices[profile] > one->profile->slices) {
        return NOT_SUPPORTED;
    }
    *info = (leasehold_nvml_compute_profile){
        .id = profile, .slice_count = compute_slices[profile],
        .instance_count = one->profile->slices / compute_slices[profile],
        .multiprocessor_count = one->profile->multiprocessors * compute_slices[profile] / one->profile->slices};
    return SUCCESS;
}

R nvmlGpuInstanceCreateComputeInstance(
    leasehold_nvml_instance one, unsigned int profile_id, leasehold_nvml_compute *made) {
    ENTER_INSTANCE(one);
    if (profile_id > 4) {
        return INVALID_ARGUMENT;
    }
    uint32_t slices = compute_slices[profile_id], free = COMPUTES_MAX;
    for (uint32_t place = 0; place < COMPUTES_MAX; place++) {
        if (one->computes[place].exists) {
            slices += one->computes[place].slices;
        } else if (free == COMPUTES_MAX) {
            free = place;
        }
    }
    if (slices > one->profile->slices || free == COMPUTES_MAX) {
        return INSUFFICIENT_RESOURCES;
    }
    change("compute %s %u %u %u", one->owner->uuid, one->id, free, profile_id);
    *made = &one->computes[free];
    return SUCCESS;
}

R nvmlGpuInstanceGetComputeInstances(
    leasehold_nvml_instance one, unsigned int profile_id, leasehold_nvml_compute *answer, unsigned int *count) {
    ENTER_INSTANCE(one);
    const unsigned int room = *count;
    *count = 0;
    for (size_t place = 0; place < COMPUTES_MAX; place++) {
        if (one->computes[place].exists && one->computes[place].profile == profile_id && (*count)++ < room) {
            answer[*count - 1] = &one->computes[place];
        }
    }
    return *count > room ? INSUFFICIENT_SIZE : SUCCESS;
}

R nvmlGpuInstanceGetComputeInstanceById(leasehold_nvml_instance one, unsigned int id, leasehold_nvml_compute *answer) {
    ENTER_INSTANCE(one);
    if (id >= COMPUTES_MAX || !one->computes[id].exists) {
        return NOT_FOUND;
    }
    *answer = &one->computes[id];
    return SUCCESS;
}

R nvmlComputeInstanceGetInfo_v2(leasehold_nvml_compute one, leasehold_nvml_compute_info *info) {
    ENTER_INSTANCE(one->owner);
    if (!one->exists) {
        return NOT_FOUND;
    }
    *info = (leasehold_nvml_compute_info){
        .device = one->owner->owner, .instance = one->owner, .id = one->id, .profile = one->profile,
        .placement = {.size = one->slices}};
    return SUCCESS;
}

/// Whether a process runs in a compute instance.
static bool is_busy(const compute *one) {
    for (size_t place = 0; place < PROCESSES_MAX; place++) {
        const process *runs = &one->owner->owner->processes[place];
        if (runs->exists && runs->info.instance == one->owner->id && runs->info.compute == one->id) {
            return true;
        }
    }
    return false;
}

R nvmlComputeInstanceDestroy(leasehold_nvml_compute one) {
    ENTER_INSTANCE(one->owner);
    if (!one->exists) {
        return NOT_FOUND;
    }
    if (is_busy(one)) {
        return IN_USE;
    }
    change("unmake %s %u %u", one->owner->owner->uuid, one->owner->id, one->id);
    return SUCCESS;
}
