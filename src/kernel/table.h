// The desired/actual tracker of one hash map: a mirror of what is in the kernel. put() and erase() make a system call
// only where the kernel's row differs, and seal guarded rows (abi/row.h).
#pragma once
#include <cstring>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "abi/row.h"
#include "kernel/map_io.h"

namespace beeline::kernel {

struct ByteLess {
    template <class T>
    bool operator()(const T& a, const T& b) const {
        return std::memcmp(&a, &b, sizeof(T)) < 0;
    }
};
template <class T>
bool same_bytes(const T& a, const T& b) {
    static_assert(abi::is_wire<T>);
    return std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <class Key, class Row, class Less = ByteLess>
class Table {
public:
    using Rows = std::map<Key, Row, Less>;

    explicit Table(MapIo& io) : io_(io) {}
    MapIo& io() const { return io_; }
    const Rows& rows() const { return rows_; }

    // Read what is in the kernel; on error the mirror is unchanged.
    Result<> load() {
        Rows rows;
        CHECK(io_.each([&rows](Bytes key_bytes, Bytes row_bytes) {
            Key key;
            Row row;
            std::memcpy(&key, key_bytes.data(), sizeof key);
            std::memcpy(&row, row_bytes.data(), sizeof row);
            rows.emplace(key, row);
        }));
        rows_ = std::move(rows);
        return {};
    }
    const Row* find(const Key& key) const {
        auto it = rows_.find(key);
        return it == rows_.end() ? nullptr : &it->second;
    }
    // The kernel's row is the one that is known.
    Result<bool> is_as_known(const Key& key) const {
        const Row* known = find(key);
        Row row{};
        const bool there = TRY(io_.lookup(bytes_of(key), writable_bytes_of(row)));
        return known == nullptr ? !there : there && same_bytes(*known, row);
    }
    // The kernel has no row that is not known.
    Result<bool> knows_all() const {
        bool all = true;
        CHECK(io_.each([&](Bytes key_bytes, Bytes) {
            Key key;
            std::memcpy(&key, key_bytes.data(), sizeof key);
            all = all && rows_.contains(key);
        }));
        return all;
    }
    // True if put() would write.
    bool differs(const Key& key, const Row& row) const {
        const Row* actual = find(key);
        return actual == nullptr || !same_bytes(*actual, guarded(key, row));
    }
    Result<> put(const Key& key, const Row& row) {
        if (!differs(key, row)) return {};
        const Row sealed_row = guarded(key, row);
        CHECK(io_.update(bytes_of(key), bytes_of(sealed_row)));
        rows_.insert_or_assign(key, sealed_row);
        return {};
    }
    // put() of all of them, by one system call; their keys differ. On error those before the one that failed are put.
    Result<> put_many(const std::vector<std::pair<Key, Row>>& wanted) {
        std::vector<Key> keys;
        std::vector<Row> rows;
        for (const auto& [key, row] : wanted) {
            if (!differs(key, row)) continue;
            keys.push_back(key);
            rows.push_back(guarded(key, row));
        }
        std::size_t done = 0;
        auto written = update_many(io_, keys, rows, done);
        auto after = rows_.end();  // in order they need no search
        for (std::size_t i = 0; i < done; i++)
            after = std::next(rows_.insert_or_assign(after, keys[i], rows[i]));
        return written;
    }
    Result<> erase(const Key& key) {
        if (!rows_.contains(key)) return {};
        CHECK(io_.erase(bytes_of(key)));
        rows_.erase(key);
        return {};
    }

private:
    static Row guarded(const Key& key, const Row& row) {
        if constexpr (abi::Guarded<Row>) return abi::sealed(key, row);
        return row;
    }

    MapIo& io_;
    Rows rows_;
};

}  // namespace beeline::kernel
