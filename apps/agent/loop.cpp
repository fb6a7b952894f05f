#include "apps/agent/loop.h"

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <filesystem>

#include "api/health.h"
#include "api/resources.h"
#include "api/server.h"
#include "apps/agent/events.h"
#include "apps/agent/instance.h"
#include "apps/agent/log.h"
#include "apps/agent/manifests.h"
#include "apps/agent/netns.h"
#include "apps/agent/notices.h"
#include "apps/agent/pipeline.h"
#include "apps/agent/prober.h"
#include "base/time.h"
#include "kernel/demand.h"
#include "kernel/kernel.h"
#include "kernel/pins.h"
#include "kernel/pins_lock.h"
#include "version.h"

namespace beeline::agent {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::seconds sweep_pause{5};
constexpr std::chrono::milliseconds step_pause{1};       // between the steps of one sweep: the loop breathes
constexpr std::chrono::milliseconds link_pause{20};      // several devices go together, and routes with them
constexpr std::chrono::milliseconds network_pause{100};  // at least, between two looks at routes that keep changing

// Calls `ready` whenever the descriptor, which stays the owner's, is readable.
class Watch {
public:
    Watch(asio::io_context& io, int fd, std::function<void()> ready) : stream_(io, fd), ready_(std::move(ready)) {
        wait();
    }
    ~Watch() { stream_.release(); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

private:
    void wait() {
        // Readiness may have been queued before the watch ended.
        stream_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [this, alive = std::weak_ptr(alive_)](error_code error) {
                               if (error || alive.expired()) return;
                               wait();
                               ready_();
                           });
    }
    asio::posix::stream_descriptor stream_;
    std::function<void()> ready_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class Loop {
public:
    Loop(const Options& options, const Config& config, Manifests manifests)
        : options_(options), config_(config), manifests_(std::move(manifests)) {}

    Result<> start() {
        note(TRY(pipeline_.restore()));
        if (config_.probes) start_prober();
        store_.apply(manifests_.read());
        note(manifests_.problems());
        const auto begin = monotonic_ms();
        kernel_ = TRY(start_kernel());
        inspector_.target = kernel_.get();
        inspector_.problems = &health_.problems;
        health_.server.emplace(
            api::Health::Setup{.io = io_,
                               .context = context_,
                               .place = config_.health,
                               .patience_ms = 2 * std::chrono::milliseconds(config_.resync).count()});
        const auto loaded = monotonic_ms();
        // Containers that an earlier agent left with network are backends from the first plan on.
        store_.set_up(kernel_->status().up);
        pipeline_.run();
        tell();
        keep_last_good();
        malloc_trim(0);  // what it took to read all files; with many it is a third of the process
        log_debug(fmt::format("datapath in place after {} ms, state in force {} ms later", loaded - begin,
                              monotonic_ms() - loaded));
        const auto handler = [this](auto bytes) { take_event(bytes, enricher_, journal_); };
        auto ring = TRY(kernel_->events(handler));
        events_ = TRY(EventReader::start(std::move(ring)));
        server_ = TRY(api::Server::listen(io_, router_, {.path = config_.socket}));
        watch();
        return {};
    }
    void run() {
        io_.run();
        // Edits that were begun are in the state folder: finish them, so that the next agent finds what was answered.
        pipeline_.run();
        keep_last_good();
        server_.reset();
        health_.server.reset();
        prober_.reset();
        events_.reset();
    }

private:
    // The kernel is there only after the store: the API's view of it is put in place later.
    struct LateInspector final : plan::Inspector {
        plan::Inspector* target = nullptr;
        Result<std::unique_ptr<plan::FlowWalk>> walk_flows(const plan::FlowFilter& f, plan::FlowAction a) override {
            return target->walk_flows(f, a);
        }
        plan::FlowPressure flow_pressure() const override { return target->flow_pressure(); }
        Result<std::vector<plan::HookEntry>> hooks() override { return target->hooks(); }
        Result<std::vector<plan::CounterEntry>> counters() override { return target->counters(); }
        Result<std::vector<plan::MapEntry>> maps() override { return target->maps(); }
        Result<std::vector<plan::Row>> map_rows() override { return target->map_rows(); }
        Result<std::vector<plan::DiffRow>> diff() override { return target->diff(); }
        std::vector<plan::Check> doctor() override { return target->doctor(); }
        plan::Status status() const override {
            plan::Status status = target->status();
            status.errors.insert(status.errors.end(), problems->begin(), problems->end());
            return status;
        }
        const std::vector<std::string>* problems = nullptr;  // the agent's own
    };
    // What load balancers ask; and which of its ports could not be opened.
    struct HealthPorts {
        std::optional<api::Health> server{};
        std::vector<std::string> problems{};
    };

    // With room for what the files say; where there is no memory for that, with as much as any start has.
    Result<std::unique_ptr<kernel::Kernel>> start_kernel() {
        const plan::Plan plan = pipeline_.draft();
        kernel::Options options = kernel_options(config_), roomy = options;
        kernel::size_for(plan, kernel::pinned_sizes(options.bpffs), roomy.table_sizes);
        auto started = kernel::Kernel::start(roomy, plan.node);
        if (started || roomy.table_sizes == options.table_sizes) return started;
        return kernel::Kernel::start(std::move(options), plan.node);
    }

    void start_prober() {
        auto passed = load_passing(config_.run_dir);
        if (!passed) note({passed.error().what});
        prober_.emplace(Prober::Setup{.io = io_,
                                      .changed = [this] { probes_changed(); },
                                      .warn = [](const std::string& text) { log_warn(text); },
                                      .info = [](const std::string& text) { log_info(text); },
                                      .passed = passed.value_or(Passing{})});
    }
    void probes_changed() {
        pipeline_.set_failing(prober_->failing());
        if (const auto saved = save_passing(config_.run_dir, prober_->passing()); !saved) log_warn(saved.error().what);
    }
    std::set<model::Name> failing(const model::Snapshot& snapshot) {
        return prober_ ? prober_->update(snapshot) : std::set<model::Name>{};
    }

    void note(const std::vector<std::string>& texts) {
        for (const auto& text : texts)
            log_warn(text);
        context_.notes.insert(context_.notes.end(), texts.begin(), texts.end());
    }
    void watch() {
        watch_manifests();
        links_.emplace(io_, kernel_->link_events_fd(), [this] { links_changed(); });
        wait_for_signal();
        sweep_after(kernel_->is_moving() ? step_pause : std::chrono::milliseconds(sweep_pause));
        resync_after(config_.resync);
    }
    void watch_manifests() {
        files_.emplace(io_, manifests_.fd(), [this] {
            if (auto edits = manifests_.read(); !edits.empty()) apply(std::move(edits));
        });
    }
    void apply(std::vector<store::FileEdit> edits) {
        pipeline_.apply(std::move(edits));
        asio::post(io_, [this] { keep_last_good(); });  // after the pipeline's own turn
    }
    // Policy comes into force first, and also where the disk is full; only the next agent would miss something.
    void keep_last_good() {
        if (const auto kept = manifests_.keep(store_); !kept)
            log_warn("last good versions cannot be saved for the next agent: " + kept.error().what);
    }
    void links_changed() {
        const auto notices = kernel_->read_link_events();
        if (!notices || kernel::Kernel::concerns_us(notices->links)) return resync_after(link_pause);
        if (notices->network) network_soon();
    }
    void network_soon() {
        if (std::exchange(network_due_, true)) return;
        const auto now = std::chrono::steady_clock::now();
        network_.expires_at(std::max(now + link_pause, network_seen_ + network_pause));
        network_.async_wait([this](error_code error) {
            network_due_ = false;
            if (error) return;
            const auto status = kernel_->network_changed();
            network_seen_ = std::chrono::steady_clock::now();
            if (status) pipeline_.take(*status);
        });
    }
    void schedule() {
        asio::post(io_, [this] {
            pipeline_.run();
            tell();
        });
    }
    void tell() {
        if (const auto news = kernel_->growth_news(); !news.empty()) log_info(news);
        plan::Status status = kernel_->status();
        health_.problems = health_.server->update(status);
        status.errors.insert(status.errors.end(), health_.problems.begin(), health_.problems.end());
        notices_.update(store_.problems(), status);
    }

    void sweep_after(std::chrono::milliseconds pause) {
        sweep_.expires_after(pause);
        sweep_.async_wait([this](error_code error) {
            if (error) return;
            const auto step = kernel_->sweep();
            if (!step) log_error(step.error());
            if (step && !step->news.empty()) log_info(step->news);
            if (step && step->finished) tell();  // of tables that fill
            const bool again = step && (!step->finished || step->moving);
            sweep_after(again ? step_pause : std::chrono::milliseconds(sweep_pause));
        });
    }
    void resync_after(std::chrono::milliseconds pause) {
        resync_.expires_after(pause);
        resync_.async_wait([this](error_code error) {
            if (error) return;
            pipeline_.take(kernel_->resync_others());
            check_soon();
            resync_after(config_.resync);
        });
    }
    void check_soon() {
        check_.expires_after(step_pause);
        check_.async_wait([this](error_code error) {
            if (error) return;
            const auto step = kernel_->check_frontends();
            if (step == kernel::CheckStep::differs) pipeline_.take(kernel_->resync());
            if (step == kernel::CheckStep::more) check_soon();
        });
    }

    void wait_for_signal() {
        signals_.async_wait([this](error_code error, int signal) {
            if (error) return;
            if (signal != SIGHUP) {
                log_info(fmt::format("stopping; the datapath stays in place ({})", strsignal(signal)));
                return io_.stop();
            }
            reload();
            wait_for_signal();
        });
    }
    // What can change while the agent runs.
    void reconfigure(const Config& config) {
        set_log_level(config.log_level);
        pipeline_.set_unmasked(config.unmasked);
    }
    void reload() {
        log_info("reading configuration and manifests again");
        if (const auto config = effective_config(options_))
            reconfigure(*config);
        else
            log_error(config.error());
        files_.reset();
        auto edits = manifests_.reread();
        watch_manifests();
        if (edits)
            apply(std::move(*edits));
        else
            log_error(edits.error());
    }

    const Options& options_;
    const Config& config_;
    asio::io_context io_{1};
    Manifests manifests_;
    store::Store store_{node_config(config_)};
    StateFolder state_{config_.run_dir};
    flow::Enricher enricher_{store_.current()};
    flow::Journal journal_{config_.journal};
    LateInspector inspector_;
    std::unique_ptr<kernel::Kernel> kernel_;
    Pipeline pipeline_{{store_, state_, enricher_, [this](const plan::Plan& plan) { return kernel_->apply(plan); },
                        netns_inode, [this] { schedule(); }, [](const std::string& text) { log_warn(text); },
                        [this](const model::Snapshot& snapshot) { return failing(snapshot); }}};
    std::optional<Prober> prober_;
    api::Context context_{BEELINE_VERSION,
                          unix_ms(),
                          store_,
                          inspector_,
                          journal_,
                          pipeline_,
                          [this] { return pipeline_.plan(); },
                          [this](std::function<void()> work) { asio::post(io_, std::move(work)); }};
    api::Router router_ = api::make_router(context_);
    Notices notices_{[](const std::string& line) { log_warn(line); },
                     [](const std::string& line) { log_info("no more: " + line); }};
    std::unique_ptr<EventReader> events_;
    std::unique_ptr<api::Server> server_;
    HealthPorts health_;
    std::optional<Watch> files_, links_;
    asio::signal_set signals_{io_, SIGTERM, SIGINT, SIGHUP};
    asio::steady_timer sweep_{io_}, resync_{io_}, check_{io_}, network_{io_};
    bool network_due_ = false;
    std::chrono::steady_clock::time_point network_seen_{};
};

Result<> make_default_folder(const Config& config) {
    if (config.manifests != Config{}.manifests) return {};  // one that was named must be there: it may be misspelt
    std::error_code error;
    std::filesystem::create_directories(config.manifests, error);
    if (error) return fail(Errc::io, fmt::format("{}: {}", config.manifests, error.message()), error.value());
    return {};
}

}  // namespace

kernel::Options kernel_options(const Config& config) {
    kernel::Options options;
    options.bpffs = config.bpffs;
    options.cgroup = config.cgroup;
    options.sockets_include = config.cgroups_include;
    options.sockets_exclude = config.cgroups_exclude;
    options.shortcut = config.cgroups_shortcut;
    options.sockets_of_node = config.cgroup_node_only;
    options.devices = config.devices;
    options.delivery = config.delivery;
    options.attach = config.attach;
    options.xdp = config.xdp;
    // Proportions of docs/datapath: IPv6 half of IPv4, flows that have not proved themselves a quarter of those that
    // have. A small LRU loses entries to the free lists of its CPUs.
    constexpr std::uint32_t smallest_lru = 4096;
    const std::uint32_t entries = config.flows.entries;
    options.table_sizes = {{"bl_flows4", entries},
                           {"bl_flows6", entries / 2},
                           {"bl_young4", std::max(entries / 4, smallest_lru)},
                           {"bl_young6", std::max(entries / 8, smallest_lru)},
                           {"bl_events", config.event_buffer}};
    const std::uint32_t limit = flow_limit(config.flows);
    options.table_limits = {{"bl_flows4", limit}, {"bl_flows6", limit / 2}};
    options.endpoint_quota = config.flows.endpoint_quota;
    options.timeouts = config.flows.timeouts;
    options.masquerade = config.masquerade;
    options.routing = config.routing;
    options.mark = config.mark;
    options.tunnel_port = config.tunnel_port;
    return options;
}

Result<> run_agent(const Options& options, const Config& config) {
    const auto started = monotonic_ms();
    const Instance instance = TRY(Instance::claim(config.run_dir));
    CHECK(kernel::Pins::ensure(config.bpffs));
    const Fd pins = TRY(kernel::lock_pins(config.bpffs));
    CHECK(make_default_folder(config));
    Loop loop(options, config, TRY(Manifests::open(config.manifests, config.run_dir)));
    CHECK(loop.start());
    log_info(fmt::format("ready: node {}, {}, {} ms", config.node, config.socket, monotonic_ms() - started));
    loop.run();
    return {};
}

}  // namespace beeline::agent
