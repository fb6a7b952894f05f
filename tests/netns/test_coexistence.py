"""Other people's programs, routes and marks on the same node keep working beside ours."""
import unittest

from node import Node, wait_for

WORLD = ("10.99.0.100", "fd99::100")
PINGS = 10


class Programs(unittest.TestCase):
    node = None

    def start(self, config, before=lambda node: None):
        if self.node:
            self.node.close()
        self.node = Node("coex", config=config)
        self.addCleanup(self.node.close)
        self.node.lab_sh("up")
        before(self.node)
        self.node.start_agent()
        self.node.container("a")
        wait_for(lambda: {h["program"] for h in self.node.json("hook", "list") if h["device"] == "eth0"}
                 >= {"bl_from_netdev", "bl_to_netdev"}, 3, "hooks on eth0")
        return self.node

    def counted(self, *names):
        return {name: int(self.node.foreign("count", name)) for name in names}

    def talk(self, where):
        for to in WORLD:
            self.node.run(where, "ping", "-q", "-c", PINGS, "-i", "0.01", "-W", "2", to)

    def check(self, rows):
        """rows: name, counts what comes or goes for containers, too."""
        names = [name for name, _ in rows]
        first = self.counted(*names)
        self.talk("node")
        host = self.counted(*names)
        self.talk("a")
        containers = self.counted(*names)
        for name, sees_containers in rows:
            with self.subTest(program=name):
                self.assertGreaterEqual(host[name] - first[name], 2 * PINGS, "the host's packets")
                # neighbour discovery and the like is nobody's and may be counted at any time
                got = containers[name] - host[name]
                if sees_containers:
                    self.assertGreaterEqual(got, 2 * PINGS)
                else:
                    self.assertLess(got, 2 * PINGS)

    def attach_tcx(self, node, order):
        for where in ("ingress", "egress"):
            name = f"{where}_{order}"
            node.foreign("load", name, -1)
            node.foreign("tcx", name, "eth0", where, order)

    def attach_filter(self, node, priority):
        for where in ("ingress", "egress"):
            name = f"{where}_{priority}"
            node.foreign("load", name, -1)
            node.foreign("filter", name, "eth0", where, priority)

    def test_tcx_programs_before_and_after_ours(self):
        for routing in ("direct", "host"):
            with self.subTest(routing=routing):
                node = self.start(f"routing: {routing}\n", lambda node: self.attach_tcx(node, "before"))
                self.attach_tcx(node, "after")
                self.attach_filter(node, 100)
                through = routing == "host"
                self.check([("ingress_before", True), ("egress_before", True), ("egress_after", True),
                            ("egress_100", True), ("ingress_after", through), ("ingress_100", through)])

    def test_filters_before_and_after_ours(self):
        def before(node):
            self.attach_filter(node, 1)

        node = self.start("attach: clsact\n", before)
        self.attach_filter(node, 20000)
        self.check([("ingress_1", True), ("egress_1", True), ("egress_20000", True), ("ingress_20000", False)])

    def test_a_filter_of_another_kind(self):
        def before(node):
            node.sh("node", """tc qdisc add dev eth0 clsact
                tc filter add dev eth0 ingress pref 1 u32 match u32 0xffffffff 0xffffffff at 0 classid 1:1""")

        node = self.start("attach: clsact\n", before)
        self.talk("a")
        self.assertIn("u32", node.sh("node", "tc filter show dev eth0 ingress"))

    def test_a_program_that_came_later_and_drops_does_so_before_ours(self):
        node = self.start("")
        node.foreign("load", "drop", 2)
        node.foreign("tcx", "drop", "eth0", "ingress", "before")
        self.assertNotEqual(node.run("a", "ping", "-c", "1", "-W", "0.3", WORLD[0], check=False).returncode, 0)
        node.run("node", "rm", "/sys/fs/bpf/foreign_drop_link")
        self.talk("a")

    def test_an_xdp_program_of_somebody_else_keeps_its_place_and_tc_does_our_work(self):
        def before(node):
            node.foreign("xdp", "pass", "eth0")

        node = self.start("xdp: native\n", before)
        problems = node.json("status")["errors"]
        self.assertTrue(any("xdp: eth0" in p and "tc does its work" in p for p in problems), problems)
        first = self.counted("pass")["pass"]
        self.talk("a")
        self.assertGreaterEqual(self.counted("pass")["pass"] - first, 2 * PINGS)

    def test_xdp_comes_moves_and_goes_with_the_configuration(self):
        node = self.start("xdp: generic\n")
        for mode, config in (("xdp/generic", None), ("xdp/native", 'xdp: {"e*": native}\n'), (None, "")):
            with self.subTest(mode=mode):
                if config is not None:
                    node.stop_agent()
                    node.config = config
                    node.start_agent()
                hooks = [h["hook"] for h in node.json("hook", "list") if h["program"] == "bl_xdp"]
                self.assertEqual(hooks, [mode] if mode else [])
                self.talk("a")

    def test_others_stay_in_place_while_the_agent_restarts(self):
        node = self.start("", lambda node: self.attach_tcx(node, "before"))
        self.attach_tcx(node, "after")
        order = [h["program_id"] for h in node.json("hook", "list") if h["device"] == "eth0"]
        node.stop_agent()
        node.start_agent()
        now = [(h["program_id"], h["program"]) for h in node.json("hook", "list") if h["device"] == "eth0"]
        self.assertEqual(len(order), len(now))
        for was, (is_, name) in zip(order, now):
            if not name.startswith("bl_"):
                self.assertEqual(was, is_)
        self.talk("a")


class Others(unittest.TestCase):
    def test_our_routes_say_whose_they_are(self):
        with Node("coex-routes") as node:
            a4, a6 = node.container("a")
            ours = node.sh("node", "ip route show proto 112; ip -6 route show proto 112")
            for prefix in ("10.244.1.0/24", "fd44:1::/64"):
                self.assertIn(prefix, ours)
            theirs = node.sh("node", "ip route; ip -6 route")
            for line in theirs.splitlines():
                if "10.244.1." in line or "fd44:1:" in line:
                    self.assertRegex(line, "proto (112|kernel)", line)

    def test_a_mark_of_our_own_where_others_use_the_usual_one(self):
        rules = """
            table inet theirs {
              chain out { type route hook output priority 0; meta mark set meta mark or 0x1000; }
              chain in { type filter hook prerouting priority -300; meta mark set meta mark or 0x1000; }
            }"""
        for config in ("mark: 0x4000\n", "mark: 0x4000\nrouting: host\ndelivery: veth\n"):
            with self.subTest(config=config), Node("coex-mark", config=config) as node:
                node.run("node", "nft", rules)
                a, b = node.container("a"), node.container("b")
                node.serve("b", "tcp:8080")
                node.serve("world", "tcp:8080")
                for to, b_addr, seen in zip(WORLD, b, ("10.99.0.11", "fd99::11")):
                    self.assertEqual(node.ask("a", "tcp", to, 8080)["sees"], seen)
                    for where in ("a", "node", "world"):
                        self.assertEqual(node.ask(where, "tcp", b_addr, 8080)["ok"], 1, where)


if __name__ == "__main__":
    unittest.main()
