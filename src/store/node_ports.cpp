#include "store/node_ports.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/hash.h"

namespace beeline::store {
namespace {

using model::Service;

// Where the health check's port is kept: a name that no port of a Service can have.
constexpr const char* health_check_name = "/healthz";

Port held_port(const std::vector<HeldPort>& held, const std::string& name, Proto proto) {
    for (const HeldPort& port : held)
        if (port.name == name && port.proto == proto) return port.port;
    return {};
}

bool checks_health(const Service& service) {
    return service.type == Service::Type::load_balancer && service.external_policy == model::TrafficPolicy::local;
}

// Kubernetes' static band: min(max(16, size / 32), 128) ports at the lower end, none in tiny ranges.
std::uint32_t static_band(std::uint32_t size) {
    return size < 16 ? 0 : std::min(std::max(16U, size / 32), 128U);
}

}  // namespace

// A place for a node port: at one of the Service's ports, or for its health check.
struct NodePorts::Slot {
    std::optional<std::size_t> index;  // of the port; absent: health check
    std::string name;
    Proto proto = Proto::tcp;
    Port inner{};               // the Service's port, 0 for the health check
    Port named{};               // by the manifest
    Port held{}, remembered{};  // 0, all of them: none
    Port got{};
};

struct NodePorts::Work {
    Request* request;
    std::vector<Slot> slots{};
    Held held{};
    bool refused = false;
    const model::Name& name() const { return request->name; }
    // Somebody else serves it: its ports are kept from others where they are free, but it is not refused.
    bool foreign() const { return request->wanted->foreign_proxy; }
    void refuse(const Slot& slot, std::string reason);
};

void NodePorts::Work::refuse(const Slot& slot, std::string reason) {
    model::Problem problem;
    problem.field = slot.index ? fmt::format("spec.ports[{}].nodePort", *slot.index) : "spec.healthCheckNodePort";
    if (slot.named.value != 0) problem.value = std::to_string(slot.named.value);
    problem.reason = std::move(reason);
    request->given = std::unexpected(std::move(problem));
    refused = true;
}

// One try to give all of them what they want. What those that are not refused hold is free while it lasts.
class NodePorts::Round {
public:
    Round(const NodePorts& all, std::vector<Work>& works) : all_(all), works_(works) {}
    // False: a refusal took back a port that somebody was just promised; begin again without the refused one.
    bool run();

private:
    void keep(Work& work, Port Slot::* old);
    bool take_named(Work& work);
    bool take_any(Work& work);
    bool take(const Work& work, Slot& slot, Port port);
    bool refuse(Work& work, const Slot& slot, std::string reason);
    const model::Name* owner(const Number& number) const;
    std::optional<Port> pick(const Work& work, const Slot& slot);
    std::optional<Port> first_free(Proto proto, std::uint32_t hash, bool also_reserved) const;

    const NodePorts& all_;
    std::vector<Work>& works_;
    std::map<Number, model::Name> promised_;
    std::set<model::Name> moving_;  // not refused so far
    std::set<Proto> full_;
};

const model::Name* NodePorts::Round::owner(const Number& number) const {
    if (const auto it = promised_.find(number); it != promised_.end()) return &it->second;
    const auto it = all_.owners_.find(number);
    return it == all_.owners_.end() || moving_.contains(it->second) ? nullptr : &it->second;
}

bool NodePorts::Round::take(const Work& work, Slot& slot, Port port) {
    const Number number{slot.proto, port};
    if (owner(number) != nullptr) return false;
    promised_.emplace(number, work.name());
    slot.got = port;
    return true;
}

bool NodePorts::Round::refuse(Work& work, const Slot& slot, std::string reason) {
    work.refuse(slot, std::move(reason));
    moving_.erase(work.name());
    for (const Slot& s : work.slots)
        if (s.got.value != 0) promised_.erase({s.proto, s.got});
    return std::ranges::none_of(work.held, [&](const HeldPort& h) { return promised_.contains({h.proto, h.port}); });
}

// A port that the manifest gives to another slot of the Service is not kept.
void NodePorts::Round::keep(Work& work, Port Slot::* old) {
    for (Slot& slot : work.slots) {
        const Port port = slot.*old;
        const auto gives_away = [&](const Slot& s) { return &s != &slot && s.proto == slot.proto && s.named == port; };
        const bool wanted = slot.got.value == 0 && (slot.named.value == 0 || slot.named == port);
        if (port.value == 0 || !wanted || !all_.in_range(port)) continue;
        if (std::ranges::none_of(work.slots, gives_away)) take(work, slot, port);
    }
}

bool NodePorts::Round::take_named(Work& work) {
    for (Slot& slot : work.slots) {
        if (slot.named.value == 0 || slot.got.value != 0 || take(work, slot, slot.named) || work.foreign()) continue;
        const model::Name holder = *owner({slot.proto, slot.named});
        return refuse(work, slot, "port is already allocated to Service " + to_string(holder));
    }
    return true;
}

bool NodePorts::Round::take_any(Work& work) {
    for (Slot& slot : work.slots) {
        if (slot.got.value != 0 || work.foreign()) continue;
        const auto port = pick(work, slot);
        if (port)
            take(work, slot, *port);
        else
            return refuse(work, slot,
                          fmt::format("cannot be allocated: all {} {} ports of {}-{} are in use",
                                      all_.last_ - all_.first_ + 1, to_string(slot.proto), all_.first_, all_.last_));
    }
    return true;
}

std::optional<Port> NodePorts::Round::pick(const Work& work, const Slot& slot) {
    for (const Slot& s : work.slots) {
        const bool twin = slot.index && s.index && s.inner == slot.inner && s.got.value != 0;
        if (twin && owner({slot.proto, s.got}) == nullptr) return s.got;
    }
    if (full_.contains(slot.proto)) return std::nullopt;
    const std::uint32_t hash = fnv1a(fmt::format("{}:{}", to_string(work.name()), slot.inner.value));
    auto port = first_free(slot.proto, hash, false);
    if (!port) port = first_free(slot.proto, hash, true);
    if (!port) full_.insert(slot.proto);
    return port;
}

// Above the static band first, then in it.
std::optional<Port> NodePorts::Round::first_free(Proto proto, std::uint32_t hash, bool also_reserved) const {
    const std::uint32_t first = all_.first_, end = all_.last_ + 1U, band = first + static_band(end - first);
    for (const auto& [low, high] : {std::pair(band, end), std::pair(first, band)}) {
        for (std::uint32_t i = 0; i < high - low; ++i) {
            const std::uint32_t port = low + (hash + std::uint64_t{i}) % (high - low);
            const Number number{proto, Port{static_cast<std::uint16_t>(port)}};
            if (owner(number) == nullptr && (also_reserved || !all_.reserved_.contains(number))) return number.port;
        }
    }
    return std::nullopt;
}

// Who has a port keeps it, then who had it in an earlier run; then those that name one, then the rest.
bool NodePorts::Round::run() {
    std::vector<Work*> open;
    for (Work& work : works_) {
        if (work.refused) continue;
        open.push_back(&work);
        moving_.insert(work.name());
        for (Slot& slot : work.slots)
            slot.got = {};
    }
    for (Work* work : open)
        keep(*work, &Slot::held);
    for (Work* work : open)
        keep(*work, &Slot::remembered);
    for (Work* work : open)
        if (!take_named(*work)) return false;
    for (Work* work : open)
        if (!work->refused && !take_any(*work)) return false;
    return true;
}

NodePorts::Work NodePorts::draft(Request& request) const {
    const Service& service = *request.wanted;
    Work work{.request = &request};
    const bool outside = service.type == Service::Type::node_port || service.type == Service::Type::load_balancer;
    const bool open = model::has_node_ports(service) && !service.foreign_proxy;
    for (std::size_t i = 0; i < service.ports.size() && outside && !service.headless; ++i) {
        const model::ServicePort& port = service.ports[i];
        if (port.node_port.value == 0 && !open) continue;
        work.slots.push_back(
            {.index = i, .name = port.name, .proto = port.proto, .inner = port.port, .named = port.node_port});
    }
    const Port health = service.health_check_node_port;
    if (checks_health(service) && (!service.foreign_proxy || health.value != 0))
        work.slots.push_back({.index = {}, .name = health_check_name, .named = health});
    if (const auto it = held_.find(request.name); it != held_.end()) work.held = it->second;
    const auto memory = remembered_.find(request.name);
    for (Slot& slot : work.slots) {
        slot.held = held_port(work.held, slot.name, slot.proto);
        if (memory != remembered_.end()) slot.remembered = held_port(memory->second, slot.name, slot.proto);
        if (slot.named.value != 0 && !in_range(slot.named) && !service.foreign_proxy && !work.refused)
            work.refuse(slot, fmt::format("is not in the range {}-{}", first_, last_));
    }
    return work;
}

void NodePorts::settle(std::vector<Request>& requests) {
    std::vector<Work> works;
    works.reserve(requests.size());
    for (Request& request : requests)
        works.push_back(draft(request));
    std::ranges::sort(works, {}, [](const Work& work) { return work.request->order; });
    while (!Round(*this, works).run()) {
    }
    std::erase_if(works, [](const Work& work) { return work.refused; });
    for (const Work& work : works)
        release(work.name());
    for (const Work& work : works)
        commit(work);
}

void NodePorts::commit(const Work& work) {
    const Service& service = *work.request->wanted;
    Given given{.ports = {}, .health_check = service.health_check_node_port};
    for (const model::ServicePort& port : service.ports)
        given.ports.push_back(port.node_port);
    Held held;
    for (const Slot& slot : work.slots) {
        if (slot.got.value == 0) continue;
        (slot.index ? given.ports[*slot.index] : given.health_check) = slot.got;
        owners_[{slot.proto, slot.got}] = work.name();
        held.push_back({slot.name, slot.proto, slot.got});
    }
    if (!held.empty()) ++version_;
    if (!held.empty()) held_[work.name()] = std::move(held);
    work.request->given = std::move(given);
}

void NodePorts::release(const model::Name& name) {
    if (const auto it = held_.find(name); it != held_.end()) {
        for (const HeldPort& held : it->second)
            owners_.erase({held.proto, held.port});
        held_.erase(it);
        ++version_;
    }
    if (const auto it = remembered_.find(name); it != remembered_.end()) {
        for (const HeldPort& held : it->second)
            reserved_.erase({held.proto, held.port});
        remembered_.erase(it);
    }
}

void NodePorts::remember(const model::Name& name, const std::vector<HeldPort>& ports) {
    remembered_[name] = ports;
    for (const HeldPort& held : ports)
        reserved_.emplace(Number{held.proto, held.port}, name);
}

NodePortTable NodePorts::table() const {
    return {held_.begin(), held_.end()};
}

}  // namespace beeline::store
