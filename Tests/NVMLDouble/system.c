#include <stdio.h>
#include <string.h>

#include "state.h"

// The library itself, and how a device is found.

/// Starts the library, on a node without GPUs only where that is asked for.
static R start(const char *function, bool may_be_empty) {
    __attribute__((cleanup(leave))) int entered = 0;
    (void)entered;
    const R refused = enter_unstarted(function);
    if (refused != SUCCESS) {
        return refused;
    }
    if (hw.count == 0 && !may_be_empty) {
        return NOT_FOUND;
    }
    if (hw.starts++ == 0) {
        hw.started_at = hw.unloads;
    }
    return SUCCESS;
}

R nvmlInitWithFlags(unsigned int flags) { return start(__func__, (flags & LEASEHOLD_NVML_INIT_NO_GPUS) != 0); }

R nvmlInit_v2(void) { return start(__func__, false); }

R nvmlShutdown(void) {
    __attribute__((cleanup(leave))) int entered = 0;
    (void)entered;
    const R refused = enter_always(__func__);
    if (refused != SUCCESS) {
        return refused;
    }
    if (hw.starts == 0) {
        return UNINITIALIZED;
    }
    hw.starts--;
    return SUCCESS;
}

/// Answers with a text; INSUFFICIENT_SIZE where it does not fit with its end.
static R say(const char *answer, char *text, unsigned int size) {
    const size_t length = strlen(answer) + 1;
    if (length > size) {
        return INSUFFICIENT_SIZE;
    }
    memcpy(text, answer, length);
    return SUCCESS;
}

R nvmlSystemGetDriverVersion(char *text, unsigned int size) {
    ENTER(NULL);
    return say(hw.version, text, size);
}

R nvmlSystemGetConfComputeState(leasehold_nvml_confidential *state) {
    ENTER(NULL);
    *state = (leasehold_nvml_confidential){
        .environment = hw.environment, .feature = hw.confidential, .developer_tools = hw.developer_tools};
    return SUCCESS;
}

R nvmlSystemGetConfComputeSettings(leasehold_nvml_confidential_settings *settings) {
    ENTER(NULL);
    if (settings->version != LEASEHOLD_NVML_CONFIDENTIAL_SETTINGS_V1) {
        return VERSION_MISMATCH;
    }
    settings->environment = hw.environment;
    settings->feature = hw.confidential;
    settings->developer_tools = hw.developer_tools;
    settings->multi_gpu_mode = hw.multi_gpu_mode;
    return SUCCESS;
}

/// Puts a text into an answer, and its length where that belongs.
static void put(void *answer, size_t at, size_t count_at, size_t most, const char *format, const char *who, const char *what) {
    const int count = snprintf((char *)answer + at, most, format, who, what);
    const uint32_t length = (uint32_t)count;
    memcpy((char *)answer + count_at, &length, sizeof(length));
}

R nvmlDeviceGetConfComputeGpuAttestationReport(leasehold_nvml_device device, void *report) {
    ENTER(device);
    if (hw.confidential == 0 && hw.multi_gpu_mode == 0) {
        return NOT_SUPPORTED;
    }
    char nonce[2 * LEASEHOLD_NVML_REPORT_NONCE_SIZE + 1];
    for (size_t place = 0; place < LEASEHOLD_NVML_REPORT_NONCE_SIZE; place++) {
        const uint8_t byte = ((const uint8_t *)report)[LEASEHOLD_NVML_REPORT_NONCE_AT + place];
        snprintf(nonce + 2 * place, 3, "%02x", byte);
    }
    const uint32_t has_controller = device->kind->has_fabric;
    memcpy((char *)report + LEASEHOLD_NVML_REPORT_HAS_CEC_AT, &has_controller, sizeof(has_controller));
    put(report, LEASEHOLD_NVML_REPORT_AT, LEASEHOLD_NVML_REPORT_COUNT_AT, LEASEHOLD_NVML_REPORT_MOST, "%s has heard %s\n",
        device->uuid, nonce);
    if (device->report_count != 0) {
        const uint32_t count = (uint32_t)device->report_count;
        memcpy((char *)report + LEASEHOLD_NVML_REPORT_COUNT_AT, &count, sizeof(count));
    }
    put(report, LEASEHOLD_NVML_REPORT_CEC_AT, LEASEHOLD_NVML_REPORT_CEC_COUNT_AT, LEASEHOLD_NVML_REPORT_CEC_MOST,
        "the controller of %s has heard %s\n", device->uuid, nonce);
    return SUCCESS;
}

R nvmlDeviceGetConfComputeGpuCertificate(leasehold_nvml_device device, void *certificate) {
    ENTER(device);
    if (hw.confidential == 0 && hw.multi_gpu_mode == 0) {
        return NOT_SUPPORTED;
    }
    put(certificate, LEASEHOLD_NVML_CERTIFICATE_AT, LEASEHOLD_NVML_CERTIFICATE_COUNT_AT, LEASEHOLD_NVML_CERTIFICATE_MOST,
        "%s is %s\n", device->uuid, device->serial);
    put(certificate, LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_AT, LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_COUNT_AT,
        LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_MOST, "%s signs by %s\n", device->uuid, device->vbios);
    return SUCCESS;
}

R nvmlDeviceGetCount_v2(unsigned int *count) {
    ENTER(NULL);
    *count = hw.count;
    return SUCCESS;
}

R nvmlDeviceGetHandleByIndex_v2(unsigned int index, leasehold_nvml_device *device) {
    ENTER(NULL);
    if (index >= hw.count) {
        return INVALID_ARGUMENT;
    }
    *device = hw.order[index];
    return hw.order[index]->is_lost ? GPU_IS_LOST : SUCCESS;
}

// ---- What a device is

R nvmlDeviceGetUUID(leasehold_nvml_device device, char *text, unsigned int size) {
    ENTER(device);
    return say(device->uuid, text, size);
}

R nvmlDeviceGetName(leasehold_nvml_device device, char *text, unsigned int size) {
    ENTER(device);
    return say(device->name, text, size);
}

R nvmlDeviceGetSerial(leasehold_nvml_device device, char *text, unsigned int size) {
    ENTER(device);
    return say(device->serial, text, size);
}

R nvmlDeviceGetVbiosVersion(leasehold_nvml_device device, char *text, unsigned int size) {
    ENTER(device);
    return say(device->vbios, text, size);
}

R nvmlDeviceGetPciInfo_v3(leasehold_nvml_device device, leasehold_nvml_pci *pci) {
    ENTER(device);
    memset(pci, 0, sizeof(*pci));
    pci->domain = (uint32_t)device->domain;
    pci->bus = (uint32_t)device->bus;
    pci->device = (uint32_t)device->device;
    pci->pci_device_id = (uint32_t)device->pci_device_id;
    return SUCCESS;
}

R nvmlDeviceGetGpuFabricInfoV(leasehold_nvml_device device, leasehold_nvml_fabric *fabric) {
    ENTER(device);
    const uint32_t version = fabric->version;
    if (version != LEASEHOLD_NVML_FABRIC_V2 && version != LEASEHOLD_NVML_FABRIC_V3) {
        return VERSION_MISMATCH;
    }
    if (!device->kind->has_fabric) {
        return NOT_SUPPORTED;
    }
    memcpy(fabric->cluster, device->cluster, sizeof(fabric->cluster));
    fabric->status = (R)device->fabric_status;
    fabric->clique = (uint32_t)device->fabric_clique;
    fabric->state = (uint8_t)device->fabric_state;
    fabric->health_mask = (uint32_t)device->fabric_mask;
    if (version == LEASEHOLD_NVML_FABRIC_V3) {
        fabric->health_summary = (uint8_t)device->fabric_health;
    }
    return SUCCESS;
}

R nvmlDeviceGetGpuFabricInfo(leasehold_nvml_device device, leasehold_nvml_fabric_v1 *fabric) {
    ENTER(device);
    if (!device->kind->has_fabric) {
        return NOT_SUPPORTED;
    }
    memcpy(fabric->cluster, device->cluster, sizeof(fabric->cluster));
    fabric->status = (R)device->fabric_status;
    fabric->clique = (uint32_t)device->fabric_clique;
    fabric->state = (uint8_t)device->fabric_state;
    return SUCCESS;
}
