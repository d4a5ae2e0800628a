#ifndef LEASEHOLD_ATOMICS_H
#define LEASEHOLD_ATOMICS_H

// Atomic words in memory that several processes map. Swift's own atomics own their storage; these work on a word
// that lies where a file format put it. Every load acquires and every store releases, so that what was written before
// a store is seen by whoever has seen that store.

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t leasehold_load(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void leasehold_store(uint64_t *word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/// Adds and returns the value before.
static inline uint64_t leasehold_add(uint64_t *word, uint64_t value) {
    return __atomic_fetch_add(word, value, __ATOMIC_ACQ_REL);
}

/// Stores and returns the value before, in one step.
static inline uint64_t leasehold_exchange(uint64_t *word, uint64_t value) {
    return __atomic_exchange_n(word, value, __ATOMIC_ACQ_REL);
}

/// Stores `desired` if the word holds `expected`; says whether it did.
static inline bool leasehold_compare_exchange(uint64_t *word, uint64_t expected, uint64_t desired) {
    return __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

#endif
