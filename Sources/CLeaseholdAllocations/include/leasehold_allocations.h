// Counts what a process allocates. Preloaded (ld.so(8), LD_PRELOAD), this library stands in front of the C library's
// malloc and adds one for each call that asks for memory to the eight bytes at the start of the file that
// LEASEHOLD_ALLOCATIONS names, in the machine's byte order; without the variable it counts for nobody.
#ifndef LEASEHOLD_ALLOCATIONS_H
#define LEASEHOLD_ALLOCATIONS_H

#define LEASEHOLD_ALLOCATIONS_VARIABLE "LEASEHOLD_ALLOCATIONS"

#endif
