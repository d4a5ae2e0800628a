#include <stdio.h>
#include <string.h>

#include "order.h"

// What a script says of functions; `follow` in hardware.c does it.

static const char *add_rule(const rule *made) {
    for (size_t place = 0; place < RULES_MAX; place++) {
        // A rule in which somebody still hangs is not used again.
        if (hw.rules[place].what == RULE_NONE && hw.rules[place].hanging == 0) {
            hw.rules[place] = *made;
            return NULL;
        }
    }
    return "no room for another rule";
}

const char *rule_comes(const order *o) {
    static const char *const wrong = "fail FUNCTION CODE, slow FUNCTION MS or hang FUNCTION [skip N] [times N] [on UUID]";
    const bool hangs = strcmp(o->words[0], "hang") == 0;
    const int options = hangs ? 2 : 3;
    rule made = {.what = hangs ? RULE_HANG : strcmp(o->words[0], "slow") == 0 ? RULE_SLOW : RULE_FAIL};
    made.times = UINT64_MAX;
    uint64_t number = 0;
    if (o->count < options || (o->count - options) % 2 != 0 || (!hangs && !number_in(o->words[2], &number))) {
        return wrong;
    }
    made.number = (uint32_t)number;
    snprintf(made.function, TEXT_SIZE, "%s", o->words[1]);
    for (int place = options; place < o->count; place += 2) {
        const char *name = o->words[place], *value = o->words[place + 1];
        bool is_right = false;
        if (strcmp(name, "skip") == 0) {
            is_right = number_in(value, &made.skip);
        } else if (strcmp(name, "times") == 0) {
            is_right = number_in(value, &made.times);
        } else if (strcmp(name, "on") == 0) {
            made.only = gpu_called(value);
            is_right = made.only != NULL;
        }
        if (!is_right) {
            return wrong;
        }
    }
    return add_rule(&made);
}

const char *when_called(const order *o) {
    rule made = {.what = RULE_OBEY, .times = 1};
    if (o->count < 4 || !number_in(o->words[2], &made.skip)) {
        return "when FUNCTION SKIP LINE";
    }
    snprintf(made.function, TEXT_SIZE, "%s", o->words[1]);
    snprintf(made.line, LINE_SIZE, "%s", o->rest);
    return add_rule(&made);
}

const char *heal(const order *o) {
    for (size_t place = 0; place < RULES_MAX; place++) {
        if (o->count == 1 || strcmp(hw.rules[place].function, o->words[1]) == 0) {
            hw.rules[place].what = RULE_NONE;
        }
    }
    pthread_cond_broadcast(&hw.changed);
    return NULL;
}
