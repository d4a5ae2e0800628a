#ifndef NVML_DOUBLE_ORDER_H
#define NVML_DOUBLE_ORDER_H

#include "state.h"

// A line of a script, and what obeys it. All of it happens under the lock, and answers NULL or what is wrong.

enum { WORDS_MAX = 16 };

/// A line, taken apart.
typedef struct {
    char *words[WORDS_MAX];
    int count;
    /// From the fourth word on, as it stands.
    const char *rest;
} order;

/// Reads a whole number in the forms of C.
bool number_in(const char *word, uint64_t *number);

/// The GPU of a name, or NULL.
gpu *gpu_called(const char *uuid);

/// `fail`, `slow` and `hang`.
const char *rule_comes(const order *o);

/// `when`.
const char *when_called(const order *o);

/// `heal`.
const char *heal(const order *o);

/// `instance`.
const char *instance_comes(const order *o);

/// `compute`.
const char *compute_comes(const order *o);

/// `unmake`.
const char *instance_goes(const order *o);

#endif
