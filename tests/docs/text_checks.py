# SPDX-License-Identifier: MIT
"""What can be said of the documents without running anything: languages of blocks, links, names, paths, options."""
import json
import os
import re
import subprocess
import urllib.parse

from documents import read

LANGUAGES = {"c", "cpp", "sh", "python", "cmake", "json", "text", "console"}

# Names that documents need although there is nothing of that name.
HYPOTHETICAL = {
    "VPF_2": "the symbols of a second major version",
    "vpf_model_x": "x is any name, in vpf.hpp",
    "vpf_model_get_x": "x is any name, in vpf.hpp",
    "vpf::x": "x is any name, in vpf.hpp",
}

NAME = re.compile(r"(?<![A-Za-z0-9_])(?:-D)?((?:vpfi?|VPFI?)_\w*)(\*?)(?:(?:\.|->)(\w+))?")
PATH = re.compile(r"(?<![\w./-])((?:lib|include|tests|examples|docs|cmake|vpf)/[\w./*+-]*)")
FILE_SUFFIXES = {"c", "h", "hpp", "cpp", "py", "sh", "md", "cmake", "in", "so", "a", "pc"}


# ---- blocks ----

def check_languages(document, report):
    for block in document.blocks:
        report.count("blocks")
        if block.language not in LANGUAGES:
            report.fail(document.name, block.line - 1, f"unknown language {block.language}" if block.language else
                        "a block without a language, or without end")
    for number, line in document.prose:
        if re.match(r" *(?:~~~|```)", line):
            report.fail(document.name, number, "a fence that is not understood: ```language is what this test knows")


def check_json(document, report):
    for block in document.of("json"):
        report.count("json blocks")
        try:
            for line in block.text.splitlines() if is_json_lines(block.text) else [block.text]:
                json.loads(line)
        except ValueError as error:
            report.fail(document.name, block.line, f"not JSON: {error}")


def is_json_lines(text):
    lines = text.splitlines()
    return len(lines) > 1 and all(line.startswith("{") and line.endswith("}") for line in lines)


# ---- links ----

def check_links(tree, documents, report):
    allowed_file = tree / "tests/docs/external-links.txt"
    allowed = [line.strip() for line in read(allowed_file).splitlines() if line.strip() and not line.startswith("#")]
    used = set()
    anchors = {document.path.resolve(): document.anchors() for document in documents}
    for document in documents:
        for number, target in document.links():
            report.count("links")
            if not re.match(r"[a-z]+:", target):
                check_relative_link(document, number, target, anchors, report)
        for number, line in enumerate(document.lines, 1):
            for url in re.findall(r"\b(?:https?|ftp)://[^\s)>\"'`|\]]+", line):
                url = url.rstrip(".,;:")
                used.add(url)
                if not url.startswith("https://"):
                    report.fail(document.name, number, f"{url} is not https")
                elif url not in allowed:
                    report.fail(document.name, number, f"{url} is not in tests/docs/external-links.txt")
    for number, line in enumerate(read(allowed_file).splitlines(), 1):
        if line.strip() in allowed and line.strip() not in used:
            report.fail("tests/docs/external-links.txt", number, f"nothing links to {line.strip()}")


def check_relative_link(document, number, target, anchors, report):
    file, _, anchor = urllib.parse.unquote(target).partition("#")
    path = (document.path.parent / file).resolve() if file else document.path.resolve()
    if not path.exists():
        report.fail(document.name, number, f"link to {file}, which does not exist")
    elif anchor:
        report.count("anchors")
        if path in anchors and anchor not in anchors[path]:
            report.fail(document.name, number, f"link to #{anchor}, which is no heading of {path.name}")


def check_index(tree, documents, report):
    """Every guide is linked from the list of guides."""
    index = next(document for document in documents if document.name == "docs/README.md")
    linked = {(index.path.parent / target.partition("#")[0]).resolve() for _, target in index.links()}
    for document in documents:
        if document.path.parent == tree / "docs" and document is not index and document.path.resolve() not in linked:
            report.fail(document.name, 1, "is not linked from docs/README.md")


# ---- names ----

def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


def files(tree, folders, *suffixes):
    for folder in folders:
        for path in sorted((tree / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path


class Names:
    """Everything whose name begins with vpf_ or VPF_, from where it is defined, and the fields of structs."""

    BUILD = (r"\b(?:option|function|macro|add_library|add_executable|add_custom_target)\((\w+)",
             r"\bset\((\w+)[^()]*\bCACHE\b", r"\bset\((VPF_\w+)", r"find_library\((vpf_\w+)",
             r"target_compile_definitions\([^)]*?\b(VPF_\w+)")
    CODE = (r"getenv\(\"(\w+)\"\)", r"environ(?:\.get\(|\[)\"(\w+)\"")

    def __init__(self, tree):
        headers = without_comments("\n".join(read(path) for path in files(tree, ["include"], ".h", ".hpp")))
        library = without_comments("\n".join(read(path) for path in files(tree, ["lib"], ".c", ".h")))
        build = [tree / "CMakeLists.txt", *files(tree, ["cmake", "lib", "examples", "tests"], ".cmake", ".txt", ".in")]
        sources = files(tree, ["lib", "examples", "tests"], ".c", ".cpp", ".py")
        self.public = set(re.findall(r"\b(?:vpf|VPF)_\w+", headers))
        keys = "".join(map(read, files(tree, ["lib/store", "lib/api"], ".c", ".h")))  # those of files
        self.public.update(re.findall(r"\"(vpf_[a-z0-9_]+)\"", keys))
        self.public.update(re.findall(r"^(VPF_\w+) \{", read(tree / "cmake/libvpf.map"), re.M))
        for texts, patterns in ((build, self.BUILD), (sources, self.CODE)):
            for text in map(read, texts):
                self.public.update(name for pattern in patterns for name in re.findall(pattern, text))
        for prefix in re.findall(r"find_library\((vpf_)\$\{\w+\}_LIBRARY", "".join(map(read, build))):
            self.public.update(f"{prefix}{name}_LIBRARY" for name in
                               re.findall(r"vpf_find_library\((\w+)", "".join(map(read, build))))
        self.internal = set(re.findall(r"\b(?:vpfi|VPFI)_\w+", library))
        self.structs = dict(re.findall(r"\bstruct (vpf_\w+) \{(.*?)\n\}", headers, re.S))
        self.scoped = set(re.findall(r"\b\w+\b", without_comments(read(tree / "include/vpf.hpp"))))
        self.scoped.update(re.findall(r"vpf::(\w+)", "".join(map(read, build))))

    def problem(self, name, star, field):
        """What is wrong with a name, or None."""
        known = self.internal if name.lower().startswith("vpfi_") else self.public
        if name in HYPOTHETICAL or name in ("vpf_", "vpfi_", "VPF_", "VPFI_"):
            return None
        if star or name.endswith("_"):
            return None if any(other.startswith(name) for other in known) else f"nothing begins with {name}"
        if name not in known:
            return f"there is no {name}"
        if field and name in self.structs and not re.search(rf"\b{field}\b", self.structs[name]):
            return f"{name} has no field {field}"
        return None


def check_names(where, numbered_lines, names, file_names, report):
    for number, line in numbered_lines:
        for match in NAME.finditer(line):
            name, star, field = match.groups()
            report.count("names")
            if field in FILE_SUFFIXES:
                if f"{name}.{field}" not in file_names:
                    report.fail(where, number, f"there is no file {name}.{field}")
                continue
            problem = names.problem(name, star, field)
            if problem:
                report.fail(where, number, problem)
        for name in re.findall(r"\bvpf::(\w+)", line):
            report.count("names")
            if name not in names.scoped and f"vpf::{name}" not in HYPOTHETICAL:
                report.fail(where, number, f"there is no vpf::{name}")


def comments(text):
    """(line number, text) of each line of a comment."""
    for comment in re.finditer(r"/\*.*?\*/|//[^\n]*", text, re.S):
        first = text.count("\n", 0, comment.start()) + 1
        yield from enumerate(comment[0].split("\n"), first)


def check_all_names(tree, documents, report):
    names = Names(tree)
    file_names = {path.name for folder in ("include", "lib", "examples", "tests", "cmake") for path in
                  (tree / folder).rglob("*")}
    for document in documents:
        check_names(document.name, enumerate(document.lines, 1), names, file_names, report)
        check_paths(tree, document.name, document.spans(), report)
    for header in files(tree, ["include"], ".h", ".hpp"):
        where = str(header.relative_to(tree))
        check_names(where, comments(read(header)), names, file_names, report)
        check_paths(tree, where, comments(read(header)), report)


def check_paths(tree, where, numbered_texts, report):
    for number, text in numbered_texts:
        for path in PATH.findall(text):
            path = path.rstrip(".")
            report.count("paths")
            pattern = "include/" + path if path.startswith("vpf/") else path
            if not any(tree.glob(pattern.rstrip("/"))):
                report.fail(where, number, f"there is no {path}")


# ---- options ----

class Options:
    """Which options each program of ours has, and each command of a program that lists commands: by its --help, or, of
    a script, by its text."""

    def __init__(self, tree, programs):
        self.texts = {str(path.relative_to(tree)): read(path)
                      for path in files(tree, ["examples", "tests", "cmake"], ".sh", ".py")}
        for program in sorted(programs.iterdir()):
            if program.is_file() and os.access(program, os.X_OK) and b"--help" in program.read_bytes():
                self.texts[program.name] = self.help(program)
                listed = re.search(r"^Commands:\n(.*?)\n\n", self.texts[program.name], re.M | re.S)
                for command in re.findall(r"^  (\w+)", listed[1], re.M) if listed else ():
                    self.texts[f"{program.name} {command}"] = self.help(program, command)

    @staticmethod
    def help(program, *command):
        done = subprocess.run([program, *command, "--help"], capture_output=True, text=True, cwd=program.parent,
                              timeout=60, check=False)
        return done.stdout

    def find(self, word):
        """The program of ours that a word of a command names: by its path in the sources, or by its name alone."""
        name = word.rsplit("/", 1)[-1]
        same_name = [key for key in self.texts if key.rsplit("/", 1)[-1] == name]
        return word if word in self.texts else same_name[0] if len(same_name) == 1 else None

    def program(self, command):
        """The program of ours in a command, if there is one, and what follows it."""
        words = command.split()
        for index, word in enumerate(words):
            program, rest = self.find(word), words[index + 1:]
            if program and rest and f"{program} {rest[0]}" in self.texts:
                return f"{program} {rest[0]}", rest[1:]
            if program:
                return program, rest
        return None, words

    def unknown(self, program, words):
        for word in words:
            option = re.match(r"\W{0,2}(--[a-z][\w-]*)", word)
            if option and not re.search(rf"{option[1]}(?![\w-])", self.texts[program]):
                yield option[1]


def command_lines(document):
    """(line number, text): code in backticks, and the lines of sh and console blocks with continuations joined."""
    yield from document.spans()
    for block in document.of("sh", "console"):
        number = block.line
        for line in block.text.replace("\\\n", "\x00").split("\n"):
            yield number, line.replace("\x00", " ")
            number += 1 + line.count("\x00")


def check_options(document, options, report):
    for number, line in command_lines(document):
        code, _, comment = line.partition(" #")
        last = None
        for command in re.split(r"&&|\|\||[;|]", code):
            program, words = options.program(command)
            if program:
                last = program
                check_words(document.name, number, options, program, words, report)
        if last:
            check_words(document.name, number, options, last, comment.split(), report)


def check_words(where, number, options, program, words, report):
    report.count("options", sum("--" in word for word in words))
    for option in options.unknown(program, words):
        report.fail(where, number, f"{program} has no option {option}")
