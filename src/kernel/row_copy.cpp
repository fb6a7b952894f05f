#include "kernel/row_copy.h"

#include "ebpf/row_walk.h"
#include "kernel/ebpf_result.h"

namespace beeline::kernel {
namespace {

constexpr std::size_t batch_rows = 4096;

// Rows on their way.
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
        auto written = to_.update_rows(keys_, values_, batch);
        keys_.clear();
        values_.clear();
        rows_ = 0;
        return result_of(std::move(written));
    }

private:
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
