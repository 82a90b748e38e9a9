#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a compiler knows of the public headers, as one sorted list of lines.

  interface.py list INCLUDE CC     prints it: prototypes, enum constants, macros with a value, and the
                                   size of each struct with offset and size of each field, as CC lays them out;
                                   "experimental" before what is not promised
  interface.py compare OLD NEW     says what programs compiled against OLD find changed in NEW, two such
                                   lists: "break" or "addition". Exit status 0: the same, 1: additions only, 2: breaks
  interface.py since INCLUDE       every public name has a doc comment that says "Since <release>"
  interface.py flatten INCLUDE CC  prints the promised headers as one, without comments: to be kept with a release
"""
import glob
import os
import re
import subprocess
import sys
import tempfile


def headers(include, experimental=True):
    found = sorted(glob.glob("**/*.h", root_dir=include, recursive=True))
    if "vpf.h" not in found:
        sys.exit(f"{include}: no vpf.h")
    return [h for h in found if experimental or "experimental/" not in h]


def includes(names):
    return "".join(f"#include <{h}>\n" for h in names)


def preprocess(include, names, cc, *options):
    program = includes(names)
    return subprocess.run([*cc.split(), "-std=c11", "-E", *options, "-I", include, "-x", "c", "-"], input=program,
                          text=True, check=True, capture_output=True).stdout


def own_text(include, names, cc):
    """The preprocessed declarations of our headers alone, without those of the system."""
    ours, lines = False, []
    for line in preprocess(include, names, cc).splitlines():
        marker = re.match(r'# \d+ "(.*?)"', line)
        if marker:
            ours = os.path.realpath(marker[1]).startswith(os.path.realpath(include) + os.sep)
        elif ours:
            lines.append(line)
    text = re.sub(r'__attribute__ *\(\(visibility\("default"\)\)\)', "", "\n".join(lines))
    return re.sub(r"\s+", " ", text)


def declarators(field):
    """'double a, b' gives a and b; 'void (*f)(int x)' gives f."""
    pointer = re.match(r".*?\(\s*\*\s*(\w+)\s*\)\s*\(", field)
    if pointer:
        return [pointer[1]]
    return [re.search(r"(\w+)\s*(\[.*\])?$", part.strip())[1] for part in field.split(",")]


def parse(text):
    structs = {name: [d for f in body.split(";") if f.strip() for d in declarators(f.strip())]
               for name, body in re.findall(r"typedef struct (\w+) \{(.*?)\} \1 ?;", text)}
    enums = {name: [c.split("=")[0].strip() for c in body.split(",") if c.strip()]
             for name, body in re.findall(r"typedef enum (\w+) \{(.*?)\} \1 ?;", text)}
    rest = re.sub(r"typedef (?:struct|enum) (\w+) \{.*?\} \1 ?;", "", text)
    others = [d.strip() for d in rest.split(";") if d.strip()]
    opaque = [d for d in others if re.fullmatch(r"typedef struct (\w+) \1", d)]
    callbacks = [d for d in others if d.startswith("typedef") and d not in opaque]
    functions = [d for d in others if not d.startswith("typedef")]
    for f in functions:
        if not re.search(r"\bvpf_\w+ ?\(.*\)$", f):
            sys.exit(f"not understood: {f}")
    return structs, enums, opaque + callbacks, functions


def macros(include, names, cc):
    """Macros of ours that have a value (not those that mark or list things)."""
    found = re.findall(r"^#define (VPF_\w+) (.+)$", preprocess(include, names, cc, "-dM"), re.M)
    return [name for name, value in found if re.fullmatch(r"[-+()\w. ]+", value) and "__attribute__" not in value]


def lay_out(include, names, cc):
    structs, enums, types, functions = parse(own_text(include, names, cc))
    show = []
    for name, fields in structs.items():
        show.append(f'printf("struct {name}: size %zu\\n", sizeof({name}));')
        show += [f'printf("struct {name}: field {k} {f} at %zu, size %zu\\n", offsetof({name}, {f}), '
                 f"sizeof((({name} *)0)->{f}));" for k, f in enumerate(fields)]
    for name, constants in enums.items():
        show.append(f'printf("enum {name}: size %zu\\n", sizeof({name}));')
        show += [f'printf("enum {name}: {c} = %lld\\n", (long long){c});' for c in constants]
    show += [f'printf("macro {m} = %lld\\n", (long long)({m}));' for m in macros(include, names, cc)]
    program = includes(names) + "#include <stdio.h>\n#include <stddef.h>\n"
    program += "int main(void) {\n" + "\n".join(show) + "\nreturn 0;\n}\n"
    with tempfile.TemporaryDirectory() as folder:
        exe = os.path.join(folder, "interface")
        subprocess.run([*cc.split(), "-std=c11", "-I", include, "-x", "c", "-", "-o", exe], input=program, text=True,
                       check=True)
        lines = subprocess.run([exe], check=True, capture_output=True, text=True).stdout.splitlines()
    lines += [f"type {t}" for t in types] + [f"function {f}" for f in functions]
    return set(lines)


def interface(include, cc):
    stable = lay_out(include, headers(include, experimental=False), cc)
    experimental = lay_out(include, headers(include), cc) - stable
    return sorted(stable) + sorted(f"experimental {line}" for line in experimental)


def compare(old, new):
    """Lines 'break: ...' and 'addition: ...'."""
    before, after = set(old), set(new)
    growing = {m[1] for m in (re.match(r"struct (\w+): field 0 struct_size ", x) for x in old) if m}
    sizes = {m[1]: int(m[2]) for m in (re.match(r"struct (\w+): size (\d+)$", x) for x in new) if m}
    found = []
    for line in sorted(before - after):
        size = re.match(r"struct (\w+): size (\d+)$", line)
        if size and size[1] in growing and sizes.get(size[1], 0) > int(size[2]):
            found.append(f"addition: struct {size[1]} grows from {size[2]} to {sizes[size[1]]}")
        elif re.match(r"macro VPF_VERSION_(MAJOR|MINOR|PATCH) ", line):
            found.append(f"addition: another version than {line}")
        elif line.startswith("experimental"):
            found.append(f"addition: no more: {line}")
        else:
            found.append(f"break: no more: {line}")
    for line in sorted(after - before):
        if not re.match(r"struct \w+: size |macro VPF_VERSION_", line) or line.split(":")[0] not in {
                x.split(":")[0] for x in old}:
            found.append(f"addition: {line}")
    # A field in the middle would have moved the others; in a hole of the old layout it would not.
    ends = {}
    for line in old:
        m = re.match(r"struct (\w+): field (\d+) ", line)
        if m:
            ends[m[1]] = max(ends.get(m[1], -1), int(m[2]))
    for line in sorted(after - before):
        m = re.match(r"struct (\w+): field (\d+) ", line)
        if m and m[1] in ends and (int(m[2]) <= ends[m[1]] or m[1] not in growing):
            found.append(f"break: not at the end of a struct that may grow: {line}")
    return found


def names_without_since(path):
    text = open(path).read()
    declaration = re.compile(r"^(?:VPF_API\s[^;]*?\b(vpf_\w+)\(|typedef (?:struct|enum) (\w+)|typedef int \(\*(\w+)\)|"
                             r"#define (VPF_(?!API|STATUS_ENUM)\w+)(?!\w*_H\b))", re.M)
    missing = []
    for m in declaration.finditer(text):
        name = next(g for g in m.groups() if g)
        if name.endswith("_H"):
            continue
        before = text[:m.start()]
        # The comment just before it, or before the lines of a group of #defines.
        comment = re.search(r"/\*\*((?:(?!\*/).)*)\*/\s*(?:#define [^\n]*\n)*\Z", before, re.S)
        if not comment or not re.search(r"Since \d+\.\d+", comment[1]):
            missing.append(f"{path}: {name}")
    return missing


def main(arguments):
    match arguments:
        case ["list", include, cc]:
            print("\n".join(interface(include, cc)))
        case ["compare", old, new]:
            found = compare(*(open(p).read().splitlines() for p in (old, new)))
            print("\n".join(found), end="\n" if found else "")
            return 2 if any(f.startswith("break") for f in found) else 1 if found else 0
        case ["since", include]:
            missing = [m for h in headers(include) for m in names_without_since(os.path.join(include, h))]
            print("\n".join(f'{m} has no "Since"' for m in missing), end="\n" if missing else "")
            return 1 if missing else 0
        case ["flatten", include, cc]:
            flatten(include, cc)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


def flatten(include, cc):
    done, lines = set(), []

    def add(header):
        if header in done:
            return
        done.add(header)
        text = subprocess.run([*cc.split(), "-fpreprocessed", "-dD", "-E", "-P", os.path.join(include, header)],
                              text=True, check=True, capture_output=True).stdout
        for line in text.splitlines():
            inner = re.match(r"#\s*include <(vpf[^>]*)>", line)
            if inner:
                add(inner[1])
            else:
                lines.append(line)

    for header in headers(include, experimental=False):
        add(header)
    print("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
