#include "leasehold_nvml_table.h"

#include <dlfcn.h>
#include <string.h>

// What the library reads and writes on x86-64 and arm64; offsets where the compiler puts a gap, or could.
_Static_assert(sizeof(leasehold_nvml_pci) == 68, "pci");
_Static_assert(offsetof(leasehold_nvml_pci, domain) == 16 && offsetof(leasehold_nvml_pci, bus_id) == 36, "pci");
_Static_assert(sizeof(leasehold_nvml_memory) == 24, "memory");
_Static_assert(sizeof(leasehold_nvml_memory_v2) == 40, "memory_v2");
_Static_assert(offsetof(leasehold_nvml_memory_v2, total) == 8, "memory_v2");
_Static_assert(sizeof(leasehold_nvml_temperature) == 12, "temperature");
_Static_assert(sizeof(leasehold_nvml_field) == 40, "field");
_Static_assert(offsetof(leasehold_nvml_field, type) == 24 && offsetof(leasehold_nvml_field, value) == 32, "field");
_Static_assert(sizeof(leasehold_nvml_spare_rows) == 20, "spare_rows");
_Static_assert(sizeof(leasehold_nvml_process) == 24, "process");
_Static_assert(
    offsetof(leasehold_nvml_process, used_memory) == 8 && offsetof(leasehold_nvml_process, compute) == 20, "process");
_Static_assert(sizeof(leasehold_nvml_event) == 32 && offsetof(leasehold_nvml_event, instance) == 24, "event");
_Static_assert(sizeof(leasehold_nvml_placement) == 8, "placement");
_Static_assert(sizeof(leasehold_nvml_profile) == 48, "profile");
_Static_assert(offsetof(leasehold_nvml_profile, memory_mebibytes) == 40, "profile");
_Static_assert(sizeof(leasehold_nvml_profile_v2) == 152, "profile_v2");
_Static_assert(
    offsetof(leasehold_nvml_profile_v2, memory_mebibytes) == 48 && offsetof(leasehold_nvml_profile_v2, name) == 56,
    "profile_v2");
_Static_assert(sizeof(leasehold_nvml_instance_info) == 24, "instance_info");
_Static_assert(offsetof(leasehold_nvml_instance_info, placement) == 16, "instance_info");
_Static_assert(sizeof(leasehold_nvml_compute_profile) == 36, "compute_profile");
_Static_assert(sizeof(leasehold_nvml_compute_info) == 32, "compute_info");
_Static_assert(offsetof(leasehold_nvml_compute_info, placement) == 24, "compute_info");
_Static_assert(sizeof(leasehold_nvml_fabric_v1) == 28, "fabric_v1");
_Static_assert(sizeof(leasehold_nvml_fabric) == 40, "fabric");
_Static_assert(
    offsetof(leasehold_nvml_fabric, status) == 20 && offsetof(leasehold_nvml_fabric, health_summary) == 36, "fabric");
_Static_assert(LEASEHOLD_NVML_MEMORY_V2 == 0x2000028, "version of memory_v2");
_Static_assert(LEASEHOLD_NVML_TEMPERATURE_V1 == 0x100000C, "version of temperature");
_Static_assert(LEASEHOLD_NVML_PROFILE_V2 == 0x2000098, "version of profile_v2");
_Static_assert(LEASEHOLD_NVML_FABRIC_V2 == 0x2000024, "version 2 of fabric");
_Static_assert(LEASEHOLD_NVML_FABRIC_V3 == 0x3000028, "version 3 of fabric");

_Static_assert(sizeof(leasehold_nvml_confidential) == 12, "confidential");
_Static_assert(LEASEHOLD_NVML_CONFIDENTIAL_SETTINGS_V1 == 0x1000014, "version of confidential_settings");

// Longer than Swift would have them as types.
typedef struct {
    uint32_t has_cec, count, cec_count;
    uint8_t nonce[LEASEHOLD_NVML_REPORT_NONCE_SIZE], report[LEASEHOLD_NVML_REPORT_MOST],
        cec[LEASEHOLD_NVML_REPORT_CEC_MOST];
} report;
typedef struct {
    uint32_t count, attestation_count;
    uint8_t chain[LEASEHOLD_NVML_CERTIFICATE_MOST], attestation[LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_MOST];
} certificate;
_Static_assert(sizeof(report) == LEASEHOLD_NVML_REPORT_SIZE && LEASEHOLD_NVML_REPORT_SIZE == 12332, "report");
_Static_assert(offsetof(report, count) == LEASEHOLD_NVML_REPORT_COUNT_AT, "report");
_Static_assert(offsetof(report, cec_count) == LEASEHOLD_NVML_REPORT_CEC_COUNT_AT, "report");
_Static_assert(offsetof(report, nonce) == LEASEHOLD_NVML_REPORT_NONCE_AT, "report");
_Static_assert(offsetof(report, report) == LEASEHOLD_NVML_REPORT_AT, "report");
_Static_assert(offsetof(report, cec) == LEASEHOLD_NVML_REPORT_CEC_AT && LEASEHOLD_NVML_REPORT_CEC_AT == 8236, "report");
_Static_assert(
    sizeof(certificate) == LEASEHOLD_NVML_CERTIFICATE_SIZE && LEASEHOLD_NVML_CERTIFICATE_SIZE == 9224, "certificate");
_Static_assert(offsetof(certificate, attestation_count) == LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_COUNT_AT, "certificate");
_Static_assert(offsetof(certificate, chain) == LEASEHOLD_NVML_CERTIFICATE_AT, "certificate");
_Static_assert(
    offsetof(certificate, attestation) == LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_AT
        && LEASEHOLD_NVML_CERTIFICATE_ATTESTATION_AT == 4104,
    "certificate");

/// Where a function's address goes, and what it is called in the library.
typedef struct {
    size_t offset;
    const char *symbol;
    const char *older;
} entry;

#define ENTRY(field, parameters, symbol, older) {offsetof(leasehold_nvml, field), #symbol, #older},
static const entry entries[] = {LEASEHOLD_NVML_FUNCTIONS(ENTRY)};
#undef ENTRY

enum { ENTRY_COUNT = sizeof(entries) / sizeof(entries[0]) };

/// Whether a symbol is one of the words of a text.
static bool is_among(const char *symbol, const char *words) {
    const size_t length = strlen(symbol);
    for (const char *word = words; *word != '\0'; word += strspn(word, " ")) {
        const size_t end = strcspn(word, " ");
        if (end == length && strncmp(word, symbol, length) == 0) {
            return true;
        }
        word += end;
    }
    return false;
}

const char *leasehold_nvml_open(const char *path, const char *hidden, leasehold_nvml *table) {
    memset(table, 0, sizeof(*table));
    table->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (table->library == NULL) {
        const char *complaint = dlerror();
        return complaint != NULL ? complaint : "the loader does not say why";
    }
    for (size_t position = 0; position < ENTRY_COUNT; position++) {
        const char *const symbols[] = {entries[position].symbol, entries[position].older};
        void *address = NULL;
        for (size_t choice = 0; choice < 2 && address == NULL; choice++) {
            address = is_among(symbols[choice], hidden) ? NULL : dlsym(table->library, symbols[choice]);
        }
        memcpy((char *)table + entries[position].offset, &address, sizeof(address));
    }
    return NULL;
}

void leasehold_nvml_close(leasehold_nvml *table) {
    if (table->library != NULL) {
        dlclose(table->library);
    }
    memset(table, 0, sizeof(*table));
}

size_t leasehold_nvml_function_count(void) { return ENTRY_COUNT; }

const char *leasehold_nvml_symbol(size_t position) { return entries[position].symbol; }

bool leasehold_nvml_has(const leasehold_nvml *table, size_t position) {
    void *address;
    memcpy(&address, (const char *)table + entries[position].offset, sizeof(address));
    return address != NULL;
}
