"""What others load for the same job: masquerade, and Services in the shape in which kube-proxy writes them.

Each function takes a list of Service ports and returns text for `nft -f`, iptables-restore or the agent's directory.
"""
import collections

VIP = "10.96.0.10"
PODS = "10.244.0.0/16"
ServicePort = collections.namedtuple("ServicePort", "name vip port backend backend_port")


def service_ports(services, backend):
    """`services` Services; the one that is measured has two ports and stands in the middle of the list."""
    def other(i):
        high, low = divmod(i, 250)
        return ServicePort(f"s{i}", f"10.96.{16 + high}.{1 + low}", 80, f"10.245.{high}.{1 + low}", 8080)
    middle = (services - 1) // 2
    measured = [ServicePort("measured-ask", VIP, 80, backend, 7001),
                ServicePort("measured-bulk", VIP, 5201, backend, 5202)]
    return [other(i) for i in range(middle)] + measured + [other(i) for i in range(middle, services - 1)]


def nftables(ports):
    """kube-proxy's nftables mode: one lookup in a verdict map, then two small chains a Service."""
    elements = ",\n".join(f"{p.vip} . tcp . {p.port} : goto service-{p.name}" for p in ports)
    chains = "".join(f"""
  chain endpoint-{p.name} {{
    ip saddr {p.backend} jump mark-for-masquerade
    meta l4proto tcp dnat to {p.backend}:{p.backend_port}
  }}
  chain service-{p.name} {{
    ip daddr {p.vip} tcp dport {p.port} ip saddr != {PODS} jump mark-for-masquerade
    goto endpoint-{p.name}
  }}""" for p in ports)
    return f"""table ip kube-proxy {{
  map no-endpoint-services {{ type ipv4_addr . inet_proto . inet_service : verdict; }}
  chain mark-for-masquerade {{ meta mark set meta mark | 0x4000; }}{chains}
  map service-ips {{
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = {{ {elements} }}
  }}
  chain services {{ ip daddr . meta l4proto . th dport vmap @service-ips; }}
  chain nat-prerouting {{ type nat hook prerouting priority dstnat; jump services; }}
  chain nat-output {{ type nat hook output priority -100; jump services; }}
  chain nat-postrouting {{
    type nat hook postrouting priority srcnat
    ip saddr {PODS} ip daddr != {PODS} masquerade
    meta mark & 0x4000 != 0 meta mark set meta mark ^ 0x4000 masquerade fully-random
  }}
  chain filter-forward {{
    type filter hook forward priority -110
    ct state new ip daddr . meta l4proto . th dport vmap @no-endpoint-services
  }}
}}
"""


def iptables(ports):
    """kube-proxy's iptables mode: a linear chain of all Services, then two small chains a Service."""
    chains = "".join(f":KUBE-SVC-{p.name} -\n:KUBE-SEP-{p.name} -\n" for p in ports)
    rules = "".join(f"""\
-A KUBE-SERVICES -d {p.vip}/32 -p tcp -m comment --comment "bench/{p.name}" -m tcp --dport {p.port} -j KUBE-SVC-{p.name}
-A KUBE-SVC-{p.name} ! -s {PODS} -d {p.vip}/32 -p tcp -m tcp --dport {p.port} -j KUBE-MARK-MASQ
-A KUBE-SVC-{p.name} -m comment --comment "bench/{p.name}" -j KUBE-SEP-{p.name}
-A KUBE-SEP-{p.name} -s {p.backend}/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-{p.name} -p tcp -m tcp -j DNAT --to-destination {p.backend}:{p.backend_port}
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
-A POSTROUTING -s {PODS} ! -d {PODS} -j MASQUERADE
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
    of_service = ", ".join(f"{{name: {p.name}, port: {p.port}}}" for p in ports)
    of_slice = ", ".join(f"{{name: {p.name}, port: {p.backend_port}}}" for p in ports)
    return f"""apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: bench}}
spec: {{clusterIP: {vip}, ports: [{of_service}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}-1, namespace: bench, labels: {{kubernetes.io/service-name: {name}}}}}
addressType: IPv4
ports: [{of_slice}]
endpoints: [{{addresses: [{ports[0].backend}]}}]
"""
