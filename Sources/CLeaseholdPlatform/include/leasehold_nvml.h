#ifndef LEASEHOLD_NVML_H
#define LEASEHOLD_NVML_H

// The management library of NVIDIA's driver (NVML), as far as Leasehold calls it: what its values look like in memory.
// Our own declarations, so that nothing of the vendor's is needed to build; sizes and offsets are asserted in
// leasehold_nvml.c. A struct that carries a version says its own size in it, and the library refuses what it does not
// know. The functions are in leasehold_nvml_table.h.

#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/// What every function answers; 0 is success.
typedef uint32_t leasehold_nvml_return;

// Handles. They are valid from the library's start to its end, and mean nothing to another process.
typedef struct leasehold_nvml_opaque_device *leasehold_nvml_device;
typedef struct leasehold_nvml_opaque_instance *leasehold_nvml_instance;
typedef struct leasehold_nvml_opaque_compute *leasehold_nvml_compute;
typedef struct leasehold_nvml_opaque_event_set *leasehold_nvml_event_set;

enum {
    LEASEHOLD_NVML_UUID_SIZE = 96,
    LEASEHOLD_NVML_NAME_SIZE = 96,
    LEASEHOLD_NVML_SERIAL_SIZE = 30,
    LEASEHOLD_NVML_VBIOS_SIZE = 32,
    LEASEHOLD_NVML_VERSION_SIZE = 80,
};

/// The library starts on a node without GPUs as well.
enum { LEASEHOLD_NVML_INIT_NO_GPUS = 1 };

/// Whether the system computes confidentially.
typedef struct {
    uint32_t environment;
    uint32_t feature;
    uint32_t developer_tools;
} leasehold_nvml_confidential;

/// The same, as newer drivers say it.
typedef struct {
    uint32_t version;
    uint32_t environment;
    uint32_t feature;
    uint32_t developer_tools;
    uint32_t multi_gpu_mode;
} leasehold_nvml_confidential_settings;

// A report and a certificate are too long to be taken apart by their types: where what is in them, in bytes.
enum {
    LEASEHOLD_NVML_REPORT_SIZE = 12332,
    LEASEHOLD_NVML_REPORT_HAS_CEC_AT = 0,
    LEASEHOLD_NVML_REPORT_COUNT_AT = 4,
    LEASEHOLD_NVML_REPORT_CEC_COUNT_AT = 8,
    LEASEHOLD_NVML_REPORT_NONCE_AT = 12,
    LEASEHOLD_NVML_REPORT_NONCE_SIZE = 32,
    LEASEHOLD_NVML_REPORT_AT = 44,
    LEASEHOLD_NVML_REPORT_MOST = 8192,
    LEASEHOLD_NVML_REPORT_CEC_AT = 8236,
    LEASEHOLD_NVML_REPORT_CEC_MOST = 4096,
    LEASEHOLD_NVML_CERTIFICATE_SIZE = 9224,
    LEASEHOLD_NVML_CERTIFICATE_COUNT_AT = 0,
    LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_COUNT_AT = 4,
    LEASEHOLD_NVML_CERTIFICATE_AT = 8,
    LEASEHOLD_NVML_CERTIFICATE_MOST = 4096,
    LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_AT = 4104,
    LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_MOST = 5120,
};

// Where a device can be limited, counted or watched.
enum { LEASEHOLD_NVML_SENSOR_GPU = 0 };
enum { LEASEHOLD_NVML_ECC_CORRECTED = 0, LEASEHOLD_NVML_ECC_UNCORRECTED = 1 };
enum { LEASEHOLD_NVML_ECC_VOLATILE = 0, LEASEHOLD_NVML_ECC_AGGREGATE = 1 };
enum { LEASEHOLD_NVML_FIELD_RECOVERY_ACTION = 230 };
/// The engines of a compute instance are those of its GPU instance.
enum { LEASEHOLD_NVML_ENGINES_SHARED = 0 };

/// The version word of a struct: its size and, in the top byte, which layout it is.
#define LEASEHOLD_NVML_VERSION(type, version) ((uint32_t)(sizeof(type) | ((uint32_t)(version) << 24)))

typedef struct {
    char bus_id_legacy[16];
    uint32_t domain;
    uint32_t bus;
    uint32_t device;
    uint32_t pci_device_id;
    uint32_t pci_subsystem_id;
    char bus_id[32];
} leasehold_nvml_pci;

/// Bytes. Used memory includes what the driver keeps for itself.
typedef struct {
    uint64_t total;
    uint64_t free;
    uint64_t used;
} leasehold_nvml_memory;

/// Bytes. What the driver keeps for itself is counted apart.
typedef struct {
    uint32_t version;
    uint64_t total;
    uint64_t reserved;
    uint64_t free;
    uint64_t used;
} leasehold_nvml_memory_v2;

typedef struct {
    uint32_t version;
    uint32_t sensor;
    /// Degrees Celsius.
    int32_t temperature;
} leasehold_nvml_temperature;

/// What type a field's value has, and the value in the first bytes of a word.
typedef struct {
    uint32_t field;
    uint32_t scope;
    int64_t timestamp;
    int64_t latency;
    uint32_t type;
    leasehold_nvml_return code;
    uint64_t value;
} leasehold_nvml_field;

/// How many banks of memory have all, most, some, few and none of their spare rows left.
typedef struct {
    uint32_t all;
    uint32_t most;
    uint32_t some;
    uint32_t few;
    uint32_t none;
} leasehold_nvml_spare_rows;

typedef struct {
    uint32_t pid;
    /// Bytes; all ones where the driver does not say.
    uint64_t used_memory;
    /// All ones without MIG.
    uint32_t instance;
    uint32_t compute;
} leasehold_nvml_process;

typedef struct {
    leasehold_nvml_device _Nullable device;
    uint64_t type;
    /// The number of an Xid.
    uint64_t data;
    /// All ones where it concerns the whole device.
    uint32_t instance;
    uint32_t compute;
} leasehold_nvml_event;

/// Memory slices.
typedef struct {
    uint32_t start;
    uint32_t size;
} leasehold_nvml_placement;

/// A way in which a GPU can be cut; the first layout, which has no name.
typedef struct {
    uint32_t id;
    uint32_t is_p2p_supported;
    uint32_t slice_count;
    uint32_t instance_count;
    uint32_t multiprocessor_count;
    uint32_t copy_engine_count;
    uint32_t decoder_count;
    uint32_t encoder_count;
    uint32_t jpeg_count;
    uint32_t ofa_count;
    uint64_t memory_mebibytes;
} leasehold_nvml_profile;

/// The second layout.
typedef struct {
    uint32_t version;
    uint32_t id;
    uint32_t is_p2p_supported;
    uint32_t slice_count;
    uint32_t instance_count;
    uint32_t multiprocessor_count;
    uint32_t copy_engine_count;
    uint32_t decoder_count;
    uint32_t encoder_count;
    uint32_t jpeg_count;
    uint32_t ofa_count;
    uint64_t memory_mebibytes;
    char name[96];
} leasehold_nvml_profile_v2;

typedef struct {
    leasehold_nvml_device _Nullable device;
    uint32_t id;
    uint32_t profile;
    leasehold_nvml_placement placement;
} leasehold_nvml_instance_info;

typedef struct {
    uint32_t id;
    uint32_t slice_count;
    uint32_t instance_count;
    uint32_t multiprocessor_count;
    uint32_t shared_copy_engine_count;
    uint32_t shared_decoder_count;
    uint32_t shared_encoder_count;
    uint32_t shared_jpeg_count;
    uint32_t shared_ofa_count;
} leasehold_nvml_compute_profile;

typedef struct {
    leasehold_nvml_device _Nullable device;
    leasehold_nvml_instance _Nullable instance;
    uint32_t id;
    uint32_t profile;
    leasehold_nvml_placement placement;
} leasehold_nvml_compute_info;

/// The NVLink fabric as a GPU sees it; the first layout, which has no version and no health.
typedef struct {
    uint8_t cluster[16];
    leasehold_nvml_return status;
    uint32_t clique;
    uint8_t state;
} leasehold_nvml_fabric_v1;

/// The third layout; the second is the same without the summary, four bytes shorter.
typedef struct {
    uint32_t version;
    uint8_t cluster[16];
    leasehold_nvml_return status;
    uint32_t clique;
    uint8_t state;
    uint32_t health_mask;
    uint8_t health_summary;
} leasehold_nvml_fabric;

// The version words, for who cannot read macros with arguments.
enum {
    LEASEHOLD_NVML_CONFIDENTIAL_SETTINGS_V1 = LEASEHOLD_NVML_VERSION(leasehold_nvml_confidential_settings, 1),
    LEASEHOLD_NVML_MEMORY_V2 = LEASEHOLD_NVML_VERSION(leasehold_nvml_memory_v2, 2),
    LEASEHOLD_NVML_TEMPERATURE_V1 = LEASEHOLD_NVML_VERSION(leasehold_nvml_temperature, 1),
    LEASEHOLD_NVML_PROFILE_V2 = LEASEHOLD_NVML_VERSION(leasehold_nvml_profile_v2, 2),
    LEASEHOLD_NVML_FABRIC_V2 = (sizeof(leasehold_nvml_fabric) - 4) | 2 << 24,
    LEASEHOLD_NVML_FABRIC_V3 = LEASEHOLD_NVML_VERSION(leasehold_nvml_fabric, 3),
};

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
