#include "apps/agent/prober.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "apps/agent/probe.h"

namespace beeline::agent {
namespace {

using Clock = std::chrono::steady_clock;
using boost::system::error_code;
using std::chrono::milliseconds;

// Pods that change together are told together: each time is a new plan.
constexpr milliseconds changed_pause{50};

}  // namespace

// One probe of one pod, asked again and again. Ends with its last owner.
struct Prober::Run {
    Run(boost::asio::io_context& io, model::Name name, Question q)
        : timer(io), pod(std::move(name)), question(std::move(q)) {}
    ~Run() {
        if (stop_asking) stop_asking();
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    boost::asio::steady_timer timer;
    model::Name pod;
    Question question;
    std::function<void()> stop_asking{};
    bool passing = false;  // what the thresholds say
    bool told = false;     // that it fails
    bool last = false;     // the last answer, and how many like it came in a row
    unsigned in_a_row = 0;
};

bool Prober::Watched::passing() const {
    const bool askable = place || runs.empty();
    return askable && std::ranges::all_of(runs, [](const auto& run) { return run->passing; });
}

Prober::Prober(Setup setup) : setup_(std::move(setup)) {}
Prober::~Prober() = default;

// Local containers, as members.cpp counts them: from the moment their datapath is in force.
Prober::Local Prober::local_places(const model::Snapshot& snapshot) {
    Local places;
    for (const auto& [id, endpoint] : snapshot.endpoints) {
        const auto addr = endpoint->addr4 ? endpoint->addr4 : endpoint->addr6;
        auto& place = places[endpoint->pod];
        if (addr && snapshot.up.contains(id)) place = Place{*addr, endpoint->created_ms};
    }
    return places;
}

std::set<model::Name> Prober::update(const model::Snapshot& snapshot) {
    const model::Snapshot seen = std::exchange(seen_, snapshot);
    if (seen.pods.same(snapshot.pods) && seen.endpoints == snapshot.endpoints && seen.up == snapshot.up)
        return failing();
    const Local local = local_places(snapshot);
    std::map<model::Name, Watched> now;
    for (const auto& [name, pod] : snapshot.pods) {
        if (pod->probes.empty() || pod->finished) continue;
        std::optional<Place> place;
        if (const auto here = local.find(name); here != local.end())
            place = here->second;
        else if (!pod->ips.empty())
            place = Place{pod->ips[0], 0};
        const auto before = watched_.find(name);
        const bool known = before != watched_.end();
        if (known && before->second.place == place && before->second.probes == pod->probes)
            now.insert(watched_.extract(before));
        else
            now.emplace(name, watch(*pod, place, known ? &before->second : nullptr));
    }
    watched_ = std::move(now);
    return failing();
}

// Who is asked otherwise at the same place is the same server: it keeps its verdict until there is another.
Prober::Watched Prober::watch(const model::Pod& pod, const std::optional<Place>& place, const Watched* before) {
    const model::Name name{pod.meta.ns, pod.meta.name};
    const bool told = before != nullptr && before->probes == pod.probes;
    if (!told) tell_not_asked(pod);
    const bool same_place = before != nullptr && place && before->place == place;
    const bool passes = take_passed(name, place) || (same_place && before->passing());
    Watched watched{.place = place, .probes = pod.probes};
    for (const model::Probe& probe : pod.probes) {
        if (!not_asked(probe).empty()) continue;
        const Question question{probe, place.value_or(Place{}).addr, probe.timeout * setup_.second};
        const auto& run = watched.runs.emplace_back(std::make_shared<Run>(setup_.io, name, question));
        run->passing = passes;
        if (place) wait(run, Clock::now() + probe.initial_delay * setup_.second + spread());
    }
    return watched;
}

void Prober::tell_not_asked(const model::Pod& pod) const {
    for (const model::Probe& probe : pod.probes)
        if (const std::string why = not_asked(probe); !why.empty())
            setup_.warn(fmt::format("Pod {}/{}: a readinessProbe {}, which Beeline does not; it counts as successful",
                                    pod.meta.ns, pod.meta.name, why));
}

bool Prober::take_passed(const model::Name& name, const std::optional<Place>& place) {
    const auto found = setup_.passed.find(name);
    if (!place || found == setup_.passed.end()) return false;
    const bool same = found->second == place->addr;
    setup_.passed.erase(found);
    return same;
}

// However many begin together, they are asked evenly over the first second: multiples of the golden ratio leave no
// gap and no crowd.
milliseconds Prober::spread() {
    const double golden = 0.6180339887, turns = begun_++ * golden;
    const double part = turns - std::floor(turns);
    return milliseconds(static_cast<std::int64_t>(part * static_cast<double>(setup_.second.count())));
}

void Prober::wait(const std::shared_ptr<Run>& run, Clock::time_point when) {
    run->timer.expires_at(when);
    run->timer.async_wait([this, alive = std::weak_ptr(alive_), weak = std::weak_ptr(run)](error_code error) {
        if (error || alive.expired() || weak.expired()) return;
        due_.push_back(weak);
        ask_next();
    });
}

void Prober::ask_next() {
    while (asking_ < setup_.at_once && !due_.empty()) {
        const auto run = due_.front().lock();
        due_.pop_front();
        if (run) begin(run);
    }
}

void Prober::begin(const std::shared_ptr<Run>& run) {
    asking_++;
    const auto next = Clock::now() + run->question.probe.period * setup_.second;
    run->stop_asking = ask(setup_.io, run->question,
                           [this, next, alive = std::weak_ptr(alive_), weak = std::weak_ptr(run)](const auto& wrong) {
                               if (alive.expired()) return;
                               asking_--;
                               if (const auto asked = weak.lock()) {
                                   take(*asked, wrong);
                                   wait(asked, std::max(next, Clock::now()));
                               }
                               ask_next();
                           });
}

void Prober::take(Run& run, const std::string& wrong) {
    const bool good = wrong.empty();
    run.in_a_row = run.last == good ? run.in_a_row + 1 : 1;
    run.last = good;
    const model::Probe& probe = run.question.probe;
    if (run.in_a_row < (good ? probe.successes : probe.failures)) return;
    const bool changes = run.passing != good;
    const bool news = changes || (!good && !run.told);  // who never succeeded is told once, too
    if (!news) return;
    run.passing = good;
    run.told = !good;
    tell(run, wrong);
    if (changes) changed_soon();
}

void Prober::tell(const Run& run, const std::string& wrong) const {
    const std::string pod = model::to_string(run.pod);
    if (!wrong.empty())
        return setup_.warn(fmt::format("Pod {} is not ready: probe {}: {}", pod, to_string(run.question), wrong));
    const auto watched = watched_.find(run.pod);
    if (watched != watched_.end() && watched->second.passing())
        setup_.info(fmt::format("Pod {} is ready: its probes succeed", pod));
}

void Prober::changed_soon() {
    if (std::exchange(changing_, true)) return;
    changed_.expires_after(changed_pause);
    changed_.async_wait([this, alive = std::weak_ptr(alive_)](error_code error) {
        if (error || alive.expired()) return;
        changing_ = false;
        setup_.changed();
    });
}

std::set<model::Name> Prober::failing() const {
    std::set<model::Name> names;
    for (const auto& [name, watched] : watched_)
        if (!watched.passing()) names.insert(name);
    return names;
}

Passing Prober::passing() const {
    Passing passing;
    for (const auto& [name, watched] : watched_)
        if (watched.place && !watched.runs.empty() && watched.passing()) passing.emplace(name, watched.place->addr);
    return passing;
}

}  // namespace beeline::agent
