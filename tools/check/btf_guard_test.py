import subprocess
import unittest

import btf_guard
from planted import PlantedTree

FLAGS = ["-x", "c++", "-std=c++20", "-target", "bpf", "-mcpu=v3", "-O2", "-fno-exceptions", "-fno-rtti", "-g",
         "-fno-autolink", "-fstandalone-debug"]
GOOD = """
struct __sk_buff { unsigned len; };
template <class T> struct Box { T a; };
Box<unsigned> boxes;
static __attribute__((noinline)) int inner(struct __sk_buff* skb) { boxes.a += skb->len; return 0; }
extern "C" {
__attribute__((section("license"), used)) char bl_license[] = "Dual BSD/GPL";
__attribute__((section("tc"), used)) int prog(struct __sk_buff* skb) { return inner(skb); }
}
"""


class BtfGuard(PlantedTree):
    def problems(self, text, *more):
        self.write("x.bpf.cpp", text)
        path = self.root / "build/dev/bpf/x.bpf.o"
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = self.root / "x.o"
        subprocess.run(["clang-19", *FLAGS, *more, "-c", str(self.root / "x.bpf.cpp"), "-o", str(raw)], check=True)
        subprocess.run([btf_guard.BPFTOOL, "gen", "object", str(path), str(raw)], check=True)
        return btf_guard.check(self.tree())

    def test_a_good_object_is_clean(self):
        self.clean(self.problems(GOOD, "-gsimple-template-names"))

    def test_a_function_of_the_kernel_is_left_to_libbpf(self):
        kfunc = 'extern "C" __attribute__((weak, section(".ksyms"))) extern void* bpf_x(void* ctx);\n'
        self.clean(self.problems(kfunc + GOOD.replace("return inner(skb)", "return inner(skb) + (bpf_x(skb) != 0)"),
                                 "-gsimple-template-names"))

    def test_a_template_name_is_found(self):
        self.found(self.problems(GOOD), "BTF STRUCT 'Box<unsigned int>' is no C identifier")

    def test_an_unnamed_parameter_is_found(self):
        bad = GOOD.replace("int prog(struct __sk_buff* skb) { return inner(skb); }",
                           "int prog(struct __sk_buff*) { return 0; }")
        self.found(self.problems(bad, "-gsimple-template-names"), "'prog' has an unnamed parameter")

    def test_a_function_without_btf_is_found(self):
        bad = GOOD.replace("static __attribute__((noinline))", "static __attribute__((noinline, nodebug))")
        self.assertIn("in section '.text' has no BTF", str(self.problems(bad, "-gsimple-template-names")[0]))

    def test_another_license_is_found(self):
        self.found(self.problems(GOOD.replace("Dual BSD", "Dual MIT"), "-gsimple-template-names"), "its license is not")

    def test_nothing_built_is_no_success(self):
        self.found(btf_guard.check(self.tree()), "holds no *.bpf.o")

    def test_rubbish_is_no_success(self):
        self.write("build/dev/bpf/x.bpf.o", "rubbish")
        self.found(btf_guard.check(self.tree()), "is no little-endian ELF64 object")


if __name__ == "__main__":
    unittest.main()
