#ifndef LEASEHOLD_NVML_TABLE_H
#define LEASEHOLD_NVML_TABLE_H

// The functions of NVML that Leasehold calls, as a table that is filled when the library is opened. Nothing is linked:
// the library comes with the driver, and a node without one runs the same program.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "leasehold_nvml.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/// All functions: the name in the table, the parameters, the symbol, and an older symbol that takes and answers the
/// same (the same symbol again where there is none).
#define LEASEHOLD_NVML_FUNCTIONS(F) \
    F(init_with_flags, (unsigned int flags), nvmlInitWithFlags, nvmlInitWithFlags) \
    F(init, (void), nvmlInit_v2, nvmlInit_v2) \
    F(shutdown, (void), nvmlShutdown, nvmlShutdown) \
    F(driver_version, (char *text, unsigned int size), nvmlSystemGetDriverVersion, nvmlSystemGetDriverVersion) \
    F(confidential, (leasehold_nvml_confidential *state), nvmlSystemGetConfComputeState, nvmlSystemGetConfComputeState) \
    F(confidential_settings, (leasehold_nvml_confidential_settings *settings), \
      nvmlSystemGetConfComputeSettings, nvmlSystemGetConfComputeSettings) \
    F(report, (leasehold_nvml_device device, void *report), \
      nvmlDeviceGetConfComputeGpuAttestationReport, nvmlDeviceGetConfComputeGpuAttestationReport) \
    F(certificate, (leasehold_nvml_device device, void *certificate), \
      nvmlDeviceGetConfComputeGpuCertificate, nvmlDeviceGetConfComputeGpuCertificate) \
    F(count, (unsigned int *count), nvmlDeviceGetCount_v2, nvmlDeviceGetCount) \
    F(device_at, (unsigned int index, leasehold_nvml_device _Nullable *_Nonnull device), \
      nvmlDeviceGetHandleByIndex_v2, nvmlDeviceGetHandleByIndex) \
    F(uuid, (leasehold_nvml_device device, char *text, unsigned int size), nvmlDeviceGetUUID, nvmlDeviceGetUUID) \
    F(name, (leasehold_nvml_device device, char *text, unsigned int size), nvmlDeviceGetName, nvmlDeviceGetName) \
    F(serial, (leasehold_nvml_device device, char *text, unsigned int size), \
      nvmlDeviceGetSerial, nvmlDeviceGetSerial) \
    F(vbios_version, (leasehold_nvml_device device, char *text, unsigned int size), \
      nvmlDeviceGetVbiosVersion, nvmlDeviceGetVbiosVersion) \
    F(pci, (leasehold_nvml_device device, leasehold_nvml_pci *pci), nvmlDeviceGetPciInfo_v3, nvmlDeviceGetPciInfo_v3) \
    F(memory, (leasehold_nvml_device device, leasehold_nvml_memory *memory), \
      nvmlDeviceGetMemoryInfo, nvmlDeviceGetMemoryInfo) \
    F(memory_v2, (leasehold_nvml_device device, leasehold_nvml_memory_v2 *memory), \
      nvmlDeviceGetMemoryInfo_v2, nvmlDeviceGetMemoryInfo_v2) \
    F(fabric, (leasehold_nvml_device device, leasehold_nvml_fabric *fabric), \
      nvmlDeviceGetGpuFabricInfoV, nvmlDeviceGetGpuFabricInfoV) \
    F(fabric_v1, (leasehold_nvml_device device, leasehold_nvml_fabric_v1 *fabric), \
      nvmlDeviceGetGpuFabricInfo, nvmlDeviceGetGpuFabricInfo) \
    F(persistence, (leasehold_nvml_device device, unsigned int *mode), \
      nvmlDeviceGetPersistenceMode, nvmlDeviceGetPersistenceMode) \
    F(set_persistence, (leasehold_nvml_device device, unsigned int mode), \
      nvmlDeviceSetPersistenceMode, nvmlDeviceSetPersistenceMode) \
    F(power_usage, (leasehold_nvml_device device, unsigned int *milliwatts), \
      nvmlDeviceGetPowerUsage, nvmlDeviceGetPowerUsage) \
    F(energy, (leasehold_nvml_device device, uint64_t *millijoules), \
      nvmlDeviceGetTotalEnergyConsumption, nvmlDeviceGetTotalEnergyConsumption) \
    F(power_limit, (leasehold_nvml_device device, unsigned int *milliwatts), \
      nvmlDeviceGetPowerManagementLimit, nvmlDeviceGetPowerManagementLimit) \
    F(power_limit_default, (leasehold_nvml_device device, unsigned int *milliwatts), \
      nvmlDeviceGetPowerManagementDefaultLimit, nvmlDeviceGetPowerManagementDefaultLimit) \
    F(power_limit_enforced, (leasehold_nvml_device device, unsigned int *milliwatts), \
      nvmlDeviceGetEnforcedPowerLimit, nvmlDeviceGetEnforcedPowerLimit) \
    F(power_limit_range, (leasehold_nvml_device device, unsigned int *least, unsigned int *most), \
      nvmlDeviceGetPowerManagementLimitConstraints, nvmlDeviceGetPowerManagementLimitConstraints) \
    F(set_power_limit, (leasehold_nvml_device device, unsigned int milliwatts), \
      nvmlDeviceSetPowerManagementLimit, nvmlDeviceSetPowerManagementLimit) \
    F(temperature, (leasehold_nvml_device device, leasehold_nvml_temperature *temperature), \
      nvmlDeviceGetTemperatureV, nvmlDeviceGetTemperatureV) \
    F(temperature_v0, (leasehold_nvml_device device, unsigned int sensor, unsigned int *celsius), \
      nvmlDeviceGetTemperature, nvmlDeviceGetTemperature) \
    F(throttling, (leasehold_nvml_device device, uint64_t *reasons), \
      nvmlDeviceGetCurrentClocksEventReasons, nvmlDeviceGetCurrentClocksThrottleReasons) \
    F(ecc_errors, (leasehold_nvml_device device, unsigned int kind, unsigned int counter, uint64_t *count), \
      nvmlDeviceGetTotalEccErrors, nvmlDeviceGetTotalEccErrors) \
    F(remapped_rows, \
      (leasehold_nvml_device device, unsigned int *corrected, unsigned int *uncorrected, unsigned int *is_pending, \
       unsigned int *has_failed), \
      nvmlDeviceGetRemappedRows, nvmlDeviceGetRemappedRows) \
    F(spare_rows, (leasehold_nvml_device device, leasehold_nvml_spare_rows *rows), \
      nvmlDeviceGetRowRemapperHistogram, nvmlDeviceGetRowRemapperHistogram) \
    F(fields, (leasehold_nvml_device device, int count, leasehold_nvml_field *fields), \
      nvmlDeviceGetFieldValues, nvmlDeviceGetFieldValues) \
    F(compute_processes, \
      (leasehold_nvml_device device, unsigned int *count, leasehold_nvml_process *_Nullable processes), \
      nvmlDeviceGetComputeRunningProcesses_v3, nvmlDeviceGetComputeRunningProcesses_v2) \
    F(graphics_processes, \
      (leasehold_nvml_device device, unsigned int *count, leasehold_nvml_process *_Nullable processes), \
      nvmlDeviceGetGraphicsRunningProcesses_v3, nvmlDeviceGetGraphicsRunningProcesses_v2) \
    F(mps_processes, \
      (leasehold_nvml_device device, unsigned int *count, leasehold_nvml_process *_Nullable processes), \
      nvmlDeviceGetMPSComputeRunningProcesses_v3, nvmlDeviceGetMPSComputeRunningProcesses_v2) \
    F(event_set_create, (leasehold_nvml_event_set _Nullable *_Nonnull set), nvmlEventSetCreate, nvmlEventSetCreate) \
    F(event_types, (leasehold_nvml_device device, uint64_t *types), \
      nvmlDeviceGetSupportedEventTypes, nvmlDeviceGetSupportedEventTypes) \
    F(register_events, (leasehold_nvml_device device, uint64_t types, leasehold_nvml_event_set set), \
      nvmlDeviceRegisterEvents, nvmlDeviceRegisterEvents) \
    F(event_set_wait, (leasehold_nvml_event_set set, leasehold_nvml_event *event, unsigned int milliseconds), \
      nvmlEventSetWait_v2, nvmlEventSetWait_v2) \
    F(event_set_free, (leasehold_nvml_event_set set), nvmlEventSetFree, nvmlEventSetFree) \
    F(mig_mode, (leasehold_nvml_device device, unsigned int *current, unsigned int *pending), \
      nvmlDeviceGetMigMode, nvmlDeviceGetMigMode) \
    F(set_mig_mode, (leasehold_nvml_device device, unsigned int mode, leasehold_nvml_return *activation), \
      nvmlDeviceSetMigMode, nvmlDeviceSetMigMode) \
    F(profile, (leasehold_nvml_device device, unsigned int profile, leasehold_nvml_profile *info), \
      nvmlDeviceGetGpuInstanceProfileInfo, nvmlDeviceGetGpuInstanceProfileInfo) \
    F(profile_v2, (leasehold_nvml_device device, unsigned int profile, leasehold_nvml_profile_v2 *info), \
      nvmlDeviceGetGpuInstanceProfileInfoV, nvmlDeviceGetGpuInstanceProfileInfoV) \
    F(placements, \
      (leasehold_nvml_device device, unsigned int profile_id, leasehold_nvml_placement *_Nullable placements, \
       unsigned int *count), \
      nvmlDeviceGetGpuInstancePossiblePlacements_v2, nvmlDeviceGetGpuInstancePossiblePlacements_v2) \
    F(instances, \
      (leasehold_nvml_device device, unsigned int profile_id, leasehold_nvml_instance _Nullable *_Nonnull instances, \
       unsigned int *count), \
      nvmlDeviceGetGpuInstances, nvmlDeviceGetGpuInstances) \
    F(instance_by_id, \
      (leasehold_nvml_device device, unsigned int id, leasehold_nvml_instance _Nullable *_Nonnull instance), \
      nvmlDeviceGetGpuInstanceById, nvmlDeviceGetGpuInstanceById) \
    F(instance_info, (leasehold_nvml_instance instance, leasehold_nvml_instance_info *info), \
      nvmlGpuInstanceGetInfo, nvmlGpuInstanceGetInfo) \
    F(create_instance, \
      (leasehold_nvml_device device, unsigned int profile_id, const leasehold_nvml_placement *placement, \
       leasehold_nvml_instance _Nullable *_Nonnull instance), \
      nvmlDeviceCreateGpuInstanceWithPlacement, nvmlDeviceCreateGpuInstanceWithPlacement) \
    F(destroy_instance, (leasehold_nvml_instance instance), nvmlGpuInstanceDestroy, nvmlGpuInstanceDestroy) \
    F(compute_profile, \
      (leasehold_nvml_instance instance, unsigned int profile, unsigned int engines, \
       leasehold_nvml_compute_profile *info), \
      nvmlGpuInstanceGetComputeInstanceProfileInfo, nvmlGpuInstanceGetComputeInstanceProfileInfo) \
    F(computes, \
      (leasehold_nvml_instance instance, unsigned int profile_id, leasehold_nvml_compute _Nullable *_Nonnull computes, \
       unsigned int *count), \
      nvmlGpuInstanceGetComputeInstances, nvmlGpuInstanceGetComputeInstances) \
    F(compute_by_id, \
      (leasehold_nvml_instance instance, unsigned int id, leasehold_nvml_compute _Nullable *_Nonnull compute), \
      nvmlGpuInstanceGetComputeInstanceById, nvmlGpuInstanceGetComputeInstanceById) \
    F(compute_info, (leasehold_nvml_compute compute, leasehold_nvml_compute_info *info), \
      nvmlComputeInstanceGetInfo_v2, nvmlComputeInstanceGetInfo_v2) \
    F(create_compute, \
      (leasehold_nvml_instance instance, unsigned int profile_id, \
       leasehold_nvml_compute _Nullable *_Nonnull compute), \
      nvmlGpuInstanceCreateComputeInstance, nvmlGpuInstanceCreateComputeInstance) \
    F(destroy_compute, (leasehold_nvml_compute compute), nvmlComputeInstanceDestroy, nvmlComputeInstanceDestroy)

#define LEASEHOLD_NVML_FIELD(field, parameters, symbol, older) \
    leasehold_nvml_return (*_Nullable field) parameters;

/// An open library. A function that it lacks is NULL.
typedef struct {
    void *_Nullable library;
    LEASEHOLD_NVML_FUNCTIONS(LEASEHOLD_NVML_FIELD)
} leasehold_nvml;

#undef LEASEHOLD_NVML_FIELD

/// Opens a library and fills a table with what it has, acting as if it lacked the symbols in a text, which has blanks
/// between them.
///
/// Returns NULL, or what the loader complains of: text that the next call of the loader in this thread replaces.
const char *_Nullable leasehold_nvml_open(const char *path, const char *hidden, leasehold_nvml *table);

/// Unloads the library; the table is empty afterwards.
void leasehold_nvml_close(leasehold_nvml *table);

/// How many functions a table has.
size_t leasehold_nvml_function_count(void);

/// The symbol of the function at a position of the table.
const char *leasehold_nvml_symbol(size_t position);

/// Whether the library has the function at a position.
bool leasehold_nvml_has(const leasehold_nvml *table, size_t position);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
