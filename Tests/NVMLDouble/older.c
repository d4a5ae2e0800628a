#include "state.h"

// Older symbols that take and answer the same as newer ones.

R nvmlDeviceGetCount(unsigned int *count) { return nvmlDeviceGetCount_v2(count); }

R nvmlDeviceGetHandleByIndex(unsigned int index, leasehold_nvml_device *device) {
    return nvmlDeviceGetHandleByIndex_v2(index, device);
}

R nvmlDeviceGetCurrentClocksThrottleReasons(leasehold_nvml_device device, uint64_t *reasons) {
    return nvmlDeviceGetCurrentClocksEventReasons(device, reasons);
}

R nvmlDeviceGetComputeRunningProcesses_v2(
    leasehold_nvml_device device, unsigned int *count, leasehold_nvml_process *answer) {
    return nvmlDeviceGetComputeRunningProcesses_v3(device, count, answer);
}

R nvmlDeviceGetGraphicsRunningProcesses_v2(
    leasehold_nvml_device device, unsigned int *count, leasehold_nvml_process *answer) {
    return nvmlDeviceGetGraphicsRunningProcesses_v3(device, count, answer);
}

R nvmlDeviceGetMPSComputeRunningProcesses_v2(
    leasehold_nvml_device device, unsigned int *count, leasehold_nvml_process *answer) {
    return nvmlDeviceGetMPSComputeRunningProcesses_v3(device, count, answer);
}
