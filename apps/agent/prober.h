// Asks the backends whether they are ready, where no kubelet does (services.probes): the readinessProbes of Pods that
// run here or have an address, by the rules of Kubernetes. A pod with probes fails until all of them have succeeded.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apps/agent/passing.h"
#include "model/snapshot.h"

namespace beeline::agent {

class Prober {
public:
    struct Setup {
        boost::asio::io_context& io;
        std::function<void()> changed{};  // other pods fail than before; on the loop, not from within update()
        std::function<void(const std::string&)> warn{}, info{};
        // As an earlier agent found them: they stay ready until they are found failing, so that a new agent does not
        // take away backends that serve.
        Passing passed{};
        std::chrono::milliseconds second{1000};  // what a second of a manifest takes; tests have no time
        std::size_t at_once = 256;               // questions on their way
    };
    explicit Prober(Setup setup);
    ~Prober();

    // Begins to ask pods that are new or were changed, forgets those that are gone. Returns failing().
    std::set<model::Name> update(const model::Snapshot& snapshot);
    // Pods with probes of which some does not succeed, or has not yet.
    std::set<model::Name> failing() const;
    Passing passing() const;

private:
    // Where a pod is asked; `since` tells a container from its successor at the same address.
    struct Place {
        Addr addr{};
        std::int64_t since = 0;
        bool operator==(const Place&) const = default;
    };
    using Local = std::map<model::Name, std::optional<Place>>;
    struct Run;
    struct Watched {
        std::optional<Place> place{};  // none: it has no address yet, or no datapath
        std::vector<model::Probe> probes{};
        std::vector<std::shared_ptr<Run>> runs{};
        bool passing() const;
    };

    static Local local_places(const model::Snapshot& snapshot);
    Watched watch(const model::Pod& pod, const std::optional<Place>& place, const Watched* before);
    void tell_not_asked(const model::Pod& pod) const;
    bool take_passed(const model::Name& name, const std::optional<Place>& place);
    std::chrono::milliseconds spread();
    void wait(const std::shared_ptr<Run>& run, std::chrono::steady_clock::time_point when);
    void ask_next();
    void begin(const std::shared_ptr<Run>& run);
    void take(Run& run, const std::string& wrong);
    void tell(const Run& run, const std::string& wrong) const;
    void changed_soon();

    Setup setup_;
    model::Snapshot seen_{};  // by the last update()
    std::map<model::Name, Watched> watched_;
    std::deque<std::weak_ptr<Run>> due_;
    std::size_t asking_ = 0;
    unsigned begun_ = 0;  // runs so far
    boost::asio::steady_timer changed_{setup_.io};
    bool changing_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace beeline::agent
