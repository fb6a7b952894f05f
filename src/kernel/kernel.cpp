#include "kernel/kernel.h"

#include <algorithm>

#include "kernel/cgroup_rows.h"
#include "kernel/ebpf_result.h"
#include "kernel/running.h"

namespace beeline::kernel {
namespace {

abi::Hop host_hop(const HostPair& pair, unsigned mtu) {
    abi::Hop hop{};
    hop.ifindex = pair.host.index.value;
    hop.mtu = static_cast<abi::u16>(mtu);
    std::ranges::copy(pair.host.mac.bytes, hop.dmac);
    std::ranges::copy(pair.net.mac.bytes, hop.smac);
    return hop;
}

bool wants_tcx(Attach attach, const Facts& facts) {
    return attach == Attach::tcx || (attach == Attach::automatic && facts.tcx);
}

}  // namespace

Result<> Kernel::Running::prepare(const Options& options) {
    pair = TRY(ensure_host_pair(netlink, node));
    facts = probe_facts();
    facts.host = pair.host.index;
    facts.net = pair.net.index;
    facts.nat_secret = TRY(nat_secret(Datapath::pinned_config(pins)));
    config = TRY(make_config(options, node, facts));
    datapath.emplace(TRY(Datapath::load(pins, options, config)));
    return {};
}

Result<> Kernel::Running::connect(const Options& options, Grace grace) {
    attacher.emplace(pins, *datapath, wants_tcx(options.attach, facts));
    devices.emplace(netlink, *attacher, node);
    epochs.emplace(datapath->epochs(), std::move(grace));
    flow_table = TRY(FlowTable::open(*datapath, {.config = config,
                                                 .clock = {facts.hz},
                                                 .endpoint_quota = options.endpoint_quota,
                                                 .limits = options.table_limits,
                                                 .grace = [this] { return epochs->wait_grace(); }}));
    for (const char* name :
         {"bl_frontends4", "bl_frontends6", "bl_backends4", "bl_backends6", "bl_members4", "bl_members6",
          "bl_identities4", "bl_identities6", "bl_endpoints4", "bl_endpoints6", "bl_policy", "bl_hops", "bl_cgroups",
          "bl_nexthops", "bl_unmasked4", "bl_unmasked6", "bl_origins4", "bl_origins6"})
        if (datapath->find_map(name) == nullptr)
            return fail(Errc::invalid, std::string("the object has no map ") + name);
    sockets.emplace(OriginMaps{datapath->map("bl_origins4"), datapath->map("bl_origins6"), datapath->map("bl_members4"),
                               datapath->map("bl_members6")});
    applier.emplace(Applier::Seams{[this](std::string_view name) -> MapIo& { return datapath->map(name); }, *devices,
                                   *epochs, *sockets});
    CHECK(applier->load());
    CHECK(applier->set_host_hop(host_hop(pair, node.mtu)));
    if (datapath->config_changed()) applier->configuration_changed();
    return {};
}

// A cgroup may come and go: looked at again with every resync().
void Kernel::Running::choose_sockets(const Options& options) {
    CgroupRows rows;
    cgroup_errors = read_cgroups(options, rows);
    if (auto written = write_cgroups(datapath->map("bl_cgroups"), rows); !written)
        cgroup_errors.push_back("cgroup: " + written.error().what);
    std::ranges::copy(attacher->attach_shortcut(options.shortcut), std::back_inserter(cgroup_errors));
}

// From the walk that has ended, and for the next one.
Result<> Kernel::Running::share_loads() {
    CHECK(applier->write_loads(flow_table->loads4(), flow_table->loads6()));
    flow_table->count_loads(applier->counted4(), applier->counted6());
    return {};
}

// The programs of this object on every device that is there; links of containers are updated in place.
Result<> Kernel::Running::attach_all() {
    CHECK(attacher->attach({host_device, pair.host.index, Direction::egress, "bl_from_host"}));
    CHECK(attacher->attach({net_device, pair.net.index, Direction::ingress, "bl_to_host"}));
    for (const LinkInfo& link : TRY(container_links(netlink)))
        CHECK(attacher->attach_container(link.name, link.index));
    return {};
}

Kernel::Kernel(Options options) : options_(std::move(options)) {}
Kernel::~Kernel() = default;

Result<> Kernel::configure(const plan::Node& node) {
    auto netlink = TRY(Netlink::open());
    auto pins = TRY(Pins::ensure(options_.bpffs));
    auto next = std::make_unique<Running>(std::move(netlink), std::move(pins), node);
    CHECK(next->prepare(options_));
    auto grace = TRY(Grace::open());
    CHECK(next->connect(options_, std::move(grace)));
    CHECK(next->attach_all());
    CHECK(next->read_network(options_, true));
    node_errors_.clear();
    if (auto gone = next->pins.remove_others(); !gone) node_errors_.push_back("earlier layout: " + gone.error().what);
    next->choose_sockets(options_);
    if (auto attached = next->attacher->attach_cgroup(options_.cgroup); !attached)
        node_errors_.push_back("socket hooks: " + attached.error().what);
    running_ = std::move(next);
    return {};
}

Result<std::unique_ptr<Kernel>> Kernel::start(Options options, const plan::Node& node) {
    std::unique_ptr<Kernel> kernel(new Kernel(std::move(options)));
    kernel->link_events_ = std::make_unique<LinkEvents>(TRY(LinkEvents::open()));
    CHECK(kernel->configure(node));
    return kernel;
}

plan::Status Kernel::with_node_errors(plan::Status status) const {
    for (const auto& errors : {running_->network_errors, running_->cgroup_errors})
        status.errors.insert(status.errors.begin(), errors.begin(), errors.end());
    status.errors.insert(status.errors.begin(), node_errors_.begin(), node_errors_.end());
    for (const auto& [index, name] : running_->uplinks)
        status.devices.push_back(name);
    return status;
}

plan::Status Kernel::apply(const plan::Plan& plan) {
    if (plan.node != running_->node) {
        if (auto done = configure(plan.node); !done) {
            plan::Status status = this->status();
            status.wanted = plan.generation;
            status.errors.push_back("new node configuration: " + done.error().what);
            return status;
        }
    }
    if (auto ready = make_room(plan); !ready) {
        plan::Status status = this->status();
        status.wanted = plan.generation;
        status.errors.push_back("nothing new comes into force: " + ready.error().what);
        return status;
    }
    apply_rows(plan);
    running_->release_uplinks();
    return status();
}

plan::Status Kernel::resync() {
    return resync(true);
}

plan::Status Kernel::resync_others() {
    return resync(false);
}

plan::Status Kernel::resync(bool all) {
    auto pair = ensure_host_pair(running_->netlink, running_->node);
    // Another pair is another configuration: its indexes stand in the programs' constants.
    const bool same =
        pair && pair->host.index == running_->pair.host.index && pair->net.index == running_->pair.net.index;
    if (same && !is_half_grown()) return resync_rows(all);
    const plan::Plan wanted = running_->applier->wanted();
    auto done = pair ? configure(plan::Node(running_->node)) : Result<>(std::unexpected(pair.error()));
    if (done) return apply(wanted);
    plan::Status status = this->status();
    status.errors.push_back("host devices: " + done.error().what);
    return status;
}

plan::Status Kernel::resync_rows(bool all) {
    if (auto read = running_->read_network(options_, true); !read)
        running_->network_errors.assign(1, "network: " + read.error().what);
    running_->choose_sockets(options_);
    if (all)
        running_->applier->resync();
    else
        running_->applier->resync_others();
    running_->release_uplinks();
    return status();
}

CheckStep Kernel::check_frontends() {
    return running_->applier->check_frontends().value_or(CheckStep::differs);
}

plan::Status Kernel::status() const {
    plan::Status status = with_node_errors(running_->applier->status());
    status.warnings = warnings();
    return status;
}

Result<> Kernel::remove_all() {
    return uninstall(options_);
}

Result<> Kernel::uninstall(const Options& options) {
    Netlink netlink = TRY(Netlink::open());
    for (const LinkInfo& link : TRY(container_links(netlink)))
        CHECK(netlink.remove_link(link));
    CHECK(remove_host_pair(netlink));
    for (const LinkInfo& link : TRY(netlink.links()))
        CHECK(detach_filters(link.index));
    const Pins pins(options.bpffs);
    CHECK(detach_links(pins));
    return pins.remove_all();
}

Result<ebpf::RingBuffer> Kernel::events(ebpf::RingBuffer::Handler handler) const {
    const EbpfMapIo* ring = running_->datapath->find_map("bl_events");
    if (ring == nullptr) return fail(Errc::not_found, "the object has no map bl_events");
    return result_of(ebpf::RingBuffer::open(ring->raw(), std::move(handler)));
}

int Kernel::link_events_fd() const {
    return link_events_->fd();
}

Result<LinkNotices> Kernel::read_link_events() {
    return link_events_->read();
}

bool Kernel::concerns_us(const std::vector<LinkEvent>& events) {
    return std::ranges::any_of(
        events, [](const LinkEvent& event) { return is_our_name(event.name) && (event.gone || !event.up); });
}

Result<SweepStep> Kernel::sweep() {
    SweepStep step = TRY(running_->flow_table->sweep());
    if (step.finished) CHECK(running_->share_loads());
    if (step.finished) step.news = grow_tables();
    step.moving |= !step.news.empty();
    return step;
}

bool Kernel::is_moving() const {
    return running_->flow_table->is_moving();
}

Result<std::vector<plan::DiffRow>> Kernel::diff() {
    return running_->applier->diff();
}

}  // namespace beeline::kernel
