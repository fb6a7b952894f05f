#include "kernel/row_copy.h"

#include "ebpf/row_walk.h"
#include "kernel/ebpf_result.h"

namespace beeline::kernel {
namespace {

constexpr std::size_t batch_rows = 4096;

// Rows on their way; batches where the kernel has them for this kind of map.
class Batches {
public:
    explicit Batches(const ebpf::RawMap& to) : to_(to) {}
    Result<> add(std::span<const std::byte> key, std::span<const std::byte> value) {
        keys_.insert(keys_.end(), key.begin(), key.end());
        values_.insert(values_.end(), value.begin(), value.end());
        return ++rows_ < batch_rows ? Result<>{} : write();
    }
    Result<> write() {
        ebpf::Batch batch;
        auto written = to_.update_batch(keys_, values_, batch);
        if (!written && written.error().code == ebpf::Errc::unsupported) written = one_by_one();
        keys_.clear();
        values_.clear();
        rows_ = 0;
        return result_of(std::move(written));
    }

private:
    ebpf::Result<void> one_by_one() {
        const std::size_t key = to_.info().key_size, value = to_.info().row_size();
        for (std::size_t row = 0; row < rows_; row++) {
            auto written =
                to_.update(std::span(keys_).subspan(row * key, key), std::span(values_).subspan(row * value, value));
            if (!written) return written;
        }
        return {};
    }

    const ebpf::RawMap& to_;
    std::vector<std::byte> keys_{}, values_{};
    std::size_t rows_ = 0;
};

}  // namespace

Result<> copy_rows(const ebpf::RawMap& from, const ebpf::RawMap& to) {
    if (from.info().key_size != to.info().key_size || from.info().row_size() != to.info().row_size())
        return fail(Errc::conflict, "map " + from.info().name + ": its rows have another layout");
    Batches batches(to);
    ebpf::RowWalk walk(from);
    while (TRY(result_of(walk.next())))
        for (std::size_t row = 0; row < walk.size(); row++)
            CHECK(batches.add(walk.key(row), walk.value(row)));
    return batches.write();
}

}  // namespace beeline::kernel
