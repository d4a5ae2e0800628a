#ifndef NVML_DOUBLE_H
#define NVML_DOUBLE_H

// A library that answers like NVML and does as a script says: the tests open it where a node has the driver's.
//
// A script is lines of words, one order each; `#` begins a remark. It comes from `double_say`, or from the file that
// LEASEHOLD_NVML_SCRIPT names: whole lines that have been added to the file are obeyed before the next call is
// answered, so that one process can play the hardware of another. An order that makes no sense in a file ends the
// process. What calls of the library change is added to it as well, for the next process that opens it.
//
//   gpu KIND UUID                       a GPU is put in, behind the others; kinds are in kinds.c
//   pull UUID                           it is pulled out: the driver does not know it
//   first UUID                          the driver counts it first from now on
//   lose UUID | find UUID               it falls off the bus; it comes back
//   set UUID VALUE N | add UUID VALUE N a value of it (`VALUES` in state.h), in the library's units
//   text UUID TEXT WORDS                a text of it (`TEXTS` in state.h)
//   cluster UUID HEX                    the NVLink cluster, 32 digits
//   driver load | unload | mismatch     what the library finds of the driver; after an unload every start
//                                       must be shut down before it can be started again
//   driver reload                       unload and load: limits, energy, processes, instances and modes begin anew
//   driver remove                       unload, but only while no library is open
//   reset UUID                          a GPU is reset, but only while no library is open and no process is on it
//   version WORDS                       of the driver
//   entries short | long                of the lists of processes: 24 bytes, or the 32 of some versions
//   confidential ENVIRONMENT FEATURE MULTI TOOLS
//                                       GPUs say what they are: texts, where the driver's have signed bytes
//   process UUID USE PID BYTES [GI CI]  a process comes; USE is compute, graphics or mps
//   exit PID                            it goes, from every GPU
//   instance UUID GI PROFILE START      a GPU is cut, as calls of the library do it
//   compute UUID GI CI PROFILE          an instance is, too
//   unmake UUID GI [CI]                 an instance is no more
//   event UUID TYPE DATA [GI CI]        something happens; sets that have not registered for it never hear of it
//   fail FUNCTION CODE [OPTIONS]        a function answers with a code and does nothing
//   slow FUNCTION MILLISECONDS [OPTIONS]
//   hang FUNCTION [OPTIONS]             a function does not come back
//   when FUNCTION SKIP LINE             a line is obeyed once, before a function answers; SKIP calls go through first
//   heal [FUNCTION]                     it answers again, and whoever hangs in it comes back
//
// A function that is called `*` is every one of them.
//
// A process that preloads the library dies by SIGKILL where LEASEHOLD_DOUBLE_DEATH says so: "FOLDER N before" or
// "FOLDER N after" its Nth positioned write into a file whose path has FOLDER in it.
//
// OPTIONS: `skip N` lets N calls through first, `times N` lets it end after N, `on UUID` means one GPU's calls alone.

/// Obeys one line; NULL, or what is wrong with it.
const char *double_say(const char *line);

/// How many calls hang in a function at this moment.
unsigned int double_hanging(const char *function);

/// How often a function has been called since the library was loaded.
unsigned long double_called(const char *function);

#endif
