// Maps, devices and the epoch protocol without a kernel, for tests: each writes what was done into one journal, so
// that a test can assert the order.
#pragma once
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/types.h"
#include "kernel/applier.h"

namespace beeline::kernel::fake {

using Journal = std::vector<std::string>;

class FakeMap : public MapIo {
public:
    FakeMap(std::string name, std::uint32_t limit, Journal& journal)
        : name_(std::move(name)), limit_(limit), journal_(journal) {}
    const std::string& name() const override { return name_; }
    std::uint32_t max_entries() const override { return limit_; }
    Result<> update(Bytes key, Bytes value) override {
        writes++;
        return write(key, value);
    }
    Result<> update_many(const ManyRows& many, std::size_t& done) override {
        writes++;
        const std::size_t key = many.keys.size() / many.count, value = many.values.size() / many.count;
        for (done = 0; done < many.count; done++)
            CHECK(write(many.keys.subspan(done * key, key), many.values.subspan(done * value, value)));
        return {};
    }
    Result<> erase(Bytes key) override {
        journal_.push_back("erase " + name_);
        rows.erase(copy(key));
        return {};
    }
    Result<bool> lookup(Bytes key, MutableBytes value) override {
        if (unreadable) return fail(Errc::kernel, name_ + " cannot be read");
        auto it = rows.find(copy(key));
        if (it == rows.end()) return false;
        std::memcpy(value.data(), it->second.data(), value.size());
        return true;
    }
    Result<> each(const std::function<void(Bytes, Bytes)>& row) override {
        if (unreadable) return fail(Errc::kernel, name_ + " cannot be read");
        for (const auto& [key, value] : rows)
            row(key, value);
        return {};
    }
    template <class Row, class Key>
    const Row* find(const Key& key) const {
        auto it = rows.find(copy(bytes_of(key)));
        return it == rows.end() ? nullptr : reinterpret_cast<const Row*>(it->second.data());
    }
    void set_limit(std::uint32_t limit) { limit_ = limit; }

    std::map<std::vector<std::byte>, std::vector<std::byte>> rows{};
    bool array = false;  // rows exist from the start: never full
    bool unreadable = false;
    unsigned writes = 0;  // system calls that put rows

private:
    Result<> write(Bytes key, Bytes value) {
        auto k = copy(key);
        if (!array && !rows.contains(k) && rows.size() >= limit_) return fail(Errc::exhausted, name_ + " is full");
        journal_.push_back((rows.contains(k) && !array ? "switch " : "put ") + name_);
        rows[k] = copy(value);
        return {};
    }
    static std::vector<std::byte> copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }
    std::string name_;
    std::uint32_t limit_;
    Journal& journal_;
};

class FakeMaps {
public:
    explicit FakeMaps(Journal& journal) {
        for (const auto& [name, limit] : limits())
            maps_.emplace(name, std::make_unique<FakeMap>(name, limit, journal));
        for (const char* name :
             {"bl_backends4", "bl_backends6", "bl_loads4", "bl_loads6", "bl_hops", "bl_places", "bl_ports", "bl_vips"})
            maps_.at(name)->array = true;
    }
    FakeMap& operator[](std::string_view name) { return *maps_.at(std::string(name)); }

private:
    static std::map<std::string, std::uint32_t> limits() {
        using namespace abi;
        return {
#define X(name, kind, key, value, entries, writer) {#name, entries},
            BEELINE_MAPS(X)
#undef X
        };
    }
    std::map<std::string, std::unique_ptr<FakeMap>> maps_{};
};

class FakeDevices : public Devices {
public:
    explicit FakeDevices(Journal& journal) : journal_(journal) {}
    Result<std::map<std::string, Device>> list() override { return devices; }
    Result<std::optional<ContainerLink>> ensure(const plan::Endpoint& endpoint) override {
        if (gone.contains(endpoint.netns)) return std::nullopt;
        if (broken.contains(endpoint.netns)) return fail(Errc::kernel, endpoint.netns + " refuses");
        journal_.push_back("ensure " + endpoint.host_ifname);
        auto [it, fresh] = devices.try_emplace(endpoint.host_ifname, Device{Ifindex{next_index}, false});
        if (fresh) next_index++;
        const auto index = static_cast<std::uint8_t>(it->second.index.value);
        return ContainerLink{it->second.index, Mac{{2, 0, 0, 0, 0, index}}, Mac{{2, 0, 0, 0, 1, index}}, 1500,
                             it->second.up};
    }
    Result<> set_up(const std::string& host_ifname) override {
        journal_.push_back("up " + host_ifname);
        devices.at(host_ifname).up = true;
        return {};
    }
    Result<> keep_only(const std::set<std::string>& names) override {
        std::erase_if(devices, [&](const auto& device) {
            if (names.contains(device.first)) return false;
            journal_.push_back("remove " + device.first);
            return true;
        });
        return {};
    }

    std::map<std::string, Device> devices{};
    std::set<std::string> gone{}, broken{};  // namespaces
    std::uint32_t next_index = 10;

private:
    Journal& journal_;
};

class FakeProtocol : public Protocol {
public:
    explicit FakeProtocol(Journal& journal) : journal_(journal) {}
    void bump(const Slots& slots) override {
        for (const auto slot : slots)
            epochs[slot]++;
        journal_.push_back("bump");
        bumped = slots;
    }
    Result<> wait_grace() override {
        journal_.push_back("grace");
        if (fails) return fail(Errc::kernel, "no grace");
        return {};
    }

    std::map<std::uint16_t, unsigned> epochs{};
    Slots bumped{};  // by the last bump()
    bool fails = false;

private:
    Journal& journal_;
};

// What the socket hooks write: `cookie` named this frontend and got this backend.
template <class F>
Result<> put_origin(FakeMaps& maps, std::uint64_t cookie, const typename F::MemberKey& member,
                    abi::OriginRole role = abi::origin_of_backend) {
    typename F::OriginKey key{};
    key.cookie = cookie;
    key.addr = member.backend;
    key.port = member.backend_port;
    key.proto = member.proto;
    key.role = role;
    typename F::Origin row{};
    row.addr = member.frontend;
    row.port = member.frontend_port;
    row = abi::sealed(key, row);
    return maps[F::family == Family::v4 ? "bl_origins4" : "bl_origins6"].update(bytes_of(key), bytes_of(row));
}

// "10.96.0.1:53 10.0.0.1:8080" for each member, in the order of the requests.
class FakeSockets : public SocketEnder {
public:
    Result<> end(const Departed& gone, const plan::Endpoints& endpoints) override {
        requests++;
        for (const auto& member : gone.v4)
            note(member);
        for (const auto& member : gone.v6)
            note(member);
        namespaces.clear();
        for (const auto& [id, endpoint] : endpoints)
            namespaces.push_back(endpoint.netns);
        if (fails) return fail(Errc::kernel, "no sockets");
        return {};
    }

    unsigned requests = 0;
    std::vector<std::string> departed{}, namespaces{};
    bool fails = false;

private:
    template <class Member>
    void note(const Member& member) {
        const auto place = [](const auto& addr, abi::u16 port) {
            return to_string(value_addr(addr)) + ":" + std::to_string(value_port(port).value);
        };
        departed.push_back(place(member.frontend, member.frontend_port) + " " +
                           place(member.backend, member.backend_port));
    }
};

// A node without a kernel: restart() is a new agent that finds the maps and devices of the last one.
struct FakeNode {
    Journal journal{};
    FakeMaps maps{journal};
    FakeDevices devices{journal};
    FakeProtocol protocol{journal};
    FakeSockets sockets{};
    std::unique_ptr<Applier> applier = make();

    std::unique_ptr<Applier> make() {
        return std::make_unique<Applier>(
            Applier::Seams{[this](std::string_view name) -> MapIo& { return maps[name]; }, devices, protocol, sockets});
    }
    Result<> restart() {
        applier = make();
        forget();
        return applier->load();
    }
    void forget() {
        journal.clear();
        protocol.epochs.clear();
        protocol.bumped.clear();
    }
    // Applies with an empty journal.
    const plan::Status& apply(const plan::Plan& plan) {
        forget();
        return applier->apply(plan);
    }
    Slots slots() const {
        Slots all;
        for (const auto& [slot, times] : protocol.epochs)
            all.insert(slot);
        return all;
    }
};

}  // namespace beeline::kernel::fake
