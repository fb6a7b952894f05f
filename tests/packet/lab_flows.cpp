// Lab: the flow tables.
#include <arpa/inet.h>

#include <algorithm>

#include "tests/packet/family.h"
#include "tests/packet/lab.h"

namespace beeline::packet {

namespace {
template <class F>
auto tables(const Datapath& datapath) {
    return datapath.flow_tables<typename F::Key, typename F::Flow>(is_v4<F> ? "4" : "6");
}

template <class F>
typename F::Key key_of(const Packet& p) {
    typename F::Key key{};
    key.saddr = addr_of<F>(p.from);
    key.daddr = addr_of<F>(p.to);
    key.sport = htons(p.sport);
    key.dport = htons(p.dport);
    const bool echo = p.kind == Kind::echo || p.kind == Kind::echo_reply;
    key.proto = p.kind == Kind::tcp ? abi::proto_tcp : p.kind == Kind::sctp ? abi::proto_sctp : abi::proto_udp;
    if (echo) key.proto = F::icmp;
    return key;
}
}  // namespace

Lab::Table Lab::table_of(const Packet& p) {
    return with_family(family(), [&]<class F>() {
        const auto key = key_of<F>(p);
        const auto all = tables<F>(datapath_);
        const bool young = must(all.back().lookup(key)).has_value();
        const bool flows = std::any_of(all.begin(), all.end() - 1,
                                       [&](const auto& table) { return must(table.lookup(key)).has_value(); });
        if (flows) return young ? Table::both : Table::flows;
        return young ? Table::young : Table::none;
    });
}
std::optional<Lab::Entry> Lab::entry_of(const Packet& p) {
    return with_family(family(), [&]<class F>() -> std::optional<Entry> {
        for (const auto& table : tables<F>(datapath_)) {
            const auto found = must(table.lookup(key_of<F>(p)));
            if (found)
                return Entry{found->packets, found->bytes,  found->flags, found->tcp,
                             found->deliver, found->reason, found->stamp};
        }
        return std::nullopt;
    });
}
void Lab::age(const Packet& p, std::uint32_t units) {
    with_family(family(), [&]<class F>() {
        for (const auto& map : tables<F>(datapath_)) {
            auto found = must(map.lookup(key_of<F>(p)));
            if (!found) continue;
            found->last -= units;
            must(map.update(key_of<F>(p), *found));
        }
    });
}
std::map<unsigned, std::uint32_t> Lab::places_of(const Packet& p) const {
    return with_family(family(), [&]<class F>() {
        std::map<unsigned, std::uint32_t> places;
        const auto all = tables<F>(datapath_);
        for (unsigned i = 0; i < all.size(); i++)
            if (const auto found = must(all[i].lookup(key_of<F>(p)))) places.emplace(i, found->stamp);
        return places;
    });
}
void Lab::write_late(const Packet& p, unsigned table, std::uint32_t stamp, std::uint8_t tcp) {
    with_family(family(), [&]<class F>() {
        const auto map = std::move(tables<F>(datapath_).at(table));
        auto entry = must(map.lookup(key_of<F>(p))).value();
        entry.stamp = stamp;
        entry.tcp |= tcp;
        entry.packets += 100;
        must(map.update(key_of<F>(p), entry));
    });
}
abi::Candidate Lab::candidate(const Packet& p) const {
    abi::Candidate row{};
    with_family(family(), [&]<class F>() {
        const auto key = key_of<F>(p);
        std::memcpy(&row.key, &key, sizeof key);
        row.family = is_v4<F> ? 4 : 6;
    });
    return row;
}
abi::Candidate Lab::collect(const Packet& p, abi::Collect what) {
    abi::Candidate row = candidate(p);
    row.what = static_cast<abi::u8>(what);
    return ask(row);
}
void Lab::move_some(abi::Collect what, std::uint32_t choice) {
    with_family(family(), [&]<class F>() {
        const auto former = std::move(tables<F>(datapath_).at(1));
        std::vector<typename F::Key> keys(former.info().max_entries);
        std::vector<typename F::Flow> flows(keys.size());
        ebpf::BatchCursor cursor;
        const auto found = must(former.lookup_batch(cursor, std::span(keys), std::span(flows)));
        for (std::size_t i = 0; i < found; i++) {
            if (choice >> i % 32 & 1) continue;
            abi::Candidate row{};
            std::memcpy(&row.key, &keys[i], sizeof keys[i]);
            row.family = is_v4<F> ? 4 : 6;
            row.what = static_cast<abi::u8>(what);
            ask(row);
        }
    });
}
abi::Candidate Lab::ask(abi::Candidate row) const {
    const auto rows = datapath_.map<std::uint32_t, abi::Candidate>("bl_candidates");
    must(rows.update(0, row));
    must(rows.update(1, {}));
    ebpf::TestRun once;
    once.repeat = 0;
    must(must(datapath_.object().program("bl_collect")).test_run(once));
    return must(rows.lookup(0)).value();
}
void Lab::stamp(const Packet& p, std::uint32_t stamp) {
    with_family(family(), [&]<class F>() {
        for (const auto& map : tables<F>(datapath_)) {
            auto found = must(map.lookup(key_of<F>(p)));
            if (!found) continue;
            found->stamp = stamp;
            must(map.update(key_of<F>(p), *found));
        }
    });
}
void Lab::crowd(const Node& n, bool crowded) {
    const std::uint32_t families = crowded ? abi::crowded4 | abi::crowded6 : 0;
    must(datapath_.map<std::uint32_t, std::uint32_t>("bl_crowded").update(n.hop, families));
}
void Lab::forget(const Packet& p) {
    with_family(family(), [&]<class F>() {
        for (const auto& table : tables<F>(datapath_))
            must(table.remove(key_of<F>(p)));
    });
}
namespace {
std::vector<abi::Closing> take_all(const ebpf::Queue<abi::Closing>& queue) {
    std::vector<abi::Closing> all;
    while (const auto one = must(queue.pop()))
        all.push_back(*one);
    return all;
}
}  // namespace

std::size_t Lab::closing() {
    const auto queue = must(datapath_.object().queue<abi::Closing>("bl_closing"));
    const auto all = take_all(queue);
    for (const auto& one : all)
        must(queue.push(one));
    return all.size();
}
void Lab::age_closing(std::uint32_t units) {
    const auto queue = must(datapath_.object().queue<abi::Closing>("bl_closing"));
    for (auto one : take_all(queue)) {
        one.when -= units;
        must(queue.push(one));
    }
}

void Lab::fill_flows(std::uint32_t left) {
    with_family(family(), [&]<class F>() {
        const auto map = datapath_.map<typename F::Key, typename F::Flow>(map_name<F>("bl_flows"));
        typename F::Key key{};
        std::vector<typename F::Key> filler;
        for (;; filler.push_back(key)) {
            key.saddr = addr_of<F>(ghost);
            key.sport = static_cast<std::uint16_t>(filler.size());
            if (!map.update(key, {})) break;
        }
        for (; left > 0; left--, filler.pop_back())
            must(map.remove(filler.back()));
    });
}

}  // namespace beeline::packet
