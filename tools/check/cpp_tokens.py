"""C++ as a list of tokens: what a structural check needs, no more.

Comments and preprocessor lines are dropped (a macro's body is nobody's function), strings and characters become
one token each.
"""

import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"""
    (?P<space>\s+|\\\n)
  | (?P<comment>//(?:[^\n\\]|\\.|\\\n)*|/\*.*?\*/)
  | (?P<raw>(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")
  | (?P<string>(?:u8|[uUL])?"(?:[^"\\\n]|\\.)*")
  | (?P<char>(?:u8|[uUL])?'(?:[^'\\\n]|\\.)+')
  | (?P<number>\.?\d(?:[eEpP][+-]|'(?=[0-9a-fA-F])|[\w.])*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<mark2>::|->|\[\[|&&|\|\||[<>=!+\-*/%&|^]=|\.\.\.|.)
    """,
    re.X | re.S,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.M | re.S)
OPEN, CLOSE = {"(": ")", "[": "]", "{": "}"}, {")", "]", "}"}


@dataclass
class Token:
    text: str
    line: int
    kind: str  # word, number, string, mark
    mate: int = -1  # index of the bracket that closes this one


def _blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def _without_directives(text):
    """Directives blanked; a '#' in a comment or string is left alone as it does not begin its line there (or, in a
    block comment, is dropped with it)."""
    pieces, last = [], 0
    for match in TOKEN.finditer(text):  # raw strings may hold lines that look like directives
        if match.lastgroup and match["raw"]:
            pieces += [DIRECTIVE.sub(_blank, text[last:match.start()]), match[0]]
            last = match.end()
    return "".join(pieces) + DIRECTIVE.sub(_blank, text[last:])


def tokens(text):
    text = _without_directives(text)
    result, line, stack = [], 1, []
    for match in TOKEN.finditer(text):
        piece, start = match[0], line
        line += piece.count("\n")
        if match["space"] or match["comment"]:
            continue
        kind = "word" if match["word"] else "number" if match["number"] else "mark"
        if match["raw"] or match["string"] or match["char"]:
            piece, kind = '""', "string"
        parts = ["[", "["] if piece == "[[" else [piece]
        for part in parts:
            result.append(Token(part, start, kind))
            _pair(result, stack)
    return result


def _pair(result, stack):
    here = len(result) - 1
    text = result[here].text
    if text in OPEN:
        stack.append(here)
    elif text in CLOSE and stack and OPEN[result[stack[-1]].text] == text:
        result[stack.pop()].mate = here
