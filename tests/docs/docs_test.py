# SPDX-License-Identifier: MIT
"""docs_test.py <source tree> <build folder> <prefix> <scratch folder> [documents...]

What README.md and every page in docs/ and examples/ says is tried: each block of code is compiled and run, each
command carried out, each link followed, each name looked up. <prefix> is where the build was installed. With
documents, only these (docs/quickstart.md). CC, CXX and the flags of pkg-config come by the environment.

A block of C or C++ is a whole translation unit. With main() it is run, beside train-images-idx3-ubyte and
model.safetensors. Without, its functions are called by the driver tests/docs/<document>.c (or .cpp), which has to
call every one of them. Blocks of Python run by themselves, after those. The commands of a document are run one after
the other in a copy of the sources that has data/mnist, what the tables below say excepted. Blocks of CMake are
configured, see cmake_project(). Text and console blocks are output and are not run.
"""
import gzip
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys

import text_checks
from documents import Report, all_documents, read

TRAIN, TEST = 600, 100  # images that there are; reproduce --quick keeps 400 for validation

# Commands that are looked at, not carried out: the script has to be there and to know the options.
NOT_RUN = [
    (r"sh examples/quickstart\.sh", "installs packages and trains for minutes; the quickstart goes through its steps"),
    (r"sh tests/run\.sh", "runs all tests, this one too"),
    (r"ctest", "the same"),
    (r"sh tests/bench/\w+\.sh", "takes long; a test of its own runs it with --quick"),
    (r"sh tests/abi/abi_test\.sh", "a test of its own"),
    (r"git config", "the copy that is tried is not a repository"),
    (r"sh tests/(?:emulated|blas)\.sh", "installs compilers and libraries, and takes long"),
    (r"sh cmake/packages\.sh", "installs packages; install/packages_test runs it"),
]

# What is written is done, but smaller.
SUBSTITUTIONS = [
    (r"((?:train_mnist|vpf train) .*--epochs) 20\b", r"\1 1"),
    (r"(vpf sample .*--long-chain) 1000\b", r"\1 20"),
    (r"(vpf evaluate (?!.*--(?:quick|help)).*--data \S+)", r"\1 --quick"),  # thousands of temperatures
    (r"(reproduce (?!.*--(?:quick|help)).*--out \S+)", r"\1 --quick --only filters"),  # an hour
    (r"(cmake (?:-S \. )?-B \S+)(?!.*VPF_BUILD_TESTS)", r"\1 -DVPF_BUILD_TESTS=OFF"),  # another minute
    (r"(cmake --build \S+) -j(?! ?\d)", r"\1 -j 2"),
    (r"(?<![\w/${])(?:PREFIX|DIR)\b", '"$DOCS_PREFIX"'),  # where a reader writes a folder of his own
]


class Places:
    """Where things are, and the environment of everything that runs."""

    def __init__(self, tree, build, prefix, scratch):
        self.tree, self.build, self.prefix, self.scratch = tree, build, prefix, scratch
        self.shims = tree / "tests/docs/shims"
        self.images = scratch / "images"
        self.model = scratch / "model.safetensors"
        self.copy = scratch / "tree"  # always the same place, so that compile_once knows it again
        library = next(prefix.rglob("libvpf.so.1"))
        self.environment = {**os.environ, "LD_LIBRARY_PATH": str(library.parent)}
        self.python = {**self.environment, "PYTHONPATH": str(tree / "examples/python"), "VPF_LIBRARY": str(library)}
        self.cflags = output(["pkg-config", "--cflags", "vpf"], self.environment).split()
        self.libs = output(["pkg-config", "--libs", "vpf"], self.environment).split()

    def folder(self, document):
        """A folder for the programs of a document, with what they read."""
        folder = self.scratch / "programs" / document.name
        if not folder.exists():
            folder.mkdir(parents=True)
            shutil.copy(self.images / "train-images-idx3-ubyte", folder)
            shutil.copy(self.model, folder)
        return folder


def output(command, environment):
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def run(command, folder, environment, timeout=120):
    """Exit status and all output. What does not end in time is ended, with all that it has started."""
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True) as process:
        try:
            text, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            text = process.communicate()[0] + f"\nhas not ended after {timeout} s"
    return process.returncode, text


def tail(text, lines=12):
    return "\n".join("  | " + line for line in text.strip().split("\n")[-lines:])


# ---- images and a model to work with ----

def cut_idx(source, target, rows):
    """The first rows of an IDX file: a magic number whose last byte is the number of dimensions, these, the bytes."""
    raw = gzip.decompress(source.read_bytes())
    shape = struct.unpack_from(f">{raw[3]}I", raw, 4)
    size = rows
    for length in shape[1:]:
        size *= length
    begin = 4 + 4 * len(shape)
    target.write_bytes(raw[:4] + struct.pack(f">{len(shape)}I", rows, *shape[1:]) + raw[begin:begin + size])


def make_images(places):
    places.images.mkdir()
    for name, rows in (("train", TRAIN), ("t10k", TEST)):
        cut_idx(places.tree / f"examples/sample/{name}-images-idx3-ubyte.gz",
                places.images / f"{name}-images-idx3-ubyte", rows)
        labels = struct.pack(">2I", 0x801, rows) + bytes(rows)
        (places.images / f"{name}-labels-idx1-ubyte").write_bytes(labels)


def make_model(places):
    train = [places.build / "examples/train_mnist", "--data", places.images, "--epochs", "1", "--out", "out"]
    status, text = run(train, places.scratch, places.environment)
    if status:
        sys.exit(f"train_mnist failed\n{tail(text)}")
    shutil.copy(places.scratch / "out/model.safetensors", places.model)


# ---- C and C++ ----

LANGUAGE = {  # compiler, flags, suffix
    "c": ("CC", ["-std=c11"], ".c"),
    "cpp": ("CXX", ["-std=c++17"], ".cpp"),
}


def compile_object(language, source, places):
    """Compile with all warnings; the object, and what the compiler says."""
    compiler, flags, _ = LANGUAGE[language]
    target = source.with_suffix(source.suffix + ".o")
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    status, text = run([os.environ[compiler], *flags, *warnings, *places.cflags, "-c", source, "-o", target],
                       source.parent, places.environment)
    return target if status == 0 else None, text


def link(language, objects, program, places):
    compiler, _, _ = LANGUAGE[language]
    return run([os.environ[compiler], *objects, "-o", program, *places.libs], program.parent, places.environment)


def symbols(target, *flags):
    """Global names of an object, as its source has them."""
    lines = output(["nm", "-C", "-g", *flags, target], os.environ).splitlines()
    named = (re.match(r"[0-9a-f ]*(\w) (.*)", line) for line in lines)
    return {match[2].partition("(")[0] for match in named if match[1] not in "VWvw"}  # weak: inline C++


def check_compiled(document, language, places, report):
    """Every block of a language: compiled; those with main() run, the others linked with a driver and run."""
    folder, suffix = places.folder(document), LANGUAGE[language][2]
    programs, parts = [], []
    for block in document.of(language):
        report.count(f"{language} blocks")
        source = folder / f"block_{block.line}{suffix}"
        source.write_text(f'#line {block.line} "{document.name}"\n{block.text}')
        target, text = compile_object(language, source, places)
        if target is None:
            report.fail(document.name, block.line, f"does not compile\n{tail(text)}")
        else:
            (programs if "main" in symbols(target, "--defined-only") else parts).append((block, target))
    if parts:
        check_parts(document, language, parts, places, report)
    for block, target in programs:
        link_and_run(document.name, block.line, language, [target], folder / f"program_{block.line}", places, report)


def check_parts(document, language, parts, places, report):
    """Functions: a driver calls every one of them."""
    folder, suffix = places.folder(document), LANGUAGE[language][2]
    driver = places.tree / "tests/docs" / (document.path.stem + suffix)
    name = f"tests/docs/{driver.name}"
    if not driver.exists():
        report.fail(document.name, parts[0][0].line, f"a block without main(), and there is no {name} that calls it")
        return
    source = folder / f"driver{suffix}"
    source.write_text(f'#line 1 "{name}"\n' + read(driver))
    target, text = compile_object(language, source, places)
    if target is None:
        report.fail(name, 1, f"does not compile\n{tail(text)}")
        return
    called = symbols(target, "--undefined-only")
    for block, part in parts:
        for function in sorted(symbols(part, "--defined-only") - called):
            report.fail(document.name, block.line, f"{function} is not called by {name}")
    link_and_run(name, 1, language, [target, *(part for _, part in parts)], folder / "driver", places, report)


def link_and_run(name, line, language, objects, program, places, report):
    status, text = link(language, objects, program, places)
    if status:
        report.fail(name, line, f"does not link\n{tail(text)}")
        return
    status, text = run([program], program.parent, places.environment)
    if status:
        report.fail(name, line, f"exit status {status}\n{tail(text)}")
    report.count("programs run")


# ---- Python ----

def check_python(document, places, report):
    for block in document.of("python"):
        report.count("python blocks")
        folder = places.folder(document)
        source = folder / f"block_{block.line}.py"
        source.write_text("\n" * (block.line - 1) + block.text)  # so that a traceback has the line of the document
        status, text = run([sys.executable, source], folder, places.python)
        if status:
            report.fail(document.name, block.line, f"exit status {status}\n{tail(text)}")


# ---- CMake ----

def cmake_project(block, document, folder):
    """Make a block of CMake a project in a folder: whole lists are taken as they are; around others goes what they
    take for granted, a project and the targets that they speak of. Returns whether it was whole."""
    whole = "project(" in block.text
    text = block.text
    if not whole:
        made = set(re.findall(r"add_(?:executable|library)\((\S+)", text))
        targets = sorted(set(re.findall(r"target_\w+\((\S+)", text)) - made)
        stubs = "".join(f"add_executable({target} stub.c)\n" for target in targets)
        text = f"cmake_minimum_required(VERSION 3.25)\nproject(reader C CXX)\n{stubs}{text}"
    (folder / "stub.c").write_text("int main(void) { return 0; }\n")
    for name in re.findall(r"[\w./-]+\.(?:cpp|c)\b", text):
        if not (folder / name).exists():
            language = "cpp" if name.endswith("cpp") else "c"
            sources = [other.text for other in document.of(language) if "main(" in other.text]
            stub = "int main() { return 0; }\n" if language == "cpp" else read(folder / "stub.c")
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(sources[0] if sources else stub)
    (folder / "CMakeLists.txt").write_text(text)
    return whole


def check_cmake(document, places, report):
    """Whole lists are built, others configured, with what is installed."""
    for block in document.of("cmake"):
        report.count("cmake blocks")
        folder = places.folder(document) / f"cmake_{block.line}"
        folder.mkdir()
        for name in re.findall(r"add_subdirectory\(([\w./-]+)", block.text):  # the sources of the library, inside
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(places.tree, target_is_directory=True)
        whole = cmake_project(block, document, folder)
        status, text = run(["cmake", "-S", ".", "-B", "b", f"-DCMAKE_PREFIX_PATH={places.prefix}"], folder,
                           places.environment)
        if status == 0 and whole:
            status, text = run(["cmake", "--build", "b", "-j", "2"], folder, places.environment)
        if status:
            report.fail(document.name, block.line, f"CMake fails\n{tail(text)}")


# ---- commands ----

def statements(block):
    """(line number, text) of the statements of a block: as many lines as a shell needs to see an end."""
    first, text = block.line, ""
    for number, line in enumerate(block.text.splitlines(), block.line):
        first = first if text else number
        text += line + "\n"
        here = re.search(r"<<-?\s*['\"]?(\w+)", text)
        open_text = here and not re.search(rf"^\s*{here[1]}$", text, re.M)
        if not line.endswith("\\") and not open_text:
            if subprocess.run(["sh", "-n", "-c", text], capture_output=True, check=False).returncode == 0:
                yield first, text
                text = ""
    if text:
        yield first, text


def without_not_run(document, line, text, places, report):
    """Take the commands of NOT_RUN out of a statement, after a look at them. (Their options are looked at with
    those of all programs, check_options.)"""
    for pattern, reason in NOT_RUN:
        for command in re.findall(rf"(?<![\w/.-])(?:sudo )?{pattern}\b[^\n&|;#]*", text):
            report.count("commands not run")
            print(f"not run: {command.strip()} ({reason})")
            script = re.search(r"\S+\.sh", command)
            if script and not (places.tree / script[0]).exists():
                report.fail(document.name, line, f"there is no {script[0]}")
            if not script:
                check_tool_options(document, line, command.split(), report)
            text = text.replace(command, ": ")
    return text


def check_tool_options(document, line, words, report):
    known = subprocess.run([words[0], "--help"], capture_output=True, text=True, check=False).stdout
    for option in (word.partition("=")[0] for word in words[1:] if word.startswith("-")):
        if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", known):
            report.fail(document.name, line, f"{words[0]} has no option {option}")


def script_of(document, places, report):
    """All commands of a document as one script, which leaves the line of the last one begun in the file `line`."""
    script = ["set -e"]
    for block in document.of("sh"):
        report.count("sh blocks")
        for line, text in statements(block):
            report.count("commands")
            if "<<" not in text:
                text = re.sub(r"(^|\s)#.*", "", text)  # a comment may speak of other options
            text = without_not_run(document, line, text, places, report)
            for pattern, replacement in SUBSTITUTIONS:
                text = re.sub(pattern, replacement, text)
            # set -e alone overlooks what fails before &&
            script += [f'echo {line} >"$DOCS_LINE"', text.rstrip("\n"), "[ $? -eq 0 ] || exit 1"]
    return "\n".join(script) + "\n"


def copy_sources(places):
    shutil.rmtree(places.copy, ignore_errors=True)
    tops = {str(places.tree): {"build", "data", "out", ".git"}}
    shutil.copytree(places.tree, places.copy, symlinks=True,
                    ignore=lambda folder, names: [name for name in names if name == "__pycache__" or
                                                  name in tops.get(str(folder), ())])
    shutil.copytree(places.images, places.copy / "data/mnist")
    shutil.copy(places.shims / "get_mnist.sh", places.copy / "examples/get_mnist.sh")


def provide_sources(document, script, places):
    """A source that the commands compile is a block of the document with main(), or an example."""
    for name in re.findall(r"(?<![\w./-])\w+\.(?:cpp|c)\b", script):
        language = name.rsplit(".", 1)[1]
        programs = [block.text for block in document.of(language) if re.search(r"\bmain\s*\(", block.text)]
        if programs:
            (places.copy / name).write_text(programs[0])
        elif (places.tree / "examples" / name).exists():
            shutil.copy(places.tree / "examples" / name, places.copy)


def command_environment(places):
    bin_folder = places.scratch / "bin"
    if not bin_folder.exists():
        bin_folder.mkdir()
        (places.scratch / "objects").mkdir()
        for name, shim in (("sudo", "sudo"), ("ldconfig", "nothing"), ("apt-get", "nothing"), ("cmake", "cmake")):
            (bin_folder / name).symlink_to(places.shims / shim)
    return {**places.environment, "PATH": f"{bin_folder}:{os.environ['PATH']}", "DOCS_PREFIX": str(places.prefix),
            "DOCS_CMAKE": shutil.which("cmake"), "DOCS_IMAGES": str(places.images),
            "DOCS_OBJECTS": str(places.scratch / "objects"), "DOCS_LINE": str(places.scratch / "line"),
            "CMAKE_C_COMPILER_LAUNCHER": str(places.shims / "compile_once"),
            "CMAKE_CXX_COMPILER_LAUNCHER": str(places.shims / "compile_once")}


def check_commands(document, places, report):
    if not document.of("sh"):
        return
    script = script_of(document, places, report)
    copy_sources(places)
    provide_sources(document, script, places)
    status, text = run(["sh", "-x", "-c", script], places.copy, command_environment(places), timeout=400)
    if status:
        report.fail(document.name, read(places.scratch / "line").strip() or 1, f"exit status {status}\n{tail(text)}")


# ---- all of it ----

def check_text(tree, build, documents, report):
    options = text_checks.Options(tree, build / "examples")
    for document in documents:
        text_checks.check_languages(document, report)
        text_checks.check_json(document, report)
        text_checks.check_options(document, options, report)
    text_checks.check_links(tree, documents, report)
    text_checks.check_index(tree, documents, report)
    text_checks.check_all_names(tree, documents, report)


def main(arguments):
    tree, build, prefix, scratch = (pathlib.Path(argument).resolve() for argument in arguments[:4])
    report, places = Report(), Places(tree, build, prefix, scratch)
    documents = all_documents(tree)
    check_text(tree, build, documents, report)
    make_images(places)
    make_model(places)
    must = ["blocks", "links", "anchors", "names", "paths", "options", "c blocks", "cpp blocks", "programs run",
            "python blocks", "sh blocks", "commands"]
    for document in documents:
        if arguments[4:] and document.name not in arguments[4:]:
            continue
        for language in LANGUAGE:
            check_compiled(document, language, places, report)
        check_python(document, places, report)
        check_cmake(document, places, report)
        check_commands(document, places, report)
    for what in must if not arguments[4:] else ():
        if not report.counts.get(what):
            report.fail("tests/docs/docs_test.py", 1, f"no {what} at all: is anything looked at?")
    print(", ".join(f"{number} {what}" for what, number in report.counts.items()), f"in {len(documents)} documents")
    print("FAILED: %d" % report.failures if report.failures else "ok: the documents are true")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
