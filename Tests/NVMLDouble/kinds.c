#include "state.h"

#include <string.h>

// Kinds of GPU as published tables have them: ids, sizes, starts and counts of the profiles of H100 80GB and H200 as
// `nvidia-smi mig -lgip` and `-lgipp` print them; those of B200 and GB200 by analogy. Multiprocessors are those of the
// H200's listing where a kind's own are not published. Numbers are those of the vendor's enumeration.

#define FAMILY(n1, n1me, n1x, n2, n3, n4, n7, m1, m1x, m2, m3, m7) \
    { \
        {0, 19, n1, 1, 1, 7, 16, 0, m1, 0x7F}, {7, 20, n1me, 1, 1, 1, 16, 1, m1, 0x7F}, \
        {9, 15, n1x, 1, 2, 4, 26, 1, m1x, 0x55}, {1, 14, n2, 2, 2, 3, 32, 2, m2, 0x15}, \
        {2, 9, n3, 3, 4, 2, 60, 3, m3, 0x11}, {3, 5, n4, 4, 4, 1, 64, 4, m3, 0x01}, \
        {4, 0, n7, 7, 8, 1, 132, 7, m7, 0x01}, \
    }

static const kind kinds[] = {
    {.word = "H100", .name = "NVIDIA H100 80GB HBM3", .mebibytes = 81559, .reserved_mebibytes = 551,
     .limit_default = 700000, .limit_least = 200000, .limit_most = 700000, .pci_device_id = 0x233010DE,
     .has_fabric = true,
     .profiles = FAMILY("1g.10gb", "1g.10gb+me", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb",
                        9984, 19968, 19968, 40448, 80896)},
    {.word = "H200", .name = "NVIDIA H200", .mebibytes = 143771, .reserved_mebibytes = 621,
     .limit_default = 700000, .limit_least = 200000, .limit_most = 700000, .pci_device_id = 0x233510DE,
     .has_fabric = true,
     .profiles = FAMILY("1g.18gb", "1g.18gb+me", "1g.35gb", "2g.35gb", "3g.71gb", "4g.71gb", "7g.141gb",
                        16384, 33024, 33024, 71168, 143360)},
    {.word = "B200", .name = "NVIDIA B200", .mebibytes = 183359, .reserved_mebibytes = 720,
     .limit_default = 1000000, .limit_least = 200000, .limit_most = 1000000, .pci_device_id = 0x290110DE,
     .has_fabric = true,
     .profiles = FAMILY("1g.23gb", "1g.23gb+me", "1g.45gb", "2g.45gb", "3g.90gb", "4g.90gb", "7g.180gb",
                        22528, 45312, 45312, 91136, 182272)},
    {.word = "GB200", .name = "NVIDIA GB200", .mebibytes = 189471, .reserved_mebibytes = 740,
     .limit_default = 1200000, .limit_least = 200000, .limit_most = 1200000, .pci_device_id = 0x294110DE,
     .has_fabric = true,
     .profiles = FAMILY("1g.24gb", "1g.24gb+me", "1g.47gb", "2g.47gb", "3g.95gb", "4g.95gb", "7g.186gb",
                        22528, 46592, 46592, 94208, 188416)},
    {.word = "T4", .name = "Tesla T4", .mebibytes = 15360, .reserved_mebibytes = 450,
     .limit_default = 70000, .limit_least = 60000, .limit_most = 70000, .pci_device_id = 0x1EB810DE},
};

const kind *kind_of(const char *word) {
    for (size_t place = 0; place < sizeof(kinds) / sizeof(kinds[0]); place++) {
        if (strcmp(kinds[place].word, word) == 0) {
            return &kinds[place];
        }
    }
    return NULL;
}
