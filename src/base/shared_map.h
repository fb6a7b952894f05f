// An ordered map whose copies share what they have in common. A copy costs a pointer for every few dozen entries, a
// change the copy of one of its chunks, and the differences of two maps are found without a look at what they share:
// so that a new generation of ten thousand things of which one is another costs as much as the one.
#pragma once
#include <algorithm>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace beeline {

// Like std::map, but for what follows from sharing: entries cannot be changed through iterators, and any change makes
// all iterators and references invalid. Entries are made once and shared by pointer: also beyond the map, by entry()
// and put(). Copies may be used by several threads, as with shared_ptr.
template <class K, class V>
class SharedMap {
public:
    using value_type = std::pair<const K, V>;
    using Entry = std::shared_ptr<const value_type>;

private:
    using Chunk = std::vector<std::shared_ptr<value_type>>;  // ordered, never empty
    using Chunks = std::vector<std::shared_ptr<const Chunk>>;
    struct Place {
        std::size_t chunk = 0, at = 0;
        bool found = false;
    };

public:
    class const_iterator {
    public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = SharedMap::value_type;
        using difference_type = std::ptrdiff_t;
        using pointer = const value_type*;
        using reference = const value_type&;

        const_iterator() = default;
        reference operator*() const { return *(*(*chunks_)[place_.chunk])[place_.at]; }
        pointer operator->() const { return &**this; }
        const_iterator& operator++() {
            if (++place_.at == (*chunks_)[place_.chunk]->size()) place_ = {place_.chunk + 1, 0};
            return *this;
        }
        const_iterator operator++(int) { return std::exchange(*this, std::next(*this)); }
        bool operator==(const const_iterator& other) const {
            return place_.chunk == other.place_.chunk && place_.at == other.place_.at;
        }

    private:
        friend class SharedMap;
        const_iterator(const Chunks& chunks, Place place) : chunks_(&chunks), place_(place) {}
        const Chunk* chunk_begun() const {
            return place_.at == 0 && place_.chunk < chunks_->size() ? (*chunks_)[place_.chunk].get() : nullptr;
        }
        void skip_chunk() { place_.chunk++; }

        const Chunks* chunks_ = nullptr;
        Place place_{};
    };
    using iterator = const_iterator;

    SharedMap() = default;
    SharedMap(std::initializer_list<value_type> entries) {
        for (const auto& [key, value] : entries)
            emplace(key, value);
    }
    SharedMap(const std::map<K, V>& other) { assign(other); }

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    const_iterator begin() const { return {chunks_, {}}; }
    const_iterator end() const { return {chunks_, {chunks_.size(), 0}}; }
    const_iterator find(const K& key) const {
        const Place place = place_of(key);
        return place.found ? const_iterator(chunks_, place) : end();
    }
    bool contains(const K& key) const { return place_of(key).found; }
    const V& at(const K& key) const {
        const Place place = place_of(key);
        return chunks_.at(place.chunk)->at(place.found ? place.at : chunks_[place.chunk]->size())->second;
    }
    // Null: there is none.
    Entry entry(const K& key) const {
        const Place place = place_of(key);
        return place.found ? (*chunks_[place.chunk])[place.at] : nullptr;
    }

    void put(const Entry& entry) { put_own(std::const_pointer_cast<value_type>(entry)); }
    void insert_or_assign(const K& key, V value) { put_own(std::make_shared<value_type>(key, std::move(value))); }
    // False: there is one already, which stays.
    bool emplace(const K& key, V value) {
        if (contains(key)) return false;
        insert_or_assign(key, std::move(value));
        return true;
    }
    // An entry of this map's own, to be changed before the map is copied.
    V& operator[](const K& key) {
        const Entry old = entry(key);
        auto own = old ? std::make_shared<value_type>(*old) : std::make_shared<value_type>(key, V{});
        put_own(own);
        return own->second;
    }
    std::size_t erase(const K& key) {
        const Place place = place_of(key);
        if (!place.found) return 0;
        Chunk rest = *chunks_[place.chunk];
        rest.erase(rest.begin() + offset(place.at));
        if (rest.empty())
            chunks_.erase(chunks_.begin() + offset(place.chunk));
        else
            chunks_[place.chunk] = std::make_shared<const Chunk>(std::move(rest));
        size_--;
        return 1;
    }
    void clear() { *this = {}; }
    // What is the same already stays shared.
    void assign(const std::map<K, V>& other) {
        std::vector<K> gone;
        for (const auto& [key, value] : *this)
            if (!other.contains(key)) gone.push_back(key);
        for (const K& key : gone)
            erase(key);
        for (const auto& [key, value] : other) {
            const auto old = find(key);
            if (old == end() || !(old->second == value)) insert_or_assign(key, value);
        }
    }

    // They share everything. False says nothing.
    bool same(const SharedMap& other) const { return chunks_ == other.chunks_; }
    bool operator==(const SharedMap& other) const {
        if (size_ != other.size_) return false;
        bool equal = true;
        each_difference(*this, other, [&](const value_type* mine, const value_type* theirs) {
            equal = equal && mine != nullptr && theirs != nullptr && mine->second == theirs->second;
        });
        return equal;
    }

    // Calls visit(before, now) with pointers to the entries of each key for which the two have not the same entry, in
    // the order of the keys; null: it has none. That two entries are not the same does not mean that they differ.
    template <class Visit>
    friend void each_difference(const SharedMap& before, const SharedMap& now, Visit&& visit) {
        auto a = before.begin(), b = now.begin();
        const auto a_end = before.end(), b_end = now.end();
        while (a != a_end || b != b_end) {
            if (a.chunk_begun() != nullptr && a.chunk_begun() == b.chunk_begun()) {
                a.skip_chunk();
                b.skip_chunk();
                continue;
            }
            const bool only_a = b == b_end || (a != a_end && a->first < b->first);
            const bool only_b = !only_a && (a == a_end || b->first < a->first);
            const value_type* old = only_b ? nullptr : &*a;
            const value_type* fresh = only_a ? nullptr : &*b;
            if (old != fresh) visit(old, fresh);
            if (old != nullptr) ++a;
            if (fresh != nullptr) ++b;
        }
    }

private:
    static constexpr std::size_t most = 64;  // entries of a chunk

    static std::ptrdiff_t offset(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }
    // Where it is, or is to be put.
    Place place_of(const K& key) const {
        const auto first = [](const auto& chunk) -> const K& { return chunk->front()->first; };
        const auto behind = std::ranges::upper_bound(chunks_, key, std::less<>{}, first);
        if (behind == chunks_.begin()) return {};
        const Chunk& chunk = **std::prev(behind);
        const auto it =
            std::ranges::lower_bound(chunk, key, std::less<>{}, [](const auto& e) -> const K& { return e->first; });
        return {static_cast<std::size_t>(behind - chunks_.begin() - 1), static_cast<std::size_t>(it - chunk.begin()),
                it != chunk.end() && !(key < (*it)->first)};
    }
    void put_own(std::shared_ptr<value_type> entry) {
        const Place place = place_of(entry->first);
        Chunk chunk;
        if (!chunks_.empty()) chunk = *chunks_[place.chunk];
        size_ += place.found ? 0 : 1;
        if (place.found)
            chunk[place.at] = std::move(entry);
        else
            chunk.insert(chunk.begin() + offset(place.at), std::move(entry));
        if (chunks_.empty()) chunks_.emplace_back();
        if (chunk.size() > most) {
            // What comes in order fills its chunks.
            const std::size_t cut = place.at + 1 == chunk.size() ? most : chunk.size() / 2;
            auto tail = std::make_shared<const Chunk>(chunk.begin() + offset(cut), chunk.end());
            chunks_.insert(chunks_.begin() + offset(place.chunk + 1), std::move(tail));
            chunk.resize(cut);
        }
        chunks_[place.chunk] = std::make_shared<const Chunk>(std::move(chunk));
    }

    Chunks chunks_{};
    std::size_t size_ = 0;
};

}  // namespace beeline
