// Needed for system calls by number.
#define _GNU_SOURCE

#include "leasehold_confine.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Goes `over` instructions further when a register has a value, or has it not.
static struct bpf_insn jump(int operation, int reg, uint32_t value, int over) {
    return (struct bpf_insn){
        .code = BPF_JMP | operation | BPF_K, .dst_reg = reg, .off = (int16_t)over, .imm = (int32_t)value};
}

/// The kernel asks a program of the group, in its own machine's language, for every device that somebody opens.
int leasehold_confine(
    int group, const uint32_t *majors, size_t major_count, const struct leasehold_device *devices, size_t device_count) {
    enum { asked = BPF_REG_1, major = BPF_REG_2, minor = BPF_REG_3, type = BPF_REG_4, lines_max = 4096 };
    struct bpf_insn lines[lines_max];
    size_t count = 0;
    // Jumps over all lines have to fit into what one can say, and a line that is never come to is no program.
    if (device_count > 1500 || major_count > 500) {
        return E2BIG;
    }
    if (major_count == 0) {
        return EINVAL;
    }
    size_t allow = 5 + device_count * 2 + major_count;
    size_t deny = allow + 2;
    struct {
        int reg, offset;
    } const parts[] = {
        {type, offsetof(struct bpf_cgroup_dev_ctx, access_type)},
        {major, offsetof(struct bpf_cgroup_dev_ctx, major)},
        {minor, offsetof(struct bpf_cgroup_dev_ctx, minor)},
    };
    for (size_t part = 0; part < 3; part++) {
        lines[count++] = (struct bpf_insn){
            .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = parts[part].reg, .src_reg = asked,
            .off = (int16_t)parts[part].offset};
    }
    lines[count++] = (struct bpf_insn){.code = BPF_ALU | BPF_AND | BPF_K, .dst_reg = type, .imm = 0xFFFF};
    lines[count] = jump(BPF_JNE, type, BPF_DEVCG_DEV_CHAR, (int)(allow - count - 1));
    count++;
    for (size_t place = 0; place < device_count; place++) {
        lines[count++] = jump(BPF_JNE, major, devices[place].major, 1);
        lines[count] = jump(BPF_JEQ, minor, devices[place].minor, (int)(allow - count - 1));
        count++;
    }
    for (size_t place = 0; place < major_count; place++) {
        lines[count] = jump(BPF_JEQ, major, majors[place], (int)(deny - count - 1));
        count++;
    }
    for (int verdict = 1; verdict >= 0; verdict--) {
        lines[count++] = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = verdict};
        lines[count++] = (struct bpf_insn){.code = BPF_JMP | BPF_EXIT};
    }

    union bpf_attr request;
    memset(&request, 0, sizeof request);
    request.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    request.insns = (uint64_t)(uintptr_t)lines;
    request.insn_cnt = (uint32_t)count;
    request.license = (uint64_t)(uintptr_t) "Apache-2.0";
    int program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &request, sizeof request);
    if (program < 0) {
        return errno;
    }
    memset(&request, 0, sizeof request);
    request.target_fd = (uint32_t)group;
    request.attach_bpf_fd = (uint32_t)program;
    request.attach_type = BPF_CGROUP_DEVICE;
    // Whoever makes containers has a program of its own below, and both have to agree.
    request.attach_flags = BPF_F_ALLOW_MULTI;
    int code = syscall(SYS_bpf, BPF_PROG_ATTACH, &request, sizeof request) == 0 ? 0 : errno;
    close(program);
    return code;
}
