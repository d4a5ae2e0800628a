#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "order.h"

// What calls of the library change at the hardware. It is written into the script like anybody's orders, and obeyed as
// one: a process that opens the script later finds the hardware as an earlier one has left it.

void change(const char *format, ...) {
    char line[LINE_SIZE];
    va_list values;
    va_start(values, format);
    const int length = vsnprintf(line, sizeof(line) - 1, format, values);
    va_end(values);
    const char *path = getenv("LEASEHOLD_NVML_SCRIPT");
    if (path == NULL) {
        obey_surely(line);
        return;
    }
    if (length < 0 || length >= LINE_SIZE - 1) {
        fprintf(stderr, "the double: a change is too long: %s\n", line);
        abort();
    }
    line[length] = '\n';
    const int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file < 0 || write(file, line, (size_t)length + 1) != length + 1) {
        fprintf(stderr, "the double: %s: %s\n", path, strerror(errno));
        abort();
    }
    close(file);
    read_script_file();
}

static const char *const wrong = "instance UUID GI PROFILE START, compute UUID GI CI PROFILE or unmake UUID GI [CI]";

/// The instance of a number from 1 on, or NULL.
static instance *instance_called(const order *o, uint64_t numbers[3]) {
    gpu *device = o->count >= 3 && o->count <= 5 ? gpu_called(o->words[1]) : NULL;
    for (int place = 2; place < o->count; place++) {
        if (!number_in(o->words[place], &numbers[place - 2])) {
            return NULL;
        }
    }
    return device == NULL || numbers[0] == 0 || numbers[0] > INSTANCES_MAX ? NULL : &device->instances[numbers[0] - 1];
}

const char *instance_comes(const order *o) {
    uint64_t numbers[3] = {0};
    instance *made = instance_called(o, numbers);
    if (made == NULL || o->count != 5) {
        return wrong;
    }
    gpu *device = gpu_called(o->words[1]);
    const kind_profile *profile = profile_with_id(device, (unsigned int)numbers[1]);
    if (profile == NULL) {
        return wrong;
    }
    *made = (instance){
        .exists = true, .owner = device, .id = (uint32_t)numbers[0], .profile = profile,
        .placement = {.start = (uint32_t)numbers[2], .size = profile->memory_slices}};
    return NULL;
}

const char *compute_comes(const order *o) {
    uint64_t numbers[3] = {0};
    instance *owner = instance_called(o, numbers);
    if (owner == NULL || o->count != 5 || numbers[1] >= COMPUTES_MAX) {
        return wrong;
    }
    owner->computes[numbers[1]] = (compute){
        .exists = true, .owner = owner, .id = (uint32_t)numbers[1], .profile = (uint32_t)numbers[2],
        .slices = slices_of_compute((unsigned int)numbers[2])};
    return NULL;
}

const char *instance_goes(const order *o) {
    uint64_t numbers[3] = {0};
    instance *one = instance_called(o, numbers);
    if (one == NULL || o->count > 4 || numbers[1] >= COMPUTES_MAX) {
        return wrong;
    }
    if (o->count == 4) {
        one->computes[numbers[1]].exists = false;
    } else {
        one->exists = false;
    }
    return NULL;
}
