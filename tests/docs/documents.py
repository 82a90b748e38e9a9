# SPDX-License-Identifier: MIT
"""The documents, taken apart: blocks of code, prose, headings, links; and where failures are collected."""
import dataclasses
import pathlib
import re

FENCE = re.compile(r"^( *)```+(\S*)\s*$")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)|^ *\[[^\]]+\]:\s*(\S+)|(?:href|src)=\"([^\"]+)\"")


@dataclasses.dataclass
class Block:
    language: str
    line: int  # of its first line of code
    text: str


class Document:
    def __init__(self, tree, path):
        self.path = path
        self.name = str(path.relative_to(tree))
        self.lines = path.read_text().split("\n")
        self.blocks = []
        self.prose = []  # (line number, text): all that is in no block
        self._split()

    def _split(self):
        opened = None
        for number, line in enumerate(self.lines, 1):
            fence = FENCE.match(line)
            if opened is None and fence:
                opened, indent, code = Block(fence[2], number + 1, ""), len(fence[1]), []
            elif opened is None:
                self.prose.append((number, line))
            elif fence and not fence[2]:
                opened.text = "".join(line + "\n" for line in code)
                self.blocks.append(opened)
                opened = None
            else:
                code.append(line[indent:] if line[:indent].isspace() else line)
        if opened is not None:  # shown as code up to the end: as its language is none, it is reported
            self.blocks.append(Block("", opened.line, ""))

    def of(self, *languages):
        return [block for block in self.blocks if block.language in languages]

    def spans(self):
        """(line number, text) of what stands between backticks, also where a span goes on in the next line."""
        text = "\n".join(line for _, line in self.prose)
        numbers = [number for number, _ in self.prose]
        for span in re.finditer(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", text, re.S):
            if "\n\n" not in span[2]:
                yield numbers[text.count("\n", 0, span.start())], " ".join(span[2].split())

    def links(self):
        """(line number, target) of links and pictures; code in backticks has none."""
        for number, line in self.prose:
            line = re.sub(r"(`+)[^`]+\1", "code", line)
            for link in LINK.finditer(line):
                yield number, link[1] or link[2] or link[3]

    def anchors(self):
        """What GitHub makes of the headings."""
        seen, anchors = {}, set()
        for _, line in self.prose:
            heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
            if heading:
                text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
                slug = re.sub(r"[^\w\- ]", "", text.replace("*", "")).replace(" ", "-")
                again = seen.get(slug, 0)
                seen[slug] = again + 1
                anchors.add(f"{slug}-{again}" if again else slug)
            anchors.update(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", line))
        return anchors


def all_documents(tree):
    """README.md, and whatever is in docs/ and examples/."""
    paths = [tree / "README.md", *sorted(tree.glob("docs/**/*.md")), *sorted(tree.glob("examples/**/*.md"))]
    return [Document(tree, path) for path in paths]


class Report:
    """Failures as "file:line: what", and how much was looked at."""

    def __init__(self):
        self.failures = 0
        self.counts = {}

    def fail(self, name, line, what):
        self.failures += 1
        print(f"{name}:{line}: {what}", flush=True)

    def count(self, what, number=1):
        self.counts[what] = self.counts.get(what, 0) + number


def read(path):
    return pathlib.Path(path).read_text(errors="replace")
