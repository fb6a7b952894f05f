// A BPF object: an ELF file with programs and maps. Open it, set its constants and sizes, load it, take programs and
// maps out of it. What was taken out stays when the Object goes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ebpf/map.h"
#include "ebpf/program.h"
#include "ebpf/result.h"

struct bpf_object;
struct bpf_map;

namespace ebpf {

struct OpenOptions {
    std::string name;      // prefix of the kernel names of .rodata, .data and .bss; empty: from the file
    std::string btf_path;  // BTF of the running kernel; empty: /sys/kernel/btf/vmlinux
};

class Object {
public:
    static Result<Object> open(const std::string& path, const OpenOptions& options = {});
    // ELF bytes in memory, such as a skeleton's elf_bytes(); needed during the call only.
    static Result<Object> open(std::span<const std::byte> elf, const OpenOptions& options = {});

    // ---- before load(); afterwards these fail with Errc::invalid ----

    // The initial contents of a whole data section (".rodata", ".data.epochs", …). Errors: no such section; another
    // size than the section has.
    Result<void> set_constant(std::string_view section, std::span<const std::byte> bytes);
    // One global variable, found by name in the object's BTF. Errors: no such variable; another size.
    Result<void> set_variable(std::string_view variable, std::span<const std::byte> bytes);
    // The same, typed; the variable must stand in a .rodata section, so the verifier removes dead branches.
    template <class T>
    Result<void> set_rodata(const T& value, std::string_view variable) {
        static_assert(std::is_trivially_copyable_v<T>);
        return set_in(".rodata", variable, std::as_bytes(std::span<const T, 1>(&value, 1)));
    }
    Result<void> set_max_entries(std::string_view map, std::uint32_t entries);
    // Use an existing map instead of creating one; fd is duplicated. Kind, key size and value size must be those of
    // the object, max_entries is taken from the existing map. Data sections by section name: ".data.epochs".
    Result<void> reuse_map(std::string_view map, int fd);
    // Whether reuse_map() would take it; errors: invalid (what differs).
    Result<void> check_map(std::string_view map, const RawMap& existing) const;
    // A map as the object declares it: no id.
    Result<MapInfo> declared_map(std::string_view map) const;
    // Do not load this program.
    Result<void> skip_program(std::string_view program);
    // Do not create this map, which no program that is loaded may use: map_names() is without it from now on.
    Result<void> skip_map(std::string_view map);

    // Creates the maps, loads the programs. Once. Errc::verifier: what() has the program's name and the last lines
    // of the log before its statistics, log the whole log.
    Result<void> load();

    // ---- after load() ----

    // A handle of its own. Errors: unknown; skipped.
    Result<Program> program(std::string_view name) const;
    // Data sections by section name. The handle is independent of the Object.
    Result<RawMap> raw_map(std::string_view name) const;
    template <class K, class V>
    Result<Map<K, V>> map(std::string_view name) const {
        return Map<K, V>::from_raw(EBPF_TRY(raw_map(name)));
    }
    template <class K, class V>
    Result<PerCpuMap<K, V>> per_cpu_map(std::string_view name) const {
        return PerCpuMap<K, V>::from_raw(EBPF_TRY(raw_map(name)));
    }
    template <class V>
    Result<Queue<V>> queue(std::string_view name) const {
        return Queue<V>::from_raw(EBPF_TRY(raw_map(name)));
    }
    // Borrowed: valid as long as the Object.
    Result<int> map_fd(std::string_view name) const;

    // In the object's order, before and after load(). Data sections by section name.
    std::vector<std::string> program_names() const;
    std::vector<std::string> map_names() const;
    // What libbpf warned of in a load() that went well; normally empty. "BTF is optional, ignoring" stands here.
    const std::string& warnings() const { return warnings_; }

private:
    struct Close {
        void operator()(bpf_object* object) const;
    };
    explicit Object(bpf_object* object) : object_(object) {}
    Result<void> require_open(std::string_view what) const;
    Result<bpf_map*> find_map(std::string_view name) const;
    Result<void> set_in(std::string_view section_prefix, std::string_view variable, std::span<const std::byte> bytes);

    std::unique_ptr<bpf_object, Close> object_;
    bool loaded_ = false;
    std::string warnings_;
};

}  // namespace ebpf
