"""What others load for the same job: masquerade, and Services in the shape in which kube-proxy writes them.

Each function takes a list of Service ports and returns text for `nft -f`, iptables-restore or the agent's directory.
"""
import collections

Family = collections.namedtuple("Family", "number vip pods ip type length")
FAMILIES = (Family(4, "10.96.0.10", "10.244.0.0/16", "ip", "ipv4_addr", 32),
            Family(6, "fd96::10", "fd44::/16", "ip6", "ipv6_addr", 128))
ServicePort = collections.namedtuple("ServicePort", "name vip port proto backend backend_port")


def service_ports(services, backends):
    """`services` Services in IPv4, one in IPv6; those that are measured have three ports and stand in the middle.
    backends: the addresses of the one that answers, by family."""
    def other(i):
        high, low = divmod(i, 250)
        return ServicePort(f"s{i}", f"10.96.{16 + high}.{1 + low}", 80, "tcp", f"10.245.{high}.{1 + low}", 8080)

    def measured(family, backend):
        ports = (("ask", 80, "tcp", 7001), ("udp", 80, "udp", 7001), ("bulk", 5201, "tcp", 5202))
        return [ServicePort(f"{name}{family.number}", family.vip, port, proto, backend, backend_port)
                for name, port, proto, backend_port in ports]
    middle = (services - 1) // 2
    both = [port for family, backend in zip(FAMILIES, backends) for port in measured(family, backend)]
    return [other(i) for i in range(middle)] + both + [other(i) for i in range(middle, services - 1)]


def of_family(ports, family):
    return [p for p in ports if (":" in p.vip) == (family.number == 6)]


def destination(port):
    return f"[{port.backend}]:{port.backend_port}" if ":" in port.backend else f"{port.backend}:{port.backend_port}"


def nftables(ports):
    return "".join(nftables_of(family, of_family(ports, family)) for family in FAMILIES)


def nftables_of(family, ports):
    """kube-proxy's nftables mode: one lookup in a verdict map, then two small chains a Service."""
    ip, pods = family.ip, family.pods
    elements = ",\n".join(f"{p.vip} . {p.proto} . {p.port} : goto service-{p.name}" for p in ports)
    chains = "".join(f"""
  chain endpoint-{p.name} {{
    {ip} saddr {p.backend} jump mark-for-masquerade
    meta l4proto {p.proto} dnat to {destination(p)}
  }}
  chain service-{p.name} {{
    {ip} daddr {p.vip} {p.proto} dport {p.port} {ip} saddr != {pods} jump mark-for-masquerade
    goto endpoint-{p.name}
  }}""" for p in ports)
    return f"""table {ip} kube-proxy {{
  map no-endpoint-services {{ type {family.type} . inet_proto . inet_service : verdict; }}
  chain mark-for-masquerade {{ meta mark set meta mark | 0x4000; }}{chains}
  map service-ips {{
    type {family.type} . inet_proto . inet_service : verdict
    elements = {{ {elements} }}
  }}
  chain services {{ {ip} daddr . meta l4proto . th dport vmap @service-ips; }}
  chain nat-prerouting {{ type nat hook prerouting priority dstnat; jump services; }}
  chain nat-output {{ type nat hook output priority -100; jump services; }}
  chain nat-postrouting {{
    type nat hook postrouting priority srcnat
    {ip} saddr {pods} {ip} daddr != {pods} masquerade
    meta mark & 0x4000 != 0 meta mark set meta mark ^ 0x4000 masquerade fully-random
  }}
  chain filter-forward {{
    type filter hook forward priority -110
    ct state new {ip} daddr . meta l4proto . th dport vmap @no-endpoint-services
  }}
}}
"""


def iptables(ports, family):
    """kube-proxy's iptables mode: a linear chain of all Services, then two small chains a Service."""
    ports, pods = of_family(ports, family), family.pods
    chains = "".join(f":KUBE-SVC-{p.name} -\n:KUBE-SEP-{p.name} -\n" for p in ports)
    rules = "".join(f"""\
-A KUBE-SERVICES -d {p.vip}/{family.length} -p {p.proto} -m comment --comment "bench/{p.name}" -m {p.proto} \
--dport {p.port} -j KUBE-SVC-{p.name}
-A KUBE-SVC-{p.name} ! -s {pods} -d {p.vip}/{family.length} -p {p.proto} -m {p.proto} --dport {p.port} -j KUBE-MARK-MASQ
-A KUBE-SVC-{p.name} -m comment --comment "bench/{p.name}" -j KUBE-SEP-{p.name}
-A KUBE-SEP-{p.name} -s {p.backend}/{family.length} -j KUBE-MARK-MASQ
-A KUBE-SEP-{p.name} -p {p.proto} -m {p.proto} -j DNAT --to-destination {destination(p)}
""" for p in ports)
    return f"""*filter
:KUBE-FORWARD -
-A FORWARD -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
*nat
:KUBE-SERVICES -
:KUBE-POSTROUTING -
:KUBE-MARK-MASQ -
{chains}-A PREROUTING -j KUBE-SERVICES
-A OUTPUT -j KUBE-SERVICES
-A POSTROUTING -s {pods} ! -d {pods} -j MASQUERADE
-A POSTROUTING -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
-A KUBE-POSTROUTING -j MASQUERADE --random-fully
{rules}COMMIT
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
    of_service = ", ".join(f"{{{proto[p.name]}, port: {p.port}}}" for p in ports)
    of_slice = ", ".join(f"{{{proto[p.name]}, port: {p.backend_port}}}" for p in ports)
    return f"""apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: bench}}
spec: {{clusterIP: "{vip}", ports: [{of_service}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}-1, namespace: bench, labels: {{kubernetes.io/service-name: {name}}}}}
addressType: IPv{6 if ':' in vip else 4}
ports: [{of_slice}]
endpoints: [{{addresses: ["{ports[0].backend}"]}}]
"""
