"""Functions of a C++ file: where they are, how long, how many parameters, how deeply nested.

A small recursive-descent reader over cpp_tokens. It knows what a brace means by what stands before it: a scope
(namespace, class), a function's body, an initializer, a lambda, a statement expression. Macros are read as written.
"""

from dataclasses import dataclass

from cpp_tokens import tokens

SCOPES = {"struct", "class", "union", "namespace", "enum"}
LOOPS = {"if", "for", "while", "switch"}
# Words whose parentheses are no parameter list.
NOT_PARAMETERS = {"alignas", "__attribute__", "decltype", "noexcept", "requires", "SEC", "__declspec", "explicit"}
# Words that may stand between a parameter list and the body; any other says that a macro call came before.
TAIL = {"const", "volatile", "noexcept", "override", "final", "mutable", "requires", "try", "__attribute__"}


@dataclass
class Function:
    name: str
    line: int
    end: int
    parameters: int
    nesting: int
    section: bool = False  # a BPF program: SEC(...) stands before it

    @property
    def lines(self):
        return self.end - self.line + 1


class Reader:
    def __init__(self, text):
        self.t = tokens(text)
        self.found = []
        self._depths = []  # deepest nesting of the function being read, innermost last

    def at(self, i):
        return self.t[i].text if 0 <= i < len(self.t) else ""

    def close(self, i):
        """Index of the bracket that closes the one at i; the end of the file when the text is unbalanced."""
        return self.t[i].mate if self.t[i].mate > i else len(self.t) - 1

    # Declarations: at namespace and class scope.

    def scope(self, i, end):
        head = i
        while i < end:
            text = self.at(i)
            if text == ";" or (text == ":" and self.at(i - 1) in ("public", "private", "protected")):
                head = i = i + 1
            elif text == "=" and self.at(i - 1) != "operator":
                head = i = self.expression(i + 1, end)
            elif text == "{":
                head, i = self.brace(head, i)
            elif text in "([":
                i = self.close(i) + 1
            else:
                i += 1

    def brace(self, head, i):
        """The brace at i of a declaration that began at head; (new head, where to go on)."""
        end = self.close(i)
        parameters = self.parameter_list(head, i)
        if parameters is None:
            words = {self.at(k) for k in range(head, i)}
            if "enum" in words:
                return head, end + 1
            if words & SCOPES or "extern" in words:
                self.scope(i + 1, end)
                return (end + 1 if "namespace" in words or "extern" in words else head), end + 1
            self.expression(i + 1, end)  # T x{...}
            return head, end + 1
        if self.member_initializer(parameters, i):
            self.expression(i + 1, end)
            return head, end + 1
        self.function(head, parameters, i)
        return end + 1, end + 1

    def parameter_list(self, head, i):
        """Index of the '(' that opens the parameters of the function whose body would start at i, or None."""
        k = head
        while k < i:
            if self.at(k) == "template" and self.at(k + 1) == "<":
                k = self.angle(k + 1)
                continue
            if self.at(k) == "(" and self.at(k - 1) not in NOT_PARAMETERS and (
                    self.t[k - 1].kind == "word" or self.at(k - 1) in ">)=" or self.at(k - 2) == "operator"
                    or self.at(k - 3) == "operator"):
                if self.at(k - 1) == "operator":
                    k = self.close(k) + 1  # operator()
                after = self.close(k) + 1
                if after >= i or self.t[after].kind != "word" or self.at(after) in TAIL:
                    return k
            k = self.close(k) + 1 if self.at(k) in ("(", "[", "{") else k + 1
        return None

    def angle(self, i):
        """Index after the '>' that closes the '<' at i."""
        depth = 0
        while i < len(self.t):
            text = self.at(i)
            depth += (text == "<") - (text == ">")
            if text in ("(", "[", "{"):
                i = self.close(i)
            i += 1
            if depth == 0:
                return i
        return i

    def member_initializer(self, parameters, i):
        """True when the brace at i initializes a member: `X(...) : a_{1} {`."""
        after = self.close(parameters) + 1
        in_list = any(self.at(k) == ":" for k in self.flat(after, i))
        return in_list and (self.t[i - 1].kind == "word" or self.at(i - 1) == ">")

    def flat(self, i, end):
        while i < end:
            yield i
            i = self.close(i) + 1 if self.at(i) in ("(", "[", "{") else i + 1

    # Functions.

    def function(self, head, parameters, body, name=None):
        self._depths.append(0)
        end = self.close(body)
        self.block(body + 1, end, 0)
        begin = self.t[parameters - 1].line if parameters is not None else self.t[head].line
        section = any(self.at(k) == "SEC" for k in range(head, body))
        name = name or self.name(parameters)
        count = self.count(parameters) if parameters is not None else 0
        self.found.append(Function(name, begin, self.t[end].line, count, self._depths.pop(), section))

    def name(self, parameters):
        """What stands before the parameters; of TEST(Suite, Sentence) what stands in them."""
        before = self.at(parameters - 1)
        if before in ("TEST", "TEST_F", "TEST_P", "BENCHMARK_F"):
            return ".".join(self.at(k) for k in range(parameters + 1, self.close(parameters)) if self.at(k) != ",")
        k = parameters - 1
        while k > 0 and self.t[k].kind != "word":
            k -= 1
        return self.at(k) + ("" if k == parameters - 1 else "".join(self.at(j) for j in range(k + 1, parameters)))

    def count(self, i):
        """Parameters in the list that opens at i."""
        end, commas, angle = self.close(i), 0, 0
        if end == i + 1 or (end == i + 2 and self.at(i + 1) == "void"):
            return 0
        k = i + 1
        while k < end:
            text = self.at(k)
            angle = max(0, angle + (text == "<") - (text == ">"))
            commas += text == "," and angle == 0
            k = self.close(k) + 1 if text in ("(", "[", "{") else k + 1
        return commas + 1

    # Statements: inside a function's body.

    def deepen(self, depth):
        self._depths[-1] = max(self._depths[-1], depth)
        return depth

    def block(self, i, end, depth):
        while i < end:
            i = self.statement(i, end, depth)

    def statement(self, i, end, depth):
        """Read one statement; index after it."""
        text = self.at(i)
        if text == "{":
            self.block(i + 1, self.close(i), depth)
            return self.close(i) + 1
        if text in LOOPS:
            return self.control(i, end, depth)
        if text == "do":
            i = self.statement(i + 1, end, self.deepen(depth + 1))
            return self.expression(i, end)
        if text == "try":
            return self.statement(i + 1, end, self.deepen(depth + 1))
        if text == "catch":
            return self.statement(self.close(i + 1) + 1, end, self.deepen(depth + 1))
        if text == "else":
            return self.statement(i + 1, end, depth + 1)
        if text in ("case", "default") or (self.at(i + 1) == ":" and self.t[i].kind == "word"):
            return self.label(i, end)
        if text in SCOPES and self.local_type(i, end) is not None:
            brace = self.local_type(i, end)
            if text != "enum":
                self.scope(brace + 1, self.close(brace))
            return self.expression(self.close(brace) + 1, end)
        if self.macro_loop(i):
            i = self.close(i + 1) + 1
            return self.statement(i, end, self.deepen(depth + 1))
        return self.expression(i, end, depth)

    def control(self, i, end, depth):
        k = i + 1
        while self.at(k) in ("constexpr", "consteval", "!"):
            k += 1
        if self.at(k) == "(":
            self.expression(k + 1, self.close(k), depth)
            k = self.close(k) + 1
        k = self.statement(k, end, self.deepen(depth + 1))
        if self.at(i) == "if" and self.at(k) == "else":
            k += 1  # `else if` is a row of one decision, not a level
            k = self.control(k, end, depth) if self.at(k) == "if" else self.statement(k, end, depth + 1)
        return k

    def label(self, i, end):
        while i < end and self.at(i) != ":":
            i = self.close(i) + 1 if self.at(i) in ("(", "{") else i + 1
        return i + 1

    def local_type(self, i, end):
        """Index of the brace that opens a local struct; None if `struct X` only names one."""
        for k in range(i + 1, end):
            if self.at(k) == "{":
                return k
            if self.at(k) in (";", "(", "=", "*", "&"):
                return None
        return None

    def macro_loop(self, i):
        """bpf_for(i, 0, 10) {"""
        return self.t[i].kind == "word" and self.at(i + 1) == "(" and self.at(self.close(i + 1) + 1) == "{"

    def expression(self, i, end, depth=0):
        """Read on to after the ';' (or to end), looking into the braces met on the way."""
        while i < end:
            text = self.at(i)
            if text == ";":
                return i + 1
            if text == "[" and self.lambda_body(i):
                i = self.lambda_(i)
            elif text == "(" and self.at(i + 1) == "{":
                self.block(i + 2, self.close(i + 1), depth) if self._depths else None
                i = self.close(i) + 1
            elif text in ("(", "[", "{"):
                self.expression_list(i, depth)
                i = self.close(i) + 1
            else:
                i += 1
        return i

    def expression_list(self, i, depth):
        k, end = i + 1, self.close(i)
        while k < end:
            k = self.expression(k, end, depth)

    def lambda_body(self, i):
        """Index of the '{' of the lambda whose capture opens at i, or None."""
        before = self.t[i - 1] if i else None
        if before and (before.kind == "word" and before.text not in ("return", "co_return", "else")
                       or before.text in (")", "]") or before.kind == "string"):
            return None
        if self.at(i + 1) == "[":
            return None
        k = self.close(i) + 1
        if self.at(k) == "<":
            k = self.angle(k)
        if self.at(k) == "(":
            k = self.close(k) + 1
        while k < len(self.t) and self.at(k) not in ("{", ";", ",", ")", "]", "}"):
            k = self.close(k) + 1 if self.at(k) in ("(", "[") else k + 1
        return k if self.at(k) == "{" else None

    def lambda_(self, i):
        body = self.lambda_body(i)
        k = self.close(i) + 1
        if self.at(k) == "<":
            k = self.angle(k)
        self.function(i, k if self.at(k) == "(" else None, body, name="lambda")
        return self.close(body) + 1


def functions(text):
    reader = Reader(text)
    reader.scope(0, len(reader.t))
    return sorted(reader.found, key=lambda f: f.line)
