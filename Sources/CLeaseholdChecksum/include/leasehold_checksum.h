#ifndef LEASEHOLD_CHECKSUM_H
#define LEASEHOLD_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this CPU has the CRC32C instruction of SSE4.2. False on every other architecture.
bool leasehold_crc32c_is_supported(void);

/// Continues a CRC32C over more bytes with the CPU's instruction.
///
/// `crc` is a finished checksum (0 before any byte), and so is the result. Only to be called where
/// `leasehold_crc32c_is_supported` says true; elsewhere it returns `crc` unchanged.
uint32_t leasehold_crc32c(uint32_t crc, const void *bytes, size_t byte_count);

#endif
