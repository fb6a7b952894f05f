#include "kernel/socket_origins.h"

#include "kernel/family.h"

namespace beeline::kernel {
namespace {

abi::Addr6 as_v6(const abi::Addr4& addr) {
    return abi::mapped(addr);
}
abi::Addr6 as_v6(const abi::Addr6& addr) {
    return addr;
}

template <class F>
abi::DoomedSocket doomed_socket(const typename F::OriginKey& key) {
    return {key.cookie, as_v6(key.addr), key.port, {}};
}

// The backend with the address the socket named: a frontend's, or one of the node at which a node port answers.
template <class F>
typename F::MemberKey named_member(const typename F::OriginKey& key, const typename F::Origin& row) {
    typename F::MemberKey member{};
    member.frontend = row.addr;
    member.backend = key.addr;
    member.frontend_port = row.port;
    member.backend_port = key.port;
    member.proto = key.proto;
    return member;
}

template <class F>
class Search {
public:
    using Key = typename F::OriginKey;
    using Row = typename F::Origin;
    using Member = typename F::MemberKey;
    Search(const std::vector<Member>& departed, Doomed& doomed)
        : departed_(departed.begin(), departed.end()), doomed_(doomed) {}

    Result<> run(MapIo& origins, MapIo& members) {
        if (departed_.empty()) return {};
        CHECK(origins.each([this](Bytes key_bytes, Bytes row_bytes) {
            Key key;
            Row row;
            std::memcpy(&key, key_bytes.data(), sizeof key);
            std::memcpy(&row, row_bytes.data(), sizeof row);
            look_at(key, row);
        }));
        return judge_node_ports(members);
    }

private:
    // Rows may be rewritten while they are read: only one that has its seal is believed.
    void look_at(const Key& key, const Row& row) {
        if (key.role != abi::origin_of_backend || key.proto != abi::proto_udp) return;
        const Member member = named_member<F>(key, row);
        Member node_port = member;
        node_port.frontend = {};
        const bool gone = departed_.contains(member);
        if (!gone && !departed_.contains(node_port)) return;
        if (row.check != abi::row_check(key, row)) return;
        if (gone)
            doomed_.insert(doomed_socket<F>(key));
        else
            by_node_port_.emplace_back(key, member);
    }
    // A frontend with that very address goes before the node port.
    Result<> judge_node_ports(MapIo& members) {
        for (const auto& [key, member] : by_node_port_) {
            abi::Member row{};
            if (!TRY(members.lookup(bytes_of(member), writable_bytes_of(row)))) doomed_.insert(doomed_socket<F>(key));
        }
        return {};
    }

    std::set<Member, ByteLess> departed_;
    Doomed& doomed_;
    std::vector<std::pair<Key, Member>> by_node_port_{};
};

}  // namespace

Result<Doomed> find_doomed(const OriginMaps& maps, const Departed& departed) {
    Doomed doomed;
    CHECK(Search<V4>(departed.v4, doomed).run(maps.origins4, maps.members4));
    CHECK(Search<V6>(departed.v6, doomed).run(maps.origins6, maps.members6));
    return doomed;
}

}  // namespace beeline::kernel
