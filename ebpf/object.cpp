#include "ebpf/object.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "ebpf/capture.h"
#include "ebpf/verifier_log.h"

namespace ebpf {

namespace {
constexpr std::size_t refusal_lines = 8;

// What libbpf said first, else the errno in words.
std::unexpected<Error> fail_printed(const std::string& what, int err, const Capture& capture) {
    auto error = fail_sys(what, err);
    const std::string complaint = first_complaint(capture.text());
    if (!complaint.empty()) error.error().what = what + ": " + complaint;
    error.error().log = capture.text();
    return error;
}

std::unexpected<Error> fail_load(const std::string& object, int err, const Capture& capture) {
    const auto refusal = find_refusal(capture.text());
    if (!refusal || refusal->log.empty()) return fail_printed("load object '" + object + "'", err, capture);
    auto error = fail_sys("program '" + refusal->program + "' refused by the verifier", err);
    error.error().code = Errc::verifier;
    error.error().what += "\n" + failing_lines(refusal->log, refusal_lines);
    error.error().log = refusal->log;
    return error;
}

Result<bpf_object*> opened(bpf_object* object, const std::string& what, const Capture& capture) {
    if (!object) return fail_printed(what, errno, capture);
    return object;
}

bpf_object_open_opts open_opts(const OpenOptions& options) {
    bpf_object_open_opts opts{};
    opts.sz = sizeof(opts);
    opts.object_name = options.name.empty() ? nullptr : options.name.c_str();
    opts.btf_custom_path = options.btf_path.empty() ? nullptr : options.btf_path.c_str();
    return opts;
}

struct Variable {
    std::string section;
    std::size_t offset = 0, size = 0;
};

// Globals of this name in sections that begin with `prefix`. Static ones of several source files may share a name.
std::vector<Variable> find_variables(const btf* types, std::string_view prefix, std::string_view name) {
    std::vector<Variable> found;
    for (std::uint32_t id = 1; types && id < btf__type_cnt(types); id++) {
        const btf_type* section = btf__type_by_id(types, id);
        if (!btf_is_datasec(section)) continue;
        const std::string_view section_name = btf__name_by_offset(types, section->name_off);
        if (!section_name.starts_with(prefix)) continue;
        const btf_var_secinfo* place = btf_var_secinfos(section);
        for (std::uint32_t i = 0; i < btf_vlen(section); i++, place++) {
            const btf_type* variable = btf__type_by_id(types, place->type);
            if (name == btf__name_by_offset(types, variable->name_off))
                found.push_back({std::string(section_name), place->offset, place->size});
        }
    }
    return found;
}

// .kconfig and the like are no sections of globals, but maps with a leading dot are all data sections.
std::string name_of(const bpf_map* map) {
    std::string name = bpf_map__name(map);
    if (!bpf_map__is_internal(map)) return name;
    const std::size_t dot = name.find('.');  // "object.rodata", or ".data.epochs" as it stands
    return dot == std::string::npos ? name : name.substr(dot);
}

// An array that grew since it was pinned is the caller's business; what makes rows unreadable is not.
Result<void> check_reusable(const bpf_map* map, const MapInfo& existing) {
    const std::string what = "map '" + name_of(map) + "' cannot be reused: it ";
    auto differs = [&](const char* field, std::uint32_t has, std::uint32_t wants) {
        return fail(Errc::invalid,
                    what + "has " + field + " " + std::to_string(has) + ", the object wants " + std::to_string(wants));
    };
    const std::uint32_t type = bpf_map__type(map);
    if (existing.type != type)
        return fail(Errc::invalid,
                    what + "is of kind " + map_type_name(existing.type) + ", the object wants " + map_type_name(type));
    if (existing.key_size != bpf_map__key_size(map))
        return differs("key size", existing.key_size, bpf_map__key_size(map));
    if (existing.value_size != bpf_map__value_size(map))
        return differs("value size", existing.value_size, bpf_map__value_size(map));
    if (existing.flags != bpf_map__map_flags(map)) return differs("flags", existing.flags, bpf_map__map_flags(map));
    return {};
}
}  // namespace

void Object::Close::operator()(bpf_object* object) const {
    bpf_object__close(object);
}

Result<Object> Object::open(const std::string& path, const OpenOptions& options) {
    Capture capture;
    const bpf_object_open_opts opts = open_opts(options);
    return Object(EBPF_TRY(opened(bpf_object__open_file(path.c_str(), &opts), "open object " + path, capture)));
}

Result<Object> Object::open(std::span<const std::byte> elf, const OpenOptions& options) {
    Capture capture;
    const bpf_object_open_opts opts = open_opts(options);
    return Object(EBPF_TRY(
        opened(bpf_object__open_mem(elf.data(), elf.size(), &opts), "open object '" + options.name + "'", capture)));
}

Result<void> Object::require_open(std::string_view what) const {
    if (!loaded_) return {};
    return fail(Errc::invalid, std::string(what) + ": the object is loaded already");
}

Result<bpf_map*> Object::find_map(std::string_view name) const {
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object_.get()) {
        if (name_of(map) == name || bpf_map__name(map) == name) return map;
    }
    return fail(Errc::not_found, "the object has no map '" + std::string(name) + "'");
}

Result<void> Object::set_constant(std::string_view section, std::span<const std::byte> bytes) {
    EBPF_CHECK(require_open(section));
    bpf_map* map = EBPF_TRY(find_map(section));
    const std::string what = "section '" + std::string(section) + "'";
    std::size_t size = 0;
    if (!bpf_map__initial_value(map, &size)) return fail(Errc::invalid, what + " is no data section");
    if (size != bytes.size())
        return fail(Errc::invalid,
                    what + " has " + std::to_string(size) + " bytes, not " + std::to_string(bytes.size()));
    if (const int err = bpf_map__set_initial_value(map, bytes.data(), bytes.size())) return fail_sys(what, err);
    return {};
}

Result<void> Object::set_variable(std::string_view variable, std::span<const std::byte> bytes) {
    return set_in(".", variable, bytes);
}

Result<void> Object::set_in(std::string_view section_prefix, std::string_view variable,
                            std::span<const std::byte> bytes) {
    const std::string what = "variable '" + std::string(variable) + "'";
    EBPF_CHECK(require_open(what));
    const auto found = find_variables(bpf_object__btf(object_.get()), section_prefix, variable);
    if (found.empty())
        return fail(Errc::not_found, what + " is in no " + std::string(section_prefix) + "* section of the object");
    if (found.size() > 1) return fail(Errc::invalid, what + " is there " + std::to_string(found.size()) + " times");
    const Variable& place = found.front();
    if (place.size != bytes.size())
        return fail(Errc::invalid, what + " in " + place.section + " has " + std::to_string(place.size) +
                                       " bytes, not " + std::to_string(bytes.size()));
    bpf_map* map = EBPF_TRY(find_map(place.section));
    std::size_t size = 0;
    const void* before = bpf_map__initial_value(map, &size);
    if (!before || place.offset + place.size > size)
        return fail(Errc::invalid, what + " lies outside of section " + place.section);
    std::vector<std::byte> contents(size);
    std::memcpy(contents.data(), before, size);
    std::memcpy(contents.data() + place.offset, bytes.data(), bytes.size());
    return set_constant(place.section, contents);
}

Result<void> Object::set_max_entries(std::string_view map, std::uint32_t entries) {
    EBPF_CHECK(require_open(map));
    const int err = bpf_map__set_max_entries(EBPF_TRY(find_map(map)), entries);
    if (err) return fail_sys("map '" + std::string(map) + "': " + std::to_string(entries) + " entries", err);
    return {};
}

Result<void> Object::reuse_map(std::string_view map, int fd) {
    EBPF_CHECK(require_open(map));
    bpf_map* own = EBPF_TRY(find_map(map));
    EBPF_CHECK(check_map(map, EBPF_TRY(RawMap::from_fd(EBPF_TRY(Fd::duplicate(fd))))));
    if (const int err = bpf_map__reuse_fd(own, fd)) return fail_sys("reuse map '" + std::string(map) + "'", err);
    return {};
}

Result<void> Object::check_map(std::string_view map, const RawMap& existing) const {
    return check_reusable(EBPF_TRY(find_map(map)), existing.info());
}

Result<MapInfo> Object::declared_map(std::string_view map) const {
    const bpf_map* own = EBPF_TRY(find_map(map));
    MapInfo info;
    info.name = name_of(own);
    info.type = bpf_map__type(own);
    info.key_size = bpf_map__key_size(own);
    info.value_size = bpf_map__value_size(own);
    info.max_entries = bpf_map__max_entries(own);
    info.flags = bpf_map__map_flags(own);
    return info;
}

Result<void> Object::skip_program(std::string_view program) {
    EBPF_CHECK(require_open(program));
    const std::string name(program);
    bpf_program* found = bpf_object__find_program_by_name(object_.get(), name.c_str());
    if (!found) return fail(Errc::not_found, "the object has no program '" + name + "'");
    if (const int err = bpf_program__set_autoload(found, false)) return fail_sys("skip program '" + name + "'", err);
    return {};
}

Result<void> Object::skip_map(std::string_view map) {
    EBPF_CHECK(require_open(map));
    if (const int err = bpf_map__set_autocreate(EBPF_TRY(find_map(map)), false))
        return fail_sys("skip map '" + std::string(map) + "'", err);
    return {};
}

Result<void> Object::load() {
    const std::string name = bpf_object__name(object_.get());
    EBPF_CHECK(require_open("load '" + name + "'"));
    Capture capture;
    loaded_ = true;  // libbpf takes one attempt, whatever comes of it
    if (const int err = bpf_object__load(object_.get())) return fail_load(name, err, capture);
    warnings_ = capture.text();
    return {};
}

Result<Program> Object::program(std::string_view name) const {
    const std::string text(name);
    bpf_program* found = bpf_object__find_program_by_name(object_.get(), text.c_str());
    if (!found) return fail(Errc::not_found, "the object has no program '" + text + "'");
    const int fd = bpf_program__fd(found);
    if (fd < 0) return fail(Errc::not_found, "program '" + text + "' is not loaded");
    return Program::from_fd(EBPF_TRY(Fd::duplicate(fd)));
}

Result<int> Object::map_fd(std::string_view name) const {
    const int fd = bpf_map__fd(EBPF_TRY(find_map(name)));
    if (fd < 0) return fail(Errc::not_found, "map '" + std::string(name) + "' is not created");
    return fd;
}

Result<RawMap> Object::raw_map(std::string_view name) const {
    return RawMap::from_fd(EBPF_TRY(Fd::duplicate(EBPF_TRY(map_fd(name)))));
}

std::vector<std::string> Object::program_names() const {
    std::vector<std::string> names;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object_.get()) names.emplace_back(bpf_program__name(program));
    return names;
}

std::vector<std::string> Object::map_names() const {
    std::vector<std::string> names;
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object_.get()) if (bpf_map__autocreate(map)) names.push_back(name_of(map));
    return names;
}

}  // namespace ebpf
