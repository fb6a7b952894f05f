"""What others load for the same job: masquerade, and Services in the shape in which kube-proxy (1.33) writes them.

Each function takes a list of Service ports and returns text for `nft -f`, iptables-restore or the agent's directory.
"""
import collections

Family = collections.namedtuple("Family", "number vip vips pods node ip type length")
FAMILIES = (Family(4, "10.96.0.10", "10.96.0.0/16", "10.244.0.0/16", "10.99.0.11", "ip", "ipv4_addr", 32),
            Family(6, "fd96::10", "fd96::/112", "fd44::/16", "fd99::11", "ip6", "ipv6_addr", 128))
# node_port 0: none; asked: somebody will
ServicePort = collections.namedtuple("ServicePort", "name vip port proto backend backend_port node_port asked",
                                     defaults=(0, True))
NODE_PORT = 30080  # of the Service that is measured
OTHER_NODE_PORTS = range(30100, 31100)  # a tenth of the others has one, as far as they go


def other(i, node_port=0, family=FAMILIES[0]):
    high, low = divmod(i, 250)
    vip, backend = ((f"10.96.{16 + high}.{1 + low}", f"10.245.{high}.{1 + low}") if family.number == 4 else
                    (f"fd96::{0x1000 + i:x}", f"fd45::{1 + i:x}"))
    return ServicePort(f"s{i}", vip, 80, "tcp", backend, 8080, node_port, asked=False)


def service_ports(services, backends):
    """`services` Services in IPv4, one in IPv6; those that are measured have three ports and stand in the middle.
    backends: the addresses of the one that answers, by family."""
    def measured(family, backend):
        ports = (("ask", 80, "tcp", 7001), ("udp", 80, "udp", 7001), ("bulk", 5201, "tcp", 5202))
        return [ServicePort(f"{name}{family.number}", family.vip, port, proto, backend, backend_port)
                for name, port, proto, backend_port in ports]
    middle = (services - 1) // 2
    both = [port for family, backend in zip(FAMILIES, backends) for port in measured(family, backend)]
    return [other(i) for i in range(middle)] + both + [other(i) for i in range(middle, services - 1)]


def exposed_ports(services, family, backend, proto="tcp"):
    """`services` Services of a family; the one in the middle has a node port. backend: address and port of the one that
    answers there."""
    def with_node_port(i):
        return OTHER_NODE_PORTS[i // 10] if i % 10 == 0 and i // 10 < len(OTHER_NODE_PORTS) else 0
    others = [other(i, with_node_port(i), family) for i in range(services - 1)]
    middle = len(others) // 2
    return [*others[:middle], ServicePort("measured", family.vip, 80, proto, *backend, NODE_PORT), *others[middle:]]


def of_family(ports, family):
    return [p for p in ports if (":" in p.vip) == (family.number == 6)]


def destination(port):
    return f"[{port.backend}]:{port.backend_port}" if ":" in port.backend else f"{port.backend}:{port.backend_port}"


def nftables(ports):
    return "".join(nftables_of(family, of_family(ports, family)) for family in FAMILIES)


def nftables_chains(ip, pods, port):
    """Of a Service: where its addresses, its node port and its only endpoint lead to. The choice among the endpoints,
    of one here, is a map without a name; to name them the kernel goes through all there are, which takes a minute at
    10,000, so the Services that nobody asks do without."""
    chosen = f"goto endpoint-{port.name}"
    external = "" if not port.node_port else f"""
  chain external-{port.name} {{
    jump mark-for-masquerade
    goto service-{port.name}
  }}"""
    return f"""
  chain endpoint-{port.name} {{
    {ip} saddr {port.backend} jump mark-for-masquerade
    meta l4proto {port.proto} dnat to {destination(port)}
  }}
  chain service-{port.name} {{
    {ip} daddr {port.vip} {ip} saddr != {pods} jump mark-for-masquerade
    {f"numgen random mod 1 vmap {{ 0 : {chosen} }}" if port.asked else chosen}
  }}{external}"""


def elements(items):
    items = list(items)
    return f"elements = {{ {', '.join(items)} }}" if items else ""


def nftables_of(family, ports):
    """kube-proxy's nftables mode: one lookup in a verdict map, then two small chains a Service."""
    ip, pods = family.ip, family.pods
    return f"""table {ip} kube-proxy {{
  chain mark-for-masquerade {{ meta mark set meta mark | 0x4000; }}{"".join(nftables_chains(ip, pods, p) for p in ports)}
{nftables_maps(family, ports)}
  chain services {{
    {ip} daddr . meta l4proto . th dport vmap @service-ips
    {ip} daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
  }}
  chain masquerading {{
    meta mark & 0x4000 == 0 return
    meta mark set meta mark ^ 0x4000
    masquerade fully-random
  }}
{nftables_checks(family)}
  chain nat-prerouting {{ type nat hook prerouting priority -100; jump services; }}
  chain nat-output {{ type nat hook output priority -100; jump services; }}
  chain nat-postrouting {{ type nat hook postrouting priority 100; jump masquerading; }}
}}
table {ip} pods {{
  chain nat-postrouting {{
    type nat hook postrouting priority 100
    {ip} saddr {pods} {ip} daddr != {pods} masquerade
  }}
}}
"""


def nftables_maps(family, ports):
    addressed = f"type {family.type} . inet_proto . inet_service : verdict"
    return f"""\
  set cluster-ips {{ type {family.type}; {elements(dict.fromkeys(p.vip for p in ports))}; }}
  set nodeport-ips {{ type {family.type}; elements = {{ {family.node} }}; }}
  map firewall-ips {{ {addressed}; }}
  map no-endpoint-services {{ {addressed}; }}
  map no-endpoint-nodeports {{ type inet_proto . inet_service : verdict; }}
  map service-ips {{
    {addressed}
    {elements(f"{p.vip} . {p.proto} . {p.port} : goto service-{p.name}" for p in ports)}
  }}
  map service-nodeports {{
    type inet_proto . inet_service : verdict
    {elements(f"{p.proto} . {p.node_port} : goto external-{p.name}" for p in ports if p.node_port)}
  }}"""


def nftables_checks(family):
    """What new connections pass besides: nothing here stops any."""
    ip = family.ip
    return f"""\
  chain firewall-check {{ {ip} daddr . meta l4proto . th dport vmap @firewall-ips; }}
  chain service-endpoints-check {{ {ip} daddr . meta l4proto . th dport vmap @no-endpoint-services; }}
  chain nodeport-endpoints-check {{ {ip} daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports; }}
  chain cluster-ips-check {{
    {ip} daddr @cluster-ips reject
    {ip} daddr {family.vips} drop
  }}
  chain filter-prerouting-pre-dnat {{ type filter hook prerouting priority -110; ct state new jump firewall-check; }}
  chain filter-output-pre-dnat {{ type filter hook output priority -110; ct state new jump firewall-check; }}
  chain filter-forward {{
    type filter hook forward priority 0
    ct state new jump service-endpoints-check
    ct state new jump cluster-ips-check
  }}
  chain filter-input {{
    type filter hook input priority 0
    ct state new jump nodeport-endpoints-check
    ct state new jump service-endpoints-check
  }}
  chain filter-output {{
    type filter hook output priority 0
    ct state new jump service-endpoints-check
    ct state new jump cluster-ips-check
  }}"""


def iptables_chains(port, family):
    """Rules of a Service: in KUBE-SERVICES and KUBE-NODEPORTS, and its own two or three chains."""
    p, comment = port, f'-m comment --comment "bench/{port.name}"'
    at = f"-d {p.vip}/{family.length} -p {p.proto} {comment} -m {p.proto} --dport {p.port}"
    external = "" if not p.node_port else f"""\
-A KUBE-NODEPORTS -p {p.proto} {comment} -m {p.proto} --dport {p.node_port} -j KUBE-EXT-{p.name}
-A KUBE-EXT-{p.name} {comment} -j KUBE-MARK-MASQ
-A KUBE-EXT-{p.name} -j KUBE-SVC-{p.name}
"""
    return f"""\
-A KUBE-SERVICES {at} -j KUBE-SVC-{p.name}
{external}-A KUBE-SVC-{p.name} ! -s {family.pods} {at} -j KUBE-MARK-MASQ
-A KUBE-SVC-{p.name} {comment} -j KUBE-SEP-{p.name}
-A KUBE-SEP-{p.name} -s {p.backend}/{family.length} {comment} -j KUBE-MARK-MASQ
-A KUBE-SEP-{p.name} -p {p.proto} {comment} -m {p.proto} -j DNAT --to-destination {destination(p)}
"""


# What packets pass besides: nothing here stops any.
IPTABLES_FILTER = """*filter
:KUBE-EXTERNAL-SERVICES -
:KUBE-FORWARD -
:KUBE-NODEPORTS -
:KUBE-PROXY-FIREWALL -
:KUBE-SERVICES -
-A INPUT -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL
-A INPUT -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL
-A FORWARD -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -j KUBE-SERVICES
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
"""


def iptables(ports, family):
    """kube-proxy's iptables mode: a linear chain of all Services, then two small chains a Service; a linear chain of
    node ports behind it."""
    ports, pods = of_family(ports, family), family.pods
    names = "".join(f":KUBE-SVC-{p.name} -\n:KUBE-SEP-{p.name} -\n" + (f":KUBE-EXT-{p.name} -\n" if p.node_port else "")
                    for p in ports)
    return f"""{IPTABLES_FILTER}*nat
:KUBE-MARK-MASQ -
:KUBE-NODEPORTS -
:KUBE-POSTROUTING -
:KUBE-SERVICES -
{names}-A PREROUTING -j KUBE-SERVICES
-A OUTPUT -j KUBE-SERVICES
-A POSTROUTING -j KUBE-POSTROUTING
-A POSTROUTING -s {pods} ! -d {pods} -j MASQUERADE
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
-A KUBE-POSTROUTING -j MASQUERADE --random-fully
{"".join(iptables_chains(p, family) for p in ports)}\
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
COMMIT
"""


def manifests(ports):
    """Services with an EndpointSlice each, as the agent reads them."""
    services = collections.defaultdict(list)
    for p in ports:
        services[p.vip].append(p)
    return "---\n".join(manifest(vip, ports) for vip, ports in services.items())


def manifest(vip, ports):
    name = ports[0].name
    proto = {p.name: f"name: {p.name}, protocol: {p.proto.upper()}" for p in ports}
    of_service = ", ".join(f"{{{proto[p.name]}, port: {p.port}{f', nodePort: {p.node_port}' if p.node_port else ''}}}"
                           for p in ports)
    of_slice = ", ".join(f"{{{proto[p.name]}, port: {p.backend_port}}}" for p in ports)
    kind = "type: NodePort, " if any(p.node_port for p in ports) else ""
    return f"""apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: bench}}
spec: {{{kind}clusterIP: "{vip}", ports: [{of_service}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}-1, namespace: bench, labels: {{kubernetes.io/service-name: {name}}}}}
addressType: IPv{6 if ':' in vip else 4}
ports: [{of_slice}]
endpoints: [{{addresses: ["{ports[0].backend}"]}}]
"""
