# SPDX-License-Identifier: MIT
"""What vpf.py and read_model.py promise. Run by python_test.sh; needs

    PYTHONPATH   examples/python
    VPF_TREE     the source tree
    VPF_INCLUDE  the folder of the headers
    CC           a C compiler (default: cc)
"""
import copy
import ctypes
import gc
import importlib.util
import inspect
import itertools
import os
import pathlib
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import unittest
import unittest.mock
import weakref

import numpy as np

import read_model
import vpf

TREE = pathlib.Path(os.environ["VPF_TREE"])
INCLUDE = pathlib.Path(os.environ["VPF_INCLUDE"])
rng = np.random.default_rng(1)


def sigmoid(z):
    return 1 / (1 + np.exp(-np.asarray(z, float)))


def all_rows(n):
    return np.array(list(itertools.product((0, 1), repeat=n)), dtype=np.uint8)


def data_of(bits):
    return vpf.Data(np.asarray(bits, dtype=bool))


def random_bits(rows, cols, seed=1):
    return np.random.default_rng(seed).random((rows, cols)) < 0.4


def random_model(sizes, intra=None, coupling=vpf.Coupling.PAIRWISE, scale=1.0, seed=1):
    """A machine with parameters that are not small."""
    model = vpf.Model(sizes, intra, coupling)
    dice = np.random.default_rng(seed)
    model.set_params((scale * dice.standard_normal(model.param_count)).astype(np.float32))
    return model


class Dense:
    """A machine with one energy as one symmetric matrix J and a vector b, in float64."""

    def __init__(self, model):
        start = np.concatenate([[0], np.cumsum(model.sizes)])
        n = start[-1]
        self.j, self.b = np.zeros((n, n)), np.zeros(n)
        for layer in range(model.layers):
            here = np.s_[start[layer]:start[layer + 1]]
            self.b[here] = model.bias(layer)
            if model.intra[layer]:
                self.j[here, here] = model.intra_weights(layer)
            if layer + 1 < model.layers:
                above = np.s_[start[layer + 1]:start[layer + 2]]
                self.j[here, above] = model.weights(layer)
                self.j[above, here] = model.weights(layer).T

    def energy(self, y):
        y = np.asarray(y, float)
        return -0.5 * np.einsum("ri,ij,rj->r", y, self.j, y) - y @ self.b

    def rates(self, y):
        y = np.asarray(y, float)
        return np.exp((0.5 - y) * (y @ self.j + self.b))

    def flow(self, y):
        return self.rates(y).sum(axis=1).mean()

    def log_z(self):
        return np.logaddexp.reduce(-self.energy(all_rows(len(self.b))))


class Folder(unittest.TestCase):
    """Has an empty folder."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def subprocess(self, program, **environment):
        return subprocess.run([sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True,
                              text=True, timeout=120)


class Declarations(Folder):
    """The binding says what the headers say."""

    def headers(self):
        for path in sorted(INCLUDE.glob("**/*.h")):
            yield re.sub(r"/\*.*?\*/", " ", path.read_text(), flags=re.S)

    @staticmethod
    def prototypes(text):
        found = re.findall(r"([\w ]+?[ *]+)(vpf_\w+)\(([^()]*)\);", text)
        return {name: " ".join(f"{result} {name}({parameters})".split()) for result, name, parameters in found}

    def test_prototypes(self):
        declared = {}
        for text in self.headers():
            declared.update(self.prototypes(" ".join(re.findall(r"\bVPF_API\b(.*?;)", text, re.S))))
        self.assertGreater(len(declared), 80)
        self.assertEqual(self.prototypes(vpf._PROTOTYPES + vpf._EXPERIMENTAL_PROTOTYPES), declared)

    def test_every_symbol_is_bound(self):
        names = [name for file in ("exported-symbols.txt", "experimental-symbols.txt")
                 for name in (TREE / "tests/abi" / file).read_text().split()]
        self.assertGreater(len(names), 80)
        self.assertEqual(sorted(vpf._functions), sorted(names))
        for name, (function, parameters) in vpf._functions.items():
            self.assertEqual(len(function.argtypes), len(parameters), name)
        generate = vpf._functions["vpf_generate"][0]
        self.assertEqual(generate.argtypes[1:], (ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(ctypes.c_float),
                                                 ctypes.c_uint64, ctypes.POINTER(ctypes.c_float)))
        self.assertIs(generate.restype, ctypes.c_int)
        self.assertIs(vpf._functions["vpf_optimizer_get_seed"][0].restype, ctypes.c_uint64)
        self.assertIs(vpf._functions["vpf_data_rows"][0].restype, ctypes.c_size_t)
        self.assertIsNone(vpf._functions["vpf_data_destroy"][0].restype)

    def test_every_function_is_called(self):
        source = pathlib.Path(vpf.__file__).read_text().replace(vpf._PROTOTYPES, "")
        source = source.replace(vpf._EXPERIMENTAL_PROTOTYPES, "")
        for name in vpf._functions:
            if not name.endswith("_destroy") and "_by_pair" not in name:  # their names are put together
                self.assertIn(name, source)

    def test_layouts_and_enums(self):
        structs = {name: kind for name, kind in vpf._TYPES.items() if hasattr(kind, "c_types")}
        self.assertEqual(len(structs), 14)
        enums = {"VPF_COUPLING": vpf.Coupling, "VPF_BIAS": vpf.Bias, "VPF_NOISE": vpf.Noise, "VPF_METHOD": vpf.Method,
                 "VPF_RULE": vpf.Rule, "VPF_STOP": vpf.Stop, "VPF_PROGRESS": vpf.ProgressEvent,
                 "VPF_AIS_START": vpf.AisStart, "VPF_DOUBT": vpf.Doubt, "VPF_OPTION": vpf.Option, "VPF_RECIPE": vpf.Recipe,
                 "VPF": vpf.Status}
        lines = [f'SHOW("{name}", sizeof({name}))' for name in structs]
        for name, kind in structs.items():
            for field, _ in kind._fields_:
                lines.append(f'SHOW("{name}.{field}", offsetof({name}, {field}))')
                lines.append(f'SHOW("{name}.{field} size", sizeof((({name} *)0)->{field}))')
        members = [(f"{prefix}_{m.name}", m) for prefix, kind in enums.items() for m in kind]
        lines += [f'SHOW("{name}", {name})' for name, _ in members]
        lines += [f'SHOW("{name} type", sizeof({name}))' for name in vpf._ENUMS.split()]
        source, program = self.folder / "layout.c", self.folder / "layout"
        headers = "".join(f"#include <{h}>\n" for h in ("stddef.h", "stdio.h", "vpf.h", "vpf/experimental/stdp.h"))
        source.write_text(headers +
                          '#define SHOW(name, value) printf("%s=%lld\\n", name, (long long)(value));\n'
                          "int main(void) {\n" + "\n".join(lines) + "\nreturn 0;\n}\n")
        subprocess.run([os.environ.get("CC", "cc"), "-I", INCLUDE, "-o", program, source], check=True)
        output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
        c = {name: int(value) for name, value in (line.split("=") for line in output.splitlines())}
        for name, kind in structs.items():
            self.assertEqual(ctypes.sizeof(kind), c.pop(name), name)
            for field, _ in kind._fields_:
                self.assertEqual(getattr(kind, field).offset, c.pop(f"{name}.{field}"), f"{name}.{field}")
                self.assertEqual(getattr(kind, field).size, c.pop(f"{name}.{field} size"), f"{name}.{field}")
        for name, member in members:
            self.assertEqual(member, c.pop(name), name)
        for name in vpf._ENUMS.split():
            self.assertEqual(ctypes.sizeof(vpf._TYPES[name]), c.pop(f"{name} type"), name)
        self.assertEqual(c, {})
        self.assertEqual(vpf.FLIP.itemsize, ctypes.sizeof(vpf._TYPES["vpf_flip"]))

    def test_every_field_and_enum_value_is_there(self):
        """What a header has and the binding has not would not be seen by asking about what the binding has."""
        text = " ".join(self.headers())
        for body, name in re.findall(r"typedef struct vpf_\w+ \{(.*?)\} (vpf_\w+);", text, re.S):
            fields = re.findall(r"\(\*(\w+)\)|(\w+)\s*[,;]", body)
            fields = [a or b for a, b in fields if (a or b) not in ("size", "pointer")]
            fields = [f for f in fields if not f.startswith("vpf_")]
            self.assertEqual(fields, [f for f, _ in vpf._TYPES[name]._fields_], name)
        enums = {name: re.findall(r"(VPF_\w+) =", body)
                 for body, name in re.findall(r"typedef enum vpf_\w+ \{(.*?)\} (vpf_\w+);", text, re.S)}
        self.assertEqual(set(enums), set(vpf._ENUMS.split()))
        for name, members in enums.items():
            if name != "vpf_status":
                kind = getattr(vpf, "".join(part.capitalize() for part in name.split("_")[1:]))
                whole = name in ("vpf_option", "vpf_recipe")  # names of several words
                self.assertEqual([m[len(name) + 1:] if whole else m.rsplit("_", 1)[-1] for m in members],
                                 [m.name for m in kind], name)

    def test_docstrings(self):
        for name, thing in vars(vpf).items():
            if not name.startswith("_") and getattr(thing, "__module__", None) == "vpf":
                self.assertTrue(thing.__doc__, name)
                for method, function in vars(thing).items() if inspect.isclass(thing) else ():
                    if not method.startswith("_") and (callable(function) or isinstance(function, property)):
                        self.assertTrue(inspect.getdoc(getattr(thing, method)), f"{name}.{method}")


PROCESSES = """
import sys
import numpy as np
import vpf

def fit(seed):
    x = np.random.default_rng(0).random((500, 64)) < 0.3
    model, optimizer = vpf.Model([64, 32], seed=seed), vpf.Optimizer(seed=seed, threads=3)
    vpf.train(model, vpf.Data(x), optimizer, 2)
    return model.params().tobytes()

if __name__ == "__main__":
    wanted, how = [fit(seed) for seed in range(3)], sys.argv[1]
    if how.startswith("joblib "):
        from joblib import Parallel, delayed
        got = Parallel(n_jobs=2, backend=how[7:])(delayed(fit)(seed) for seed in range(3))
    else:
        import multiprocessing
        with multiprocessing.get_context(how).Pool(2) as pool:
            got = pool.map_async(fit, range(3)).get(timeout=60)
    print("same" if got == wanted else "different")
"""


class Processes(Folder):
    """After the parent has trained with threads, its children do as well, however they were started."""

    def test_children(self):
        program = self.folder / "processes.py"
        program.write_text(PROCESSES)
        ways = ["fork", "forkserver", "spawn"]
        if importlib.util.find_spec("joblib"):
            ways += ["joblib loky", "joblib multiprocessing", "joblib threading"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        for way in ways:
            with self.subTest(way):
                run = subprocess.run([sys.executable, str(program), way], env=environment, capture_output=True, text=True,
                                     timeout=120)
                self.assertEqual((run.stdout.strip(), run.returncode), ("same", 0), run.stderr[-500:])


class Loading(Folder):
    def test_version(self):
        major, minor, patch = map(int, vpf.version_string().split("."))
        self.assertEqual(vpf.version_number(), 10000 * major + 100 * minor + patch)
        self.assertEqual(major, 1)

    def test_threads(self):
        self.assertGreaterEqual(vpf.threads(), 1)
        vpf.set_threads(1)
        self.assertEqual(vpf.threads(), 1)
        vpf.set_threads(0)
        for wrong in -1, 1.5, "2", 2 ** 64:
            self.assertRaises((TypeError, ValueError), vpf.set_threads, wrong)
        run = self.subprocess("import vpf; print(vpf.threads())", VPF_PROCESSORS="5", OMP_NUM_THREADS="3,2")
        self.assertEqual(run.stdout.strip(), "3")
        run = self.subprocess("import vpf; print(vpf.threads())", VPF_PROCESSORS="5", OMP_NUM_THREADS="20000")
        self.assertEqual(run.stdout.strip(), "5")

    def test_missing_library(self):
        run = self.subprocess("import vpf", VPF_LIBRARY="/nowhere/libvpf.so.1")
        self.assertIn("ImportError: libvpf cannot be loaded", run.stderr)
        self.assertIn("/nowhere/libvpf.so.1", run.stderr)
        self.assertIn("VPF_LIBRARY", run.stderr)

    def library(self, text):
        source, library = self.folder / "other.c", self.folder / "libother.so"
        source.write_text(text)
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", library, source], check=True)
        return self.subprocess("import vpf", VPF_LIBRARY=str(library)).stderr

    def test_other_libraries(self):
        self.assertIn("is not libvpf", self.library("int x;"))
        self.assertRegex(self.library("unsigned vpf_version_number(void) { return 20301; }"),
                         "ImportError: .* is libvpf 2.3; this vpf.py is for version 1")
        self.assertRegex(self.library("unsigned vpf_version_number(void) { return 10000; }"),
                         "ImportError: .*older than this vpf.py: it has no vpf_version_string")

    def test_statuses(self):
        self.assertEqual(vpf.Status.ERR_MEMORY, -3)
        self.assertEqual(vpf.status_name(-3), "VPF_ERR_MEMORY")
        self.assertEqual(vpf.status_string(-3), "out of memory")
        self.assertEqual((vpf.status_name(5), vpf.status_string(5)), ("", "unknown status"))
        self.assertEqual({kind.name for kind in vpf.Error.__subclasses__()},
                         {"VPF_" + s.name for s in vpf.Status if s != vpf.Status.OK})


class Errors(Folder):
    natural = {vpf.ArgumentError: ValueError, vpf.ShapeError: ValueError, vpf.OutOfMemoryError: MemoryError,
               vpf.FileError: OSError, vpf.FormatError: ValueError, vpf.StateError: RuntimeError,
               vpf.DivergedError: ArithmeticError, vpf.FieldOverflowError: OverflowError,
               vpf.UnsupportedError: NotImplementedError, vpf.LimitError: ValueError, vpf.InternalError: RuntimeError}

    def refused(self, kind, text, function, *arguments, **more):
        with self.assertRaisesRegex(kind, text) as caught:
            function(*arguments, **more)
        return caught.exception

    def test_classes(self):
        self.assertEqual(set(self.natural), set(vpf.Error.__subclasses__()))
        for kind, base in self.natural.items():
            self.assertTrue(issubclass(kind, base), kind)
            error = kind("text")
            self.assertEqual(str(error), "text")
            self.assertEqual(vpf.status_name(error.status), error.name)
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual((str(again), again.status, type(again)), ("text", error.status, kind))

    def test_what_the_library_refuses(self):
        rbm, deep = vpf.Model([6, 3], seed=1), vpf.Model([6, 3, 2], seed=1)
        data = data_of(random_bits(5, 6))
        error = self.refused(vpf.ArgumentError, r"values\[1\]\[0\] is 2, outside \[0, 1\]", vpf.Data, [[0.0], [2.0]])
        self.assertEqual((error.status, error.name), (vpf.Status.ERR_ARGUMENT, "VPF_ERR_ARGUMENT"))
        self.assertEqual(str(error), vpf.error_message())
        self.refused(vpf.ShapeError, "9 columns", rbm.energy, data)
        self.refused(vpf.FileError, "No such file", vpf.Model.load, self.folder / "none")
        (self.folder / "bad").write_bytes(b"bad file, bad file")
        self.refused(vpf.FormatError, "", vpf.Model.load, self.folder / "bad")
        self.refused(vpf.FormatError, "", vpf.Data.load_idx, self.folder / "bad")
        self.refused(vpf.FileError, "", rbm.save, self.folder / "none" / "x")
        self.refused(vpf.UnsupportedError, "", deep.exact_log_partition)
        self.refused(vpf.LimitError, "enumerated", vpf.Model([60, 50]).exact_log_partition)
        self.refused(vpf.LimitError, "", vpf.Model, [2**62, 2**62])
        self.refused(vpf.OutOfMemoryError, "", vpf.Model, [2**20, 2**25])
        self.refused(vpf.StateError, "nothing has been checked", vpf.Monitor().best_model)
        self.refused(vpf.ArgumentError, "prior", rbm.generate, 1, 1, 1, prior=[0, 2, 0])
        self.refused(vpf.ArgumentError, "", rbm.generate, 0, 1, 1)
        self.refused(vpf.ArgumentError, r"learning_rate|\[1e-12, 10\]", vpf.Optimizer, learning_rate=11)
        self.refused(vpf.ArgumentError, "", vpf.Optimizer, learning_rate=float("nan"))
        self.refused(vpf.ArgumentError, "", vpf.Optimizer, batch_size=1.5)
        rbm.set_weights(0, np.full((6, 3), 200))
        self.refused(vpf.FieldOverflowError, "", rbm.flow, rbm.infer(data, 1))
        self.refused(vpf.DivergedError, "epoch 1, minibatch 1", vpf.train, rbm, data, vpf.Optimizer(), 1)

    def test_what_the_binding_refuses(self):
        model, data = vpf.Model([6, 3], seed=1), data_of(random_bits(5, 6))
        refused = self.refused
        for seed in -1, 2**64:
            refused(ValueError, "seed", model.init, seed)
        refused(TypeError, "seed.*integer.*float", model.init, 1.0)
        refused(ValueError, "count|size", model.generate, -1, 1, 1)
        refused(ValueError, "steps", model.generate, 1, -1, 1)
        refused(ValueError, "steps", model.generate, 1, [1, 2], 1)
        refused(ValueError, "threshold", vpf.Data, np.zeros((2, 2), np.uint8), 256)
        refused(TypeError, "threshold", vpf.Data, np.zeros((2, 2), np.uint8))
        refused(ValueError, "must be in 0 .. 255", vpf.Data, np.array([[256]]), 127)
        refused(ValueError, "must be in 0 .. 255", vpf.Data, np.array([[-1]]), 127)
        refused(ValueError, "shape", vpf.Data, np.zeros((2, 3, 3), bool))
        refused(TypeError, "numbers", vpf.Data, np.array([["a"]]))
        refused(TypeError, "must be a Data, not ndarray", model.flow, np.zeros((5, 9)))
        refused(TypeError, "must be a Data, not Model", model.flow, model)
        refused(TypeError, "must be a Data, not NoneType", model.flow, None)
        refused(TypeError, "Data is needed", model.encode, np.zeros((5, 6)))
        refused(TypeError, "must be a Model", vpf.train, data, data, vpf.Optimizer(), 1)
        refused(TypeError, "must be a Optimizer|Optimizer", vpf.train, model, data, {}, 1)
        refused(TypeError, "function", vpf.train, model, data, vpf.Optimizer(), 1, 3)
        refused(ValueError, "epochs", vpf.train, model, data, vpf.Optimizer(), -1)
        refused(ValueError, r"shape \(3, 6\), must be \(6, 3\)", model.set_weights, 0, np.zeros((3, 6)))
        refused(ValueError, "prior: shape", model.generate, 1, 1, 1, prior=np.zeros(4))
        refused(ValueError, "known: shape", model.reconstruct, data, 1, 1, 1, known=np.zeros(5, bool))
        refused(TypeError, "known", model.reconstruct, data, 1, 1, 1, known=np.zeros(6))
        refused(ValueError, "clamped: shape", model.gibbs, model.infer(data, 1), 1, 1, clamped=np.zeros(6, bool))
        refused(ValueError, "region: shape", data.corrupt, np.zeros(5, bool), vpf.Noise.OR, 1)
        refused(TypeError, "region: must be given", data.corrupt, None, vpf.Noise.OR, 1)
        refused(ValueError, "probs: shape", data.reconstruction_error, np.zeros((5, 5)))
        refused(ValueError, "theta: shape", model.set_params, np.zeros(3))
        refused(ValueError, "points: shape", vpf.parzen, np.zeros((2, 3)), np.zeros((2, 4)), 1)
        refused(TypeError, "sigma", vpf.parzen, np.zeros((2, 3)), np.zeros((2, 3)), "1")
        refused(IndexError, "layer 2: this model has 2", model.encode, data, 2)
        refused(IndexError, "layer -3", model.bias, -3)
        refused(IndexError, "weights 1: this model has 1", model.weights, 1)
        refused(ValueError, "intra: shape", vpf.Model, [3, 2], [1])
        refused(ValueError, r"sizes\[1\]", vpf.Model, [3, -2])
        refused(TypeError, r"sizes\[0\]", vpf.Model, [3.0, 2])
        refused(ValueError, "NUL", model.save, "a\0b")
        refused(TypeError, "", model.save, 3)
        refused(KeyError, "no option 'rate'; there are method, ", vpf.Optimizer, rate=1)
        refused(TypeError, "beta1: must be a number, not str", vpf.Optimizer, beta1="x")
        refused(ValueError, "^method: must be one of 'vpf', 'cd', 'pcd'.*, not 'mcmc'$", vpf.Optimizer, method="mcmc")
        refused(TypeError, "^rule: must be vpf.Rule.ADAM or vpf.Rule.SGD, not None$", vpf.Optimizer, rule=None)
        refused(ValueError, "coupling: must be one of 'pairwise', 'joint', not 'both'",
                vpf.Model, [6, 4, 3], coupling="both")
        refused(ValueError, "noise: must be one of 'or'", data.corrupt, np.zeros(6, bool), "xor", 1)
        refused(TypeError, "noise: must be vpf.Noise.OR or", data.corrupt, np.zeros(6, bool), 0.5, 1)
        refused(ValueError, "role: must be one of 'up'", model.bias, 0, "left")
        refused(TypeError, "bet", model.ais, bet=3)
        refused(ValueError, "temperatures", model.ais, betas=3, temperatures=[0, 1])
        refused(TypeError, "base", model.ais, base=3)
        refused(ValueError, "temperatures: 0", model.ais, temperatures=[])
        refused(ValueError, "chains", model.ais, chains=-2)
        refused(TypeError, "validation rows", vpf.Monitor, base=data)
        refused(ValueError, "step", lambda: data[::2])
        refused(TypeError, "slice|first:last", lambda: data[0])


class Arrays(unittest.TestCase):
    def test_no_copy(self):
        for dtype in np.float32, np.float64, np.uintp:
            array = np.ones((3, 4), dtype)
            self.assertIs(vpf._input(array, "x", dtype, (3, 4)), array)
        flags = np.ones(5, bool)
        self.assertTrue(np.shares_memory(vpf._mask(flags, "x", 5), flags))
        grey = np.ones(5, np.uint8)
        self.assertTrue(np.shares_memory(vpf._mask(grey, "x", 5), grey))

    def test_outputs_are_filled_in_place(self):
        model = vpf.Model([6, 4, 3], [1, 0, 1], seed=1)
        rbm = vpf.Model([6, 4], seed=1)
        data = data_of(random_bits(5, 6))
        states, rbm_states = model.infer(data, 1), rbm.infer(data, 1)
        cases = [
            (data.bits, (), (5, 6), np.uint8), (data.levels, (), (5, 6), np.float32),
            (model.weights, (1,), (4, 3), np.float32), (model.intra_weights, (2,), (3, 3), np.float32),
            (model.bias, (1, vpf.Bias.DOWN), (4,), np.float32), (model.params, (), (model.param_count,), np.float32),
            (model.flow_gradient, (states,), (model.param_count,), np.float32),
            (rbm.energy, (rbm_states,), (5,), np.float64), (rbm.free_energy, (data,), (5,), np.float64),
            (model.flow_rows, (states,), (5,), np.float64), (rbm.log_likelihood_rows, (data, 2.5), (5,), np.float64),
            (rbm.pseudo_likelihood_rows, (data,), (5,), np.float64),
            (model.generate, (7, 2, 1), (7, 6), np.float32), (model.generate, (7, [2, 1], 1), (7, 6), np.float32),
            (model.encode, (data,), (5, 3), np.float32), (model.mean_activations, (data, 1), (4,), np.float32),
            (model.reconstruct, (data, 3, 2, 1), (5, 6), np.float32),
            (model.reconstruct_mean_field, (data, 3), (5, 6), np.float32),
            (model.activation_histogram, (data, 7), (7,), np.uintp),
        ]
        for function, arguments, shape, dtype in cases:
            with self.subTest(function.__name__):
                new = function(*arguments)
                self.assertEqual((new.shape, new.dtype), (shape, dtype))
                out = np.full(shape, 77, dtype)
                self.assertIs(function(*arguments, out=out), out)
                np.testing.assert_array_equal(out, new)
                for wrong in (np.empty(shape, ">f8"), np.empty(shape, np.int16), [0]):
                    self.assertRaises(TypeError, function, *arguments, out=wrong)
                wide = np.empty(tuple(2 * n for n in shape), dtype)
                read_only = np.empty(shape, dtype)
                read_only.flags.writeable = False
                odd = np.empty(int(np.prod(shape)) * dtype().itemsize + 1, np.uint8)[1:].view(dtype).reshape(shape)
                strided = wide[tuple(slice(None, None, 2) for _ in shape)]
                wrongs = [wide, strided, read_only, np.empty(shape + (1,), dtype)]
                if len(shape) == 2:
                    wrongs.append(np.empty(shape, dtype, order="F"))
                if dtype().itemsize > 1:
                    wrongs.append(odd)
                for wrong in wrongs:
                    self.assertRaises(ValueError, function, *arguments, out=wrong)
        mean, pair = np.empty(6), np.empty((6, 6))
        got = data.moments(out_mean=mean, out_pair=pair)
        self.assertTrue(got[0] is mean and got[1] is pair)
        self.assertRaises(ValueError, data.moments, out_mean=np.empty(5))
        energy = np.empty((5, 3))
        self.assertIs(rbm.gibbs_trace(rbm_states, 3, 1, 1, out=energy)[0], energy)
        self.assertRaises(ValueError, rbm.gibbs_trace, rbm_states, 3, 1, 1, out=np.empty((3, 5)))

    def test_inputs_of_any_layout(self):
        model = vpf.Model([6, 3], seed=1)
        w = rng.standard_normal((6, 3)).astype(np.float32)
        wide = np.zeros((12, 6), np.float32)
        wide[::2, ::2] = w
        for same in (w, np.asfortranarray(w), wide[::2, ::2], w.astype(float), w.astype(">f4"), w.tolist()):
            model.init(1)
            model.set_weights(0, same)
            np.testing.assert_array_equal(model.weights(0), w)
        model.set_weights(0, np.ones((6, 3), int))
        self.assertTrue((model.weights(0) == 1).all())
        bits = random_bits(5, 6)
        mirrored = np.zeros((6, 5), bool)
        mirrored[:] = bits.T
        for same in (data_of(bits), vpf.Data(mirrored.T), vpf.Data(bits.astype(int), 0),
                     vpf.Data(bits.astype(np.int8), 0),
                     vpf.Data(bits.astype(np.uint8) * 255, 127), vpf.Data(bits.astype(float)),
                     vpf.Data(bits.astype(np.float32), 0.2), vpf.Data(bits.tolist())):
            np.testing.assert_array_equal(same.bits(), bits)
        known = np.array([1, 0, 5, 0, 0, 1])
        results = [model.reconstruct(data_of(bits), 3, 1, 1, known=k)
                   for k in (known, known.astype(np.uint8), known != 0, (known != 0).tolist(),
                             known.astype(np.int16) * 256, np.repeat(known != 0, 2)[::2])]
        for result in results:
            np.testing.assert_array_equal(result, results[0])
        np.testing.assert_array_equal(results[0][:, known != 0], bits[:, known != 0])

    def test_inputs_are_not_changed_and_not_kept(self):
        values = rng.random((4, 6)).astype(np.float32)
        before = values.copy()
        data = vpf.Data(values)
        levels = data.levels()
        np.testing.assert_array_equal(values, before)
        values[:] = 0
        np.testing.assert_array_equal(data.levels(), levels)


class TestData(Folder):
    def test_values(self):
        values = rng.integers(0, 256, (7, 13)).astype(np.uint8)
        data = vpf.Data(values, threshold=127)
        self.assertEqual((data.rows, data.cols, data.shape, len(data)), (7, 13, (7, 13), 7))
        np.testing.assert_array_equal(data.bits(), values > 127)
        np.testing.assert_array_equal(data.levels(), values.astype(np.float32) / np.float32(255))
        np.testing.assert_array_equal(data.bits_only().levels(), values > 127)
        floats = rng.random((7, 13)).astype(np.float32)
        data = vpf.Data(floats, threshold=0.25)
        np.testing.assert_array_equal(data.bits(), floats > 0.25)
        self.assertLess(np.abs(data.levels() - floats).max(), 0.51 / 255)

    def test_parts(self):
        bits = random_bits(9, 13)
        data = data_of(bits)
        for part in (data.slice(2, 4), data[2:6], data[-7:-3]):
            np.testing.assert_array_equal(part.bits(), bits[2:6])
        np.testing.assert_array_equal(data[:].bits(), bits)
        np.testing.assert_array_equal(data.columns(3, 5).bits(), bits[:, 3:8])
        self.assertRaisesRegex(vpf.ArgumentError, "8 rows from row 3", data.slice, 3, 8)
        self.assertRaises(vpf.ArgumentError, data.columns, 13, 1)
        self.assertRaises(vpf.ArgumentError, lambda: data[3:3])
        part = data[2:6]
        data.close()
        np.testing.assert_array_equal(part.bits(), bits[2:6])

    def test_corrupt(self):
        bits = random_bits(200, 20)
        region = np.arange(20) >= 8
        data = data_of(bits)
        replaced = data.corrupt(region, vpf.Noise.REPLACE, 3).bits().astype(bool)
        either = data.corrupt(region, vpf.Noise.OR, 3).bits().astype(bool)
        np.testing.assert_array_equal(replaced[:, :8], bits[:, :8])
        np.testing.assert_array_equal(either, np.where(region, bits | replaced, bits))
        self.assertLess(abs(replaced[:, 8:].mean() - 0.5), 0.05)
        np.testing.assert_array_equal(data[5:9].corrupt(region, vpf.Noise.REPLACE, 3).bits(), replaced[5:9])
        self.assertRaises(vpf.ArgumentError, data.corrupt, region, 2, 3)

    def test_idx(self):
        pixels = (8 * np.arange(30)).reshape(3, 10)
        for name in "images.idx", "images.idx.gz":
            with vpf.Data.load_idx(TREE / "tests/data" / name, threshold=100) as data:
                np.testing.assert_array_equal(data.bits(), pixels > 100)
                np.testing.assert_allclose(data.levels(), pixels / 255, rtol=1e-6)
        sample = vpf.Data.load_idx(str(TREE / "examples/sample/t10k-images-idx3-ubyte.gz"))
        self.assertEqual(sample.shape, (500, 784))

    def test_moments(self):
        a, b = random_bits(50, 8, 1), random_bits(60, 8, 2)
        mean, pair = data_of(a).moments()
        x = a.astype(float)
        np.testing.assert_allclose(mean, x.mean(axis=0), rtol=1e-15)
        np.testing.assert_allclose(pair, x.T @ x / 50, rtol=1e-15)
        self.assertIsNone(data_of(a).moments(pairs=False)[1])
        found = data_of(a).compare_moments(data_of(b))
        y = b.astype(float)
        upper = np.triu_indices(8, 1)

        def compare(p, q):
            return np.corrcoef(p, q)[0, 1], np.sqrt(np.mean((p - q) ** 2))

        p, q = [z.T @ z / len(z) for z in (x, y)]
        c, d = [m - np.outer(z.mean(0), z.mean(0)) for m, z in ((p, x), (q, y))]
        wanted = compare(x.mean(0), y.mean(0)) + compare(p[upper], q[upper]) + compare(c[upper], d[upper])
        np.testing.assert_allclose(found, wanted, rtol=1e-9)
        self.assertEqual(found._fields[:2], ("mean_pearson", "mean_rms"))
        self.assertRaises(vpf.ShapeError, data_of(a).compare_moments, data_of(a).columns(0, 3))
        self.assertRaises(AttributeError, setattr, found, "mean_rms", 0)

    def test_reconstruction_error(self):
        levels = rng.integers(0, 256, (6, 5)).astype(np.uint8)
        probs = rng.random((6, 5)).astype(np.float32)
        region = np.array([1, 0, 1, 1, 0], bool)
        each = np.abs(probs - levels / 255)[:, region].sum(axis=1)
        found = vpf.Data(levels, 127).reconstruction_error(probs, region)
        np.testing.assert_allclose(found, (each.mean(), each.std(ddof=1) / np.sqrt(6)), rtol=1e-6)
        self.assertGreater(vpf.Data(levels, 127).reconstruction_error(probs)[0], found[0])
        probs[2, 3] = 1.5
        self.assertRaises(vpf.ArgumentError, vpf.Data(levels, 127).reconstruction_error, probs)


class TestModel(Folder):
    def test_shape(self):
        model = vpf.Model([6, 4, 3], [True, False, True], vpf.Coupling.JOINT)
        self.assertEqual((model.sizes, model.layers, model.units), ((6, 4, 3), 3, 13))
        self.assertEqual((model.intra, model.coupling), ((True, False, True), vpf.Coupling.JOINT))
        self.assertEqual(model.param_count, 13 + 24 + 12 + 15 + 3)
        self.assertEqual(repr(model), "<vpf.Model 6-4-3, intra 0 2, joint>")
        self.assertFalse(model.params().any())

    def test_parameters(self):
        model = vpf.Model([5, 4, 3], [1, 0, 1])
        w0, w1 = rng.standard_normal((5, 4)).astype("f4"), rng.standard_normal((4, 3)).astype("f4")
        u0, u2 = (np.triu(rng.standard_normal((n, n)), 1).astype("f4") for n in (5, 3))
        down0, up1, down1, up2 = (rng.standard_normal(n).astype("f4") for n in (5, 4, 4, 3))
        model.set_weights(0, w0)
        model.set_weights(1, w1)
        model.set_intra_weights(0, u0 + u0.T)
        model.set_intra_weights(-1, u2 + u2.T)
        model.set_bias(0, down0)
        model.set_bias(1, up1)
        model.set_bias(1, down1, vpf.Bias.DOWN)
        model.set_bias(2, up2, vpf.Bias.UP)
        np.testing.assert_array_equal(model.weights(1), w1)
        np.testing.assert_array_equal(model.weights(-1), w1)
        np.testing.assert_array_equal(model.intra_weights(2), u2 + u2.T)
        np.testing.assert_array_equal(model.bias(1), up1)
        np.testing.assert_array_equal(model.bias(1, vpf.Bias.DOWN), down1)
        np.testing.assert_array_equal(model.bias(0, vpf.Bias.UP), down0)
        flat = np.concatenate([down0, up1, w0.ravel(), u0[np.triu_indices(5, 1)],
                               down1, up2, w1.ravel(), u2[np.triu_indices(3, 1)]])
        np.testing.assert_array_equal(model.params(), flat)
        model.set_params(flat[::-1])
        np.testing.assert_array_equal(model.params(), flat[::-1])
        with self.assertRaisesRegex(vpf.ArgumentError, "3"):
            model.set_params(np.where(np.arange(len(flat)) == 3, np.nan, flat))
        np.testing.assert_array_equal(model.params(), flat[::-1])
        self.assertRaises(vpf.ArgumentError, model.set_weights, 0, np.full((5, 4), 1e300))
        self.assertRaises(vpf.ArgumentError, model.set_intra_weights, 0, np.ones((5, 5)))
        self.assertRaises(vpf.ArgumentError, model.set_intra_weights, 0, u0)
        self.assertRaises(vpf.ArgumentError, model.intra_weights, 1)
        self.assertRaises(vpf.ArgumentError, model.bias, 1, 2)

    def test_init_clone_pair(self):
        model = vpf.Model([40, 30], seed=7)
        again = vpf.Model([40, 30])
        again.init(7)
        np.testing.assert_array_equal(model.params(), again.params())
        self.assertLess(abs(model.weights().std() * np.sqrt(1200) - 1), 0.1)
        copied = model.clone()
        model.init(2**64 - 1)
        np.testing.assert_array_equal(copied.params(), again.params())
        self.assertFalse(np.array_equal(model.params(), again.params()))
        deep = random_model([5, 4, 3], [1, 1, 1])
        pair = deep.pair(1)
        self.assertEqual((pair.sizes, pair.intra), ((4, 3), (False, True)))
        np.testing.assert_array_equal(pair.weights(), deep.weights(1))
        np.testing.assert_array_equal(pair.bias(0), deep.bias(1, vpf.Bias.DOWN))
        self.assertRaises(vpf.ArgumentError, deep.pair, 2)
        self.assertRaises(vpf.UnsupportedError, vpf.Model([3, 2, 2], coupling=1).pair, 0)

    def test_energies_by_enumeration(self):
        for sizes, intra, coupling in (([5], [1], 0), ([4, 3], [0, 0], 0), ([4, 3], [1, 0], 0), ([4, 3], [1, 1], 0),
                                       ([3, 3, 2], [0, 1, 0], 1)):
            with self.subTest(sizes=sizes, intra=intra):
                model = random_model(sizes, intra, coupling)
                dense, y = Dense(model), all_rows(sum(sizes))
                states = data_of(y)
                np.testing.assert_allclose(model.energy(states), dense.energy(y), rtol=1e-5, atol=1e-5)
                self.assertAlmostEqual(model.flow(states), dense.flow(y), delta=1e-5 * dense.flow(y))
                self.assertAlmostEqual(model.exact_log_partition(), dense.log_z(), places=5)
                np.testing.assert_allclose(model.flow_rows(states), [dense.flow(row[None]) for row in y], rtol=1e-5)
                x = all_rows(sizes[0])
                free = [-np.logaddexp.reduce(-dense.energy(y[(y[:, :sizes[0]] == row).all(axis=1)])) for row in x]
                log_p = -np.array(free) - dense.log_z()
                np.testing.assert_allclose(model.free_energy(data_of(x)), free, rtol=1e-5, atol=1e-5)
                np.testing.assert_allclose(model.log_likelihood_rows(data_of(x), dense.log_z()), log_p, rtol=1e-5,
                                           atol=1e-5)
                np.testing.assert_allclose(model.log_likelihood(data_of(x), dense.log_z()), np.mean(log_p), rtol=1e-5)
        self.assertRaises(vpf.UnsupportedError, vpf.Model([3, 2, 2]).free_energy, data_of(all_rows(3)))
        self.assertRaises(vpf.UnsupportedError, vpf.Model([3, 2, 2]).log_likelihood_rows, data_of(all_rows(3)), 0)
        self.assertRaises(vpf.UnsupportedError, vpf.Model([3, 2], [0, 1]).pseudo_likelihood_rows, data_of(all_rows(3)))
        self.assertRaises(vpf.LimitError, vpf.Model([3, 26], [0, 1]).free_energy, data_of(all_rows(3)))
        self.assertRaises(vpf.ArgumentError, vpf.Model([3, 2]).log_likelihood_rows, data_of(all_rows(3)), np.nan)

    def test_flow_gradient_by_differences(self):
        """Of one joint machine and one of pairs, whose flow is that of its pairs."""
        y = random_bits(20, 9)
        states = data_of(y)
        for coupling, flow in ((1, lambda m: Dense(m).flow(y)),
                               (0, lambda m: Dense(m.pair(0)).flow(y[:, :7]) + Dense(m.pair(1)).flow(y[:, 4:]))):
            model = random_model([4, 3, 2], [1, 0, 1], coupling, scale=0.5)
            theta = model.params()
            gradient, numeric, step = model.flow_gradient(states), np.empty(len(theta)), 2.0 ** -8
            self.assertAlmostEqual(model.flow(states), flow(model), delta=1e-4)
            for k in range(len(theta)):
                around = []
                for sign in (1, -1):
                    moved = theta.copy()
                    moved[k] += np.float32(sign * step)
                    model.set_params(moved)
                    around.append((flow(model), float(moved[k])))
                numeric[k] = (around[0][0] - around[1][0]) / (around[0][1] - around[1][1])
            np.testing.assert_allclose(gradient, numeric, rtol=1e-3, atol=1e-3)

    def test_infer(self):
        model = random_model([6, 5, 4], scale=0.5)
        x = np.repeat(all_rows(6)[[5]], 20000, axis=0)
        y = model.infer(data_of(x), 3).bits()
        np.testing.assert_array_equal(y[:, :6], x)
        p = sigmoid(x[0] @ model.weights(0) + model.bias(1))
        self.assertLess(np.abs(y[:, 6:11].mean(axis=0) - p).max(), 0.02)
        part = data_of(x)[7:9]
        np.testing.assert_array_equal(model.infer(part, 3).bits(), y[7:9])

    def test_gibbs(self):
        model = random_model([3, 2], scale=0.7)
        start = data_of(np.zeros((20000, 5)))
        clamped = np.array([1, 0, 0, 0, 0], bool)
        np.testing.assert_array_equal(model.gibbs(start, 0, 1).bits(), 0)
        end = model.gibbs(start, 50, 1, clamped=clamped).bits()
        self.assertFalse(end[:, 0].any())
        y = all_rows(5)
        y = y[y[:, 0] == 0]
        p = np.exp(-Dense(model).energy(y))
        self.assertLess(np.abs(end.mean(axis=0) - p @ y / p.sum()).max(), 0.02)
        energy, watched = model.gibbs_trace(start, 5, 10, 1, clamped=clamped)
        self.assertEqual(energy.shape, (20000, 5))
        np.testing.assert_array_equal(watched.bits(), end)
        np.testing.assert_allclose(energy[:, -1], model.energy(watched), rtol=1e-12)
        alone, nothing = model.gibbs_trace(start, 5, 10, 1, clamped=clamped, return_states=False)
        self.assertIsNone(nothing)
        np.testing.assert_array_equal(alone, energy)
        self.assertRaises(vpf.UnsupportedError, vpf.Model([3, 2, 2]).gibbs, data_of(np.zeros((1, 7))), 1, 1)
        self.assertRaises(vpf.ArgumentError, model.gibbs_trace, start, 0, 1, 1)

    def test_generate(self):
        bare = random_model([5])
        np.testing.assert_allclose(bare.generate(3, 2, 1), np.tile(sigmoid(bare.bias(0)), (3, 1)), rtol=1e-5)
        model = random_model([6, 4, 3], scale=0.5)
        probs = model.generate(500, 4, 9, prior=[0.1, 0.5, 0.9])
        np.testing.assert_array_equal(model.generate(500, [4, 4], 9, prior=[0.1, 0.5, 0.9]), probs)
        self.assertFalse(np.array_equal(model.generate(500, [1, 4], 9, prior=[0.1, 0.5, 0.9]), probs))
        self.assertFalse(np.array_equal(model.generate(500, 1, 9), model.generate(500, 1, 9, prior=[0.1, 0.5, 0.9])))
        np.testing.assert_array_equal(model.generate(500, 4, 9), model.generate(500, 4, 9, prior=np.full(3, 0.5)))
        states = model.generate_states(500, 4, 9, prior=[0.1, 0.5, 0.9])
        self.assertEqual(states.shape, (500, 13))
        np.testing.assert_array_equal(
            states.bits(), model.generate_states(500, np.array([4, 4]), 9, prior=[0.1, 0.5, 0.9]).bits())
        self.assertFalse(np.array_equal(states.bits(), model.generate_states(500, [1, 4], 9, [0.1, 0.5, 0.9]).bits()))
        # A prior of zeros and ones is the state of the top layer, of which one step from above is known.
        rbm = random_model([6, 4])
        h = np.array([1, 0, 1, 1])
        np.testing.assert_allclose(rbm.generate(2, 1, 1, prior=h)[0], sigmoid(rbm.weights() @ h + rbm.bias(0)),
                                   rtol=1e-5)

    def test_features(self):
        model = random_model([6, 4, 3], [0, 1, 0])
        bits = random_bits(9, 6)
        data = data_of(bits)
        m1 = sigmoid(bits @ model.weights(0) + model.bias(1))
        m2 = sigmoid(m1 @ model.weights(1) + model.bias(2))
        np.testing.assert_array_equal(model.encode(data, 0), bits)
        np.testing.assert_allclose(model.encode(data, 1), m1, rtol=1e-5)
        np.testing.assert_allclose(model.encode(data), m2, rtol=1e-5)
        np.testing.assert_allclose(model.mean_activations(data), m2.mean(axis=0), rtol=1e-5)
        counts = model.activation_histogram(data, 5, 1)
        np.testing.assert_array_equal(counts, np.histogram(m1.mean(axis=0), 5, (0, 1))[0])
        found = model.layer_activity(data, 1)
        self.assertAlmostEqual(found.mean, m1.mean(), places=6)
        sparse = (1 - m1.mean(axis=1) ** 2 / (m1 ** 2).mean(axis=1)) / (1 - 1 / 4)
        self.assertAlmostEqual(found.population_sparseness, sparse.mean(), places=5)
        sparse = (1 - m1.mean(axis=0) ** 2 / (m1 ** 2).mean(axis=0)) / (1 - 1 / 9)
        self.assertAlmostEqual(found.lifetime_sparseness, sparse.mean(), places=5)
        self.assertEqual(found.dead, (m1.mean(axis=0) < 0.01).mean())

    def test_reconstruct(self):
        model = random_model([6, 4])
        bits = random_bits(5, 6)
        w, down, up = model.weights().astype(float), model.bias(0), model.bias(1)
        known = np.arange(6) < 3
        v = bits.astype(float)
        h = sigmoid(v @ w + up)
        for _ in range(4):
            v = np.where(known, bits, sigmoid(h @ w.T + down))
            h = sigmoid(v @ w + up)
        np.testing.assert_allclose(model.reconstruct_mean_field(data_of(bits), 4, known=known), v, rtol=1e-4)
        many = data_of(np.repeat(bits[:1], 20000, axis=0))
        once = model.reconstruct(many, 1, 1, 1).mean(axis=0)
        h = all_rows(4)
        p = sigmoid(bits[0] @ w + up)
        weight = np.prod(np.where(h, p, 1 - p), axis=1)
        self.assertLess(np.abs(once - weight @ sigmoid(h @ w.T + down)).max(), 0.02)
        self.assertRaises(vpf.ArgumentError, model.reconstruct, many, 2, 3, 1)

    def test_likelihoods(self):
        model = random_model([5, 3])
        dense, x = Dense(model), all_rows(5)
        data = data_of(x)
        log_z = dense.log_z()
        free = model.free_energy(data)
        found = model.estimate_likelihood(data)
        self.assertIs(found.exact, True)
        self.assertAlmostEqual(found.log_z, log_z, places=5)
        self.assertAlmostEqual(found.mean, np.mean(-free - log_z), places=5)
        self.assertAlmostEqual(found.empty, -free[0] - log_z, places=5)
        self.assertAlmostEqual(found.rows_stderr, np.std(free, ddof=1) / np.sqrt(32), places=5)
        self.assertTrue(np.isnan(found.reverse_log_z))
        pseudo = np.zeros(32)
        for i in range(5):
            other = x.copy()
            other[:, i] ^= 1
            pseudo -= np.logaddexp(0, free - model.free_energy(data_of(other)))
        self.assertAlmostEqual(model.pseudo_likelihood(data), pseudo.mean(), places=5)
        np.testing.assert_allclose(model.pseudo_likelihood_rows(data), pseudo, rtol=1e-5)
        result = model.ais(chains=200, betas=200, seed=3, base=data, reverse=True)
        self.assertAlmostEqual(result.log_z, log_z, delta=0.1)
        self.assertAlmostEqual(result.reverse_log_z, log_z, delta=0.1)
        self.assertIs(result.reverse_start, vpf.AisStart.EXACT)
        self.assertIs(result.disagree, False)
        self.assertEqual((result.doubts, result.doubts.texts), (vpf.Doubt(0), []))
        self.assertGreaterEqual(result.bases, 1)
        self.assertEqual(len((vpf.Doubt.BOUND | vpf.Doubt.ESS).texts), 2)
        self.assertEqual(model.ais(chains=200, betas=200, seed=3, base=data).log_z, result.log_z)
        self.assertNotEqual(model.ais(chains=200, betas=200, seed=4, base=data).log_z, result.log_z)
        self.assertLessEqual(model.ais(chains=200, betas=200, seed=3).bases, result.bases)
        even = np.linspace(0, 1, 300)
        steps = model.ais(chains=20, seed=3, temperatures=even)
        self.assertEqual(steps.log_z, model.ais(chains=20, betas=300, seed=3, temperatures=even).log_z)
        self.assertIs(steps.reverse_start, vpf.AisStart.NONE)
        self.assertNotEqual(model.ais(chains=20, betas=300, seed=3, adaptive=True).log_z, steps.log_z)
        self.assertAlmostEqual(model.ais_log_partition(200, 200, 1)[0], log_z, delta=0.1)
        self.assertEqual(model.ais_log_partition(200, 200, 3)[0], model.ais(chains=200, betas=200, seed=3).log_z)
        self.assertRaises(vpf.ArgumentError, model.ais, temperatures=[0, 0.9])
        self.assertRaises(vpf.ArgumentError, model.ais, chains=1)
        self.assertRaises(vpf.ShapeError, model.ais, base=data.columns(0, 2))
        self.assertRaises(vpf.ArgumentError, model.log_likelihood, data, float("inf"))
        wide = random_model([30, 20], scale=0.2)
        rows = data_of(random_bits(10, 30))
        found = wide.ais(chains=10, betas=20, reverse=True, reverse_from=rows, reverse_sweeps=3)
        self.assertIs(found.reverse_start, vpf.AisStart.CHAINS)
        self.assertIs(wide.estimate_likelihood(rows, chains=10, betas=20).exact, False)

    def test_bounds_of_deep_machines(self):
        model = random_model([4, 3, 3, 2], coupling=vpf.Coupling.JOINT)
        dense, x = Dense(model), all_rows(4)
        y = all_rows(12)
        exact = np.array([np.logaddexp.reduce(-dense.energy(y[(y[:, :4] == row).all(axis=1)])) for row in x])
        bound = model.log_likelihood_bound_rows(data_of(x), 0)
        self.assertTrue((bound <= exact + 1e-9).all() and (bound > exact - 2).all())
        self.assertAlmostEqual(model.log_likelihood_bound(data_of(x), 1.5), np.mean(bound) - 1.5, places=9)
        self.assertIs(model.estimate_likelihood(data_of(x)).bound, False)
        deep = random_model([30, 28, 27], coupling=vpf.Coupling.JOINT, scale=0.2)
        rows = data_of(random_bits(10, 30))
        found = deep.estimate_likelihood(rows, chains=10, betas=20)
        self.assertIs(found.bound, True)
        self.assertAlmostEqual(found.mean, deep.log_likelihood_bound(rows, found.log_z), places=9)
        self.assertRaises(vpf.UnsupportedError, random_model([3, 2, 2]).log_likelihood_bound, data_of(all_rows(3)), 0)

    def test_exact_sample(self):
        model = random_model([3, 2])
        y = all_rows(5)
        p = np.exp(-Dense(model).energy(y) - model.exact_log_partition())
        drawn = model.exact_sample(50000, 5).bits()
        counts = np.bincount(drawn @ (1 << np.arange(5)[::-1]), minlength=32) / 50000
        self.assertLess(np.abs(counts - p).max(), 0.01)

    def test_weight_metrics(self):
        model = random_model([6, 4])
        w = model.weights().astype(float)
        rho = np.mean((w ** 2).sum(0) ** 2 / (w ** 4).sum(0)) / 6
        np.testing.assert_allclose(model.weight_metrics(), (rho, (w ** 2).sum() / 4), rtol=1e-5)

    def test_parzen(self):
        centres, points = rng.random((20, 4)).astype("f4"), rng.random((7, 4)).astype("f4")

        def each(c, sigma):
            square = ((points[:, None] - c[None]) ** 2).sum(-1) / (2 * sigma ** 2)
            return np.logaddexp.reduce(-square, axis=1) - np.log(len(c)) - 4 * np.log(sigma * np.sqrt(2 * np.pi))

        wanted = each(centres, 0.2)
        np.testing.assert_allclose(vpf.parzen(centres, points, 0.2), (wanted.mean(), wanted.std(ddof=1) / np.sqrt(7)),
                                   rtol=1e-4)
        sigmas = [0.05, 0.2, 0.4, 1.0]
        best = max(sigmas, key=lambda s: each(centres, s).mean())
        self.assertEqual(vpf.parzen_select_sigma(centres, points, sigmas), best)
        model = random_model([4, 3, 2])
        report = model.parzen_generated(points, 20, 3, 0.2, 5, draws=2, prior=[0.3, 0.6])
        draws = np.array([each(model.generate(20, 3, 5 + d, prior=[0.3, 0.6]), 0.2) for d in range(2)])
        self.assertAlmostEqual(report.mean, draws.mean(), delta=1e-3)
        self.assertAlmostEqual(report.stderr_points, draws.mean(axis=0).std(ddof=1) / np.sqrt(7), delta=1e-3)
        self.assertAlmostEqual(report.stderr_draws, draws.mean(axis=1).std(ddof=1) / np.sqrt(2), delta=1e-3)
        self.assertEqual(report.draws, 2)
        self.assertEqual(model.parzen_generated(points, 20, [3, 3], 0.2, 5, 2, [0.3, 0.6]), report)
        self.assertNotEqual(model.parzen_generated(points, 20, [1, 3], 0.2, 5, 2, [0.3, 0.6]), report)
        self.assertRaises(vpf.ArgumentError, vpf.parzen, centres, points, 0)
        for empty in ((centres[:0], points), (centres, points[:0]), (centres[:, :0], points[:, :0])):
            self.assertRaises(vpf.ArgumentError, vpf.parzen, *empty, 1)
        self.assertRaises(vpf.ArgumentError, vpf.parzen_select_sigma, centres, points, [])
        self.assertRaises(vpf.ArgumentError, vpf.chain_diagnostics, np.empty((0, 5)))
        self.assertRaises(vpf.ArgumentError, vpf.Model, [])
        self.assertRaises(vpf.ArgumentError, vpf.Data, np.empty((0, 5), bool))

    def test_chain_diagnostics(self):
        values = rng.standard_normal((8, 200))
        report = vpf.chain_diagnostics(values)
        self.assertAlmostEqual(report.mean, values.mean())
        self.assertAlmostEqual(report.sd, values.std(ddof=1))
        drift = values[:, 100:].mean(axis=1) - values[:, :100].mean(axis=1)
        self.assertAlmostEqual(report.drift, drift.mean())
        self.assertAlmostEqual(report.drift_stderr, drift.std(ddof=1) / np.sqrt(8))
        self.assertLess(abs(report.split_rhat - 1), 0.02)
        self.assertAlmostEqual(report.ess, 1600 / report.autocorrelation_time)
        values[3, 5] = np.nan
        self.assertRaisesRegex(vpf.ArgumentError, r"\[3\]\[5\]", vpf.chain_diagnostics, values)

    def test_files(self):
        path = self.folder / "a model ü.safetensors"
        for model in (random_model([5], [1]), random_model([5, 4]), random_model([5, 4, 3], [1, 1, 0]),
                      random_model([5, 4, 3], [0, 1, 1], vpf.Coupling.JOINT)):
            model.save(path)
            tensors, metadata = read_model.read_model(path)
            self.assertEqual(read_model.sizes(metadata), list(model.sizes))
            self.assertEqual(metadata["vpf_coupling"], model.coupling.name.lower())
            self.assertEqual(metadata["vpf_intra"], ",".join(str(int(i)) for i in model.intra))
            for layer in range(model.layers):
                roles = {".up": vpf.Bias.UP, ".down": vpf.Bias.DOWN}
                if f"bias.{layer}" in tensors:
                    roles = {"": vpf.Bias.UP}
                for suffix, role in roles.items():
                    self.same_bits(tensors.pop(f"bias.{layer}{suffix}"), model.bias(layer, role))
                if model.intra[layer]:
                    self.same_bits(tensors.pop(f"intra.{layer}"), model.intra_weights(layer))
                if layer + 1 < model.layers:
                    self.same_bits(tensors.pop(f"weight.{layer}"), model.weights(layer))
            self.assertEqual(tensors, {})
            for name in (path, str(path), os.fsencode(path)):
                with vpf.Model.load(name) as loaded:
                    self.same_bits(loaded.params(), model.params())
                    self.assertEqual((loaded.sizes, loaded.intra, loaded.coupling),
                                     (model.sizes, model.intra, model.coupling))
        self.assertEqual([p.name for p in self.folder.iterdir()], [path.name])

    def same_bits(self, a, b):
        self.assertEqual((a.dtype, a.shape, a.tobytes()), (b.dtype, b.shape, b.tobytes()))


class TestReadModel(Folder):
    def test_values(self):
        bits = random_bits(9, 6)
        for intra in ([0, 0], [1, 0]):
            model = random_model([6, 4], intra)
            model.save(self.folder / "m")
            tensors, _ = read_model.read_model(self.folder / "m")
            np.testing.assert_allclose(read_model.free_energy(tensors, bits), model.free_energy(data_of(bits)),
                                       rtol=1e-5)
            np.testing.assert_allclose(read_model.hidden_probabilities(tensors, bits), model.encode(data_of(bits)),
                                       rtol=1e-5)
        model = random_model([6], [1])
        model.save(self.folder / "m")
        np.testing.assert_allclose(read_model.free_energy(read_model.read_model(self.folder / "m")[0], bits),
                                   model.energy(data_of(bits)), rtol=1e-5)
        model = random_model([6, 4, 3])
        model.save(self.folder / "m")
        tensors, _ = read_model.read_model(self.folder / "m")
        np.testing.assert_allclose(read_model.hidden_probabilities(tensors, bits), model.encode(data_of(bits), 1),
                                   rtol=1e-5)
        self.assertRaises(ValueError, read_model.free_energy, tensors, bits)

    def test_checkpoint(self):
        tensors, metadata = read_model.read_model(TREE / "tests/data/checkpoint-first.safetensors")
        self.assertEqual(metadata["vpf_kind"], "checkpoint")
        keys = dict(zip(tensors["optimizer.option_keys"].tolist(), tensors["optimizer.options"].tolist()))
        model, optimizer = vpf.load_checkpoint(TREE / "tests/data/checkpoint-first.safetensors")
        self.assertEqual(model.units, sum(model.sizes))
        self.assertEqual(optimizer.position, (tensors["optimizer.state"][3], tensors["optimizer.state"][5]))
        values = {int(vpf.Option[name.upper()]): value for name, value in optimizer.items()}
        self.assertEqual({key: values[key] for key in keys}, keys)
        later = {int(info.option): info.initial for info in vpf.OPTIONS.values() if info.option not in keys}
        self.assertEqual({key: values[key] for key in later}, later)  # options that the file does not know yet

    def test_saved_again_by_the_safetensors_package(self):
        try:
            from safetensors import safe_open
            from safetensors.numpy import load_file, save_file
        except ImportError:
            self.skipTest("the package safetensors is not installed")
        model, path, again = vpf.Model([6, 4], seed=1), self.folder / "model", self.folder / "again"
        model.save(path)
        tensors = load_file(path)
        self.assertTrue(np.array_equal(tensors["weight.0"], model.weights(0)))
        with safe_open(path, "np") as file:
            metadata = file.metadata()
        for kept in (None, {"format": "np"}, metadata):
            save_file(tensors, again, metadata=kept)
            with self.assertRaises(vpf.FormatError) as caught:
                vpf.Model.load(again)
            self.assertIn("another program", str(caught.exception))
        other = vpf.Model([6, 4])
        other.set_weights(0, tensors["weight.0"])
        for layer in range(2):
            other.set_bias(layer, tensors[f"bias.{layer}"])
        self.assertTrue(np.array_equal(other.params(), model.params()))

    def test_every_damage_is_noticed(self):
        raw = (TREE / "tests/data/model-4-3-2.safetensors").read_bytes()
        path = self.folder / "damaged"
        for at in range(len(raw)):
            path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:])
            with self.assertRaises(ValueError, msg=f"byte {at}") as caught:
                read_model.read_model(path)
            self.assertIn("damaged", str(caught.exception))
        for length in range(len(raw)):
            path.write_bytes(raw[:length])
            self.assertRaises(ValueError, read_model.read_model, path)
        path.write_bytes(raw + b"x")
        self.assertRaises(ValueError, read_model.read_model, path)


class TestOptimizer(Folder):
    def test_mapping(self):
        optimizer = vpf.Optimizer(seed=2**64 - 1, learning_rate=2e-3, batch_size=np.int64(10), method=vpf.Method.PCD)
        self.assertEqual(optimizer.seed, 2**64 - 1)
        self.assertEqual(optimizer["learning_rate"], 2e-3)
        self.assertEqual(optimizer["method"], vpf.Method.PCD)
        self.assertIsInstance(optimizer["batch_size"], int)
        optimizer["beta1"] = np.float32(0.5)
        optimizer.update({"beta2": 0.25}, shuffle=False)
        self.assertEqual((optimizer["beta1"], optimizer["beta2"], optimizer["shuffle"]), (0.5, 0.25, 0))
        self.assertEqual(list(optimizer), list(vpf.OPTIONS))
        self.assertEqual(len(optimizer), len(vpf.Option))
        self.assertEqual(dict(vpf.Optimizer()), {name: info.initial for name, info in vpf.OPTIONS.items()})
        self.assertIn("seed=18446744073709551615, method=2, learning_rate=0.002", repr(optimizer))
        self.assertIs(optimizer.last_stop, vpf.Stop.NONE)
        self.assertEqual(optimizer.position, (0, 0))
        self.assertRaises(KeyError, lambda: optimizer["x"])
        named = vpf.Optimizer(method="pcd", rule="sgd")
        self.assertEqual((named["method"], named["rule"]), (vpf.Method.PCD, vpf.Rule.SGD))
        self.assertEqual(vpf.Model([6, 4, 3], coupling="joint").coupling, vpf.Coupling.JOINT)
        for option, kind in (("METHOD", vpf.Method), ("RULE", vpf.Rule)):
            names = [vpf.option_value_name(vpf.Option[option], member) for member in kind]
            self.assertEqual(names, [member.name.lower() for member in kind])
            self.assertIsNone(vpf.option_value_name(vpf.Option[option], len(kind)))
        with self.assertRaises(ValueError):
            optimizer.seed = -1
        self.assertEqual(len({optimizer, vpf.Optimizer()}), 2)

    def test_recipe_and_average(self):
        data = data_of(random_bits(200, 12))
        for recipe in vpf.Recipe:
            self.assertIsInstance(recipe.purpose, str)
            self.assertEqual(vpf._library.vpf_recipe_name(recipe).decode(), recipe.name.lower())
        model, optimizer = vpf.Model([12, 5]), vpf.Optimizer(seed=3)
        self.assertRaises(vpf.StateError, optimizer.average)
        vpf.begin_recipe("likelihood", model, data, optimizer, 5)
        self.assertEqual((optimizer["method"], optimizer["drop_epoch"]), (vpf.Method.PCD, 4))
        seen = []
        vpf.train(model, data, optimizer, 5, progress=lambda p: seen.append((p.gradient, p.gradient_noise)))
        self.assertTrue(np.isnan(seen).all() and len(seen) == 5)
        average = optimizer.average()
        self.assertEqual(average.sizes, model.sizes)
        self.assertFalse(np.array_equal(average.params(), model.params()))
        other = vpf.Model([12, 5], seed=3)
        other.init_biases(data)
        means = (data.bits().sum(axis=0) + 0.5) / 201
        field = other.bias(0) + other.weights(0).sum(axis=1) / 2
        np.testing.assert_allclose(field, np.log(means / (1 - means)), atol=1e-5)
        visible, optimizer = vpf.Model([12], intra=[1]), vpf.Optimizer()
        vpf.begin_recipe(vpf.Recipe.FULLY_VISIBLE, visible, data, optimizer, 500)
        self.assertIs(vpf.train(visible, data, optimizer, 500), vpf.Stop.CONVERGED)

    def test_options(self):
        info = vpf.OPTIONS["learning_rate"]
        self.assertEqual((info.name, info.integer, info.low, info.high, info.initial, info.option),
                         ("learning_rate", False, 1e-12, 10, 1e-3, 200))
        self.assertIs(vpf.OPTIONS["threads"].integer, True)
        for option in vpf.Option:
            info = vpf.OPTIONS[option.name.lower()]
            self.assertEqual(vpf.option_bounds(option), (info.low, info.high, info.name))
        self.assertRaisesRegex(vpf.ArgumentError, "no option 7", vpf.option_bounds, 7)


def machine(rows=400, seed=1):
    return vpf.Model([20, 8], seed=seed), data_of(random_bits(rows, 20)), vpf.Optimizer(seed=seed, batch_size=10)


class TestTraining(Folder):
    def test_learns_and_reports(self):
        model, data, optimizer = machine()
        optimizer["progress_batches"] = 15
        seen = []
        stop = vpf.train(model, data, optimizer, 3, seen.append)
        self.assertIs(stop, vpf.Stop.EPOCHS)
        self.assertIs(optimizer.last_stop, vpf.Stop.EPOCHS)
        epochs = [p for p in seen if p.event is vpf.ProgressEvent.EPOCH]
        batches = [p for p in seen if p.event is vpf.ProgressEvent.BATCH]
        self.assertEqual([(p.epoch, p.epochs, p.batch, p.batches, p.rows) for p in epochs],
                         [(e, 3, 40, 40, 400) for e in (1, 2, 3)])
        self.assertEqual([(p.epoch, p.batch) for p in batches], [(e, b) for e in (1, 2, 3) for b in (15, 30)])
        self.assertEqual([p.stop for p in epochs], [vpf.Stop.NONE, vpf.Stop.NONE, vpf.Stop.EPOCHS])
        self.assertLess(epochs[2].flow, epochs[0].flow)
        for p in seen:
            self.assertEqual((p.pairs, len(p.flow_lower), len(p.flow_upper)), (1, 1, 1))
            self.assertEqual((p.layers, len(p.activity)), (2, 2))
            self.assertTrue(all(isinstance(n, tuple) for n in (p.flow_lower, p.flow_upper, p.activity)))
            self.assertAlmostEqual(p.flow, p.flow_lower[0] + p.flow_upper[0])
            self.assertGreater(p.images_per_second, 0)
        self.assertAlmostEqual(epochs[2].activity[0], data.bits().mean())
        np.testing.assert_allclose((epochs[2].rho, epochs[2].w2), model.weight_metrics(), rtol=1e-6)

    def test_parameters_do_not_depend_on_progress_or_thread(self):
        results = []

        def run(progress, **options):
            model, data, optimizer = machine()
            optimizer.update(options)
            vpf.train(model, data, optimizer, 3, progress)
            results.append(model.params())

        run(None)
        run(lambda p: None)
        run(lambda p: 0, progress_batches=1)
        for progress in (None, lambda p: None):
            thread = threading.Thread(target=run, args=(progress,))
            thread.start()
            thread.join()
        self.assertEqual(len(results), 5)
        for result in results:
            np.testing.assert_array_equal(result, results[0])

    def test_stop_and_resume_bit_for_bit(self):
        whole = machine()
        vpf.train(*whole, 6)
        path = self.folder / "c"
        for options, where in (({}, vpf.ProgressEvent.EPOCH), ({"progress_batches": 7}, vpf.ProgressEvent.BATCH)):
            model, data, optimizer = machine()
            optimizer.update(options)
            stop = vpf.train(model, data, optimizer, 6, lambda p: p.event is where and p.epoch == 3)
            self.assertIs(stop, vpf.Stop.CALLBACK)
            vpf.save_checkpoint(model, optimizer, path)
            vpf.train(model, data, optimizer, 3 if where == vpf.ProgressEvent.EPOCH else 4)
            np.testing.assert_array_equal(model.params(), whole[0].params())
            loaded, its = vpf.load_checkpoint(path)
            self.assertEqual(dict(its), dict(optimizer))
            self.assertIs(its.last_stop, vpf.Stop.CALLBACK)
            vpf.train(loaded, data, its, 3 if where == vpf.ProgressEvent.EPOCH else 4)
            np.testing.assert_array_equal(loaded.params(), whole[0].params())
        model, data, optimizer = machine()
        optimizer["progress_batches"] = 7
        vpf.train(model, data, optimizer, 1, lambda p: True)
        self.assertRaisesRegex(vpf.StateError, "unfinished", vpf.train, model, data[:10], optimizer, 1)
        self.assertRaises(vpf.FileError, vpf.load_checkpoint, self.folder / "none")
        self.assertRaises(vpf.ShapeError, vpf.save_checkpoint, vpf.Model([3, 2]), optimizer, path)
        self.assertRaises(vpf.ShapeError, vpf.train, vpf.Model([20, 3]), data, optimizer, 1)

    def test_zero_epochs(self):
        model, data, optimizer = machine()
        before = model.params()
        self.assertIs(vpf.train(model, data, optimizer, 0), vpf.Stop.NONE)
        np.testing.assert_array_equal(model.params(), before)

    def test_progress_may_read_save_and_set(self):
        model, data, optimizer = machine()
        seen = []

        def progress(p):
            seen.append(model.params())
            model.flow(model.infer(data, 1))
            model.save(self.folder / "m")
            vpf.save_checkpoint(model, optimizer, self.folder / f"c{p.epoch}")
            optimizer["learning_rate"] = 1e-3 / p.epoch
            optimizer.seed = p.epoch
            self.assertEqual(model.sizes, (20, 8))
            repr(model), repr(optimizer), repr(data)

        vpf.train(model, data, optimizer, 3, progress)
        self.assertEqual(optimizer["learning_rate"], 1e-3 / 3)
        self.assertFalse(np.array_equal(seen[0], seen[1]))
        loaded, its = vpf.load_checkpoint(self.folder / "c3")
        np.testing.assert_array_equal(loaded.params(), seen[2])

    def test_the_watch_for_ctrl_c_is_not_seen(self):
        """That train() asks for progress at minibatches changes neither options, nor files, nor what is reported."""
        files = []
        for main in (True, False):  # another thread does not watch
            def run():
                model, data, optimizer = machine()
                seen = []

                def progress(p):
                    self.assertIs(p.event, vpf.ProgressEvent.EPOCH)
                    seen.append(optimizer["progress_batches"])
                    optimizer["progress_batches"] = 0
                    vpf.save_checkpoint(model, optimizer, self.folder / "c")
                    files.append((self.folder / "c").read_bytes())

                vpf.train(model, data, optimizer, 3, progress)
                self.assertEqual(seen, [0, 0, 0])
                self.assertEqual(optimizer["progress_batches"], 0)
                self.assertFalse(optimizer._watching)
                with self.assertRaises(vpf.ShapeError):
                    vpf.train(vpf.Model([20, 9]), data, optimizer, 1)
                self.assertEqual(optimizer["progress_batches"], 0)
            if main:
                run()
            else:
                thread = threading.Thread(target=run)
                thread.start()
                thread.join()
        self.assertEqual(len(files), 6)
        self.assertEqual(files[:3], files[3:])
        model, data, optimizer = machine()
        events = []

        def begin(p):
            events.append(p.event)
            optimizer["progress_batches"] = 10

        vpf.train(model, data, optimizer, 2, begin)
        self.assertEqual(events, [0, 1, 1, 1, 1, 0])
        self.assertEqual(optimizer["progress_batches"], 10)

    def test_progress_must_not_change_the_model_or_train(self):
        model, data, optimizer = machine()
        seen = []

        def progress(p):
            for wrong in (lambda: model.init(1), lambda: model.set_params(model.params()),
                          lambda: vpf.train(model, data, vpf.Optimizer(), 1),
                          lambda: vpf.train(model.clone(), data, optimizer, 1)):
                with self.assertRaises(vpf.StateError) as caught:
                    wrong()
                self.assertEqual(caught.exception.status, vpf.Status.ERR_STATE)
            seen.append(vpf.train(*machine(), 1))  # others may train

        vpf.train(model, data, optimizer, 2, progress)
        self.assertEqual(seen, [vpf.Stop.EPOCHS] * 2)
        whole = machine()
        vpf.train(*whole, 2)
        np.testing.assert_array_equal(model.params(), whole[0].params())

    def test_trains_where_signals_cannot_be_handled(self):
        """In a subinterpreter signal.signal() raises ValueError."""
        model, data, optimizer = machine()
        seen = []
        with unittest.mock.patch("signal.signal", side_effect=ValueError("main interpreter only")):
            vpf.train(model, data, optimizer, 2, lambda p: seen.append(p.epoch))
            self.assertRaises(ZeroDivisionError, vpf.train, model, data, optimizer, 1, lambda p: 1 / 0)
        self.assertEqual(seen, [1, 2])

    def test_exceptions_in_progress(self):
        class Special(BaseException):
            pass

        for kind in (ZeroDivisionError, KeyboardInterrupt, SystemExit, StopIteration, Special):
            model, data, optimizer = machine()
            count = []

            def progress(p):
                count.append(p.epoch)
                if p.epoch == 2:
                    raise kind("here")

            try:
                vpf.train(model, data, optimizer, 5, progress)
                self.fail("nothing was raised")
            except kind as error:
                self.assertEqual(error.args, ("here",))
                self.assertIn("progress", [frame.name for frame in traceback.extract_tb(error.__traceback__)])
            self.assertEqual(count, [1, 2])
            self.assertIs(optimizer.last_stop, vpf.Stop.CALLBACK)
            self.assertEqual(optimizer["progress_batches"], 0)
            vpf.train(model, data, optimizer, 3)
            whole = machine()
            vpf.train(*whole, 5)
            np.testing.assert_array_equal(model.params(), whole[0].params())
        model, data, optimizer = machine()
        self.assertRaises(ZeroDivisionError, vpf.train, model, data, optimizer, 1, lambda p: 1 / 0)  # at the last epoch
        self.assertRaises(ValueError, vpf.train, model, data, optimizer, 1, lambda p: np.zeros(2))  # no truth value

    def interrupted(self, train, kind=KeyboardInterrupt, number=signal.SIGINT, after=0.3):
        """How long it takes from the signal to the exception."""
        sent = []

        def send():
            time.sleep(after)
            sent.append(time.monotonic())
            os.kill(os.getpid(), number)

        thread = threading.Thread(target=send)
        handlers = {n: signal.getsignal(n) for n in signal.valid_signals()}
        thread.start()
        try:
            with self.assertRaises(kind):
                train()
            took = time.monotonic() - sent[0]
        finally:
            thread.join()
        self.assertEqual({n: signal.getsignal(n) for n in signal.valid_signals()}, handlers)
        return took

    def test_ctrl_c(self):
        """With and without a progress function; in epochs of many seconds, and in short ones."""
        model = vpf.Model([300, 100], seed=1)
        long, short = data_of(np.zeros((100000, 300))), data_of(random_bits(100, 300))
        gentle = {"learning_rate": 1e-6, "method": vpf.Method.CD, "gibbs_steps": 100}
        for data in (long, short):
            for progress in (None, lambda p: None):
                optimizer = vpf.Optimizer(**gentle)
                took = self.interrupted(lambda: vpf.train(model, data, optimizer, 10**9, progress))
                self.assertLess(took, 2)
                self.assertIs(optimizer.last_stop, vpf.Stop.CALLBACK)
                self.assertEqual(optimizer["progress_batches"], 0)

    def test_ctrl_c_within_progress(self):
        """Python code of the user is interrupted where it is."""
        model, data, optimizer = machine()
        where = []

        def progress(p):
            where.append("before")
            time.sleep(20)
            where.append("after")

        self.assertLess(self.interrupted(lambda: vpf.train(model, data, optimizer, 1, progress)), 2)
        self.assertEqual(where, ["before"])

    def test_other_signals(self):
        """What any handler raises comes out; one that only takes notes does not stop the training."""
        class Alarm(Exception):
            pass

        def alarm(number, frame):
            raise Alarm

        old = signal.signal(signal.SIGUSR1, alarm)
        try:
            model, data, optimizer = machine()
            took = self.interrupted(lambda: vpf.train(model, data, optimizer, 10**9), Alarm, signal.SIGUSR1)
            self.assertLess(took, 2)
            notes = []
            signal.signal(signal.SIGUSR1, lambda number, frame: notes.append(number))
            began = time.monotonic()
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1)).start()
            stop = vpf.train(model, data, optimizer, 10**9, lambda p: time.monotonic() - began > 0.6)
            self.assertIs(stop, vpf.Stop.CALLBACK)
            self.assertEqual(notes, [signal.SIGUSR1])
        finally:
            signal.signal(signal.SIGUSR1, old)

    def test_nothing_is_kept(self):
        """No cycle keeps the handles after a training, not even after an exception."""
        def run(progress):
            model, data, optimizer = machine()
            try:
                vpf.train(model, data, optimizer, 1, progress)
            except ZeroDivisionError:
                pass
            return [weakref.ref(h) for h in (model, data, optimizer)]

        gc.collect()
        gc.disable()
        try:
            for progress in (None, lambda p: None, lambda p: 1 / 0):
                self.assertEqual([r() for r in run(progress)], [None] * 3)
        finally:
            gc.enable()

    def test_methods(self):
        for method in vpf.Method:
            model, data, optimizer = machine()
            optimizer["method"] = method
            optimizer["rule"] = vpf.Rule.SGD
            vpf.train(model, data, optimizer, 1)


class TestLadder(Folder):
    def test_ladder(self):
        base, model = data_of(random_bits(50, 6)), random_model([6, 4], scale=1.5)
        with vpf.Ladder(model, base, chains=50, acceptance=0.5, seed=3) as ladder:
            self.assertTrue(ladder)
            self.assertEqual(repr(ladder), f"<vpf.Ladder {len(ladder)} rungs>")
            self.assertEqual(ladder[0].acceptance, 1)
            np.testing.assert_array_equal(ladder.model(-1).params(), model.params())
            self.assertFalse(ladder.model(0).weights().any())
            self.assertRaises(IndexError, lambda: ladder[len(ladder)])
            self.assertEqual(ladder.append(model), 0)
            self.assertEqual(ladder.append(random_model([6, 4], scale=1.6), itself=True) > 0, True)
            states, report = ladder.sample(20, 10, seed=1, model=model)
            self.assertEqual((states.rows, states.cols), (20, 10))
            self.assertEqual(report.rungs, len(ladder) + 1)
            self.assertLess(abs(report.log_z - model.exact_log_partition()), 6 * report.log_z_stderr)
            path = self.folder / "ladder.safetensors"
            ladder.save(path)
            read = vpf.Ladder.load(path)
        again, _ = read.sample(20, 10, seed=1, model=model)
        np.testing.assert_array_equal(again.bits(), states.bits())
        self.assertRaises(vpf.ArgumentError, vpf.Ladder, model, chains=1)
        optimizer = vpf.Optimizer(method=vpf.Method.PTT, particles=20)
        self.assertRaises(vpf.StateError, vpf.Ladder.of, optimizer)
        vpf.train(model, base, optimizer, 2)
        ladder = vpf.Ladder.of(optimizer)
        ladder.append(model, itself=True)
        self.assertLess(abs(ladder[-1].log_z - model.exact_log_partition()), 6 * ladder[-1].log_z_stderr)
        self.assertRaises(vpf.UnsupportedError, vpf.Ladder, random_model([6, 4, 3]))
        self.assertRaises(vpf.FormatError, vpf.Ladder.load, __file__)


class TestMonitor(unittest.TestCase):
    def test_checks(self):
        validation = data_of(random_bits(30, 6))
        models = [vpf.Model([6, 3]), random_model([6, 3], scale=3), random_model([6, 3], scale=4)]
        with vpf.Monitor(patience=2) as monitor:
            self.assertEqual(len(monitor), 0)
            self.assertTrue(monitor)
            self.assertRaises(vpf.StateError, monitor.best_index)
            stops = [monitor.check(model, validation, 10 * k) for k, model in enumerate(models)]
            self.assertEqual(stops, [False, False, True])
            self.assertEqual(len(monitor), 3)
            for k, model in enumerate(models):
                epoch, found = monitor[k]
                self.assertEqual(epoch, 10 * k)
                self.assertIsInstance(found, vpf.Likelihood)
                wanted = model.estimate_likelihood(validation, chains=50, betas=300)
                np.testing.assert_array_equal(found, wanted)
            self.assertEqual(monitor[-1][0], 20)
            self.assertRaises(IndexError, lambda: monitor[3])
            self.assertEqual([epoch for epoch, _ in monitor], [0, 10, 20])
            self.assertEqual(monitor.best_index(), 0)
            best = monitor.best_model()
            self.assertRaises(vpf.ShapeError, monitor.check, models[0], data_of(random_bits(3, 5)), 1)
            self.assertEqual(repr(monitor), "<vpf.Monitor 3 checks>")
        np.testing.assert_array_equal(best.params(), models[0].params())
        self.assertRaises(vpf.ArgumentError, vpf.Monitor, chains=1)

    def test_settings(self):
        validation, model = data_of(random_bits(10, 30)), random_model([30, 20], scale=0.2)
        temperatures = np.linspace(0, 1, 20) ** 2
        monitor = vpf.Monitor(chains=10, temperatures=temperatures, seed=3)
        temperatures[:] = 0  # a copy was made
        monitor.check(model, validation, 1)
        wanted = model.estimate_likelihood(validation, chains=10, temperatures=np.linspace(0, 1, 20) ** 2, seed=3)
        np.testing.assert_array_equal(monitor[0][1], wanted)

    def test_in_training(self):
        model, data, optimizer = machine()
        monitor = vpf.Monitor(chains=10, betas=10)
        vpf.train(model, data, optimizer, 3, lambda p: monitor.check(model, data, p.epoch))
        self.assertEqual([epoch for epoch, _ in monitor], [1, 2, 3])


class TestHandles(Folder):
    def handles(self):
        return [data_of(random_bits(5, 6)), vpf.Model([6, 3]), vpf.Optimizer(), vpf.Monitor()]

    def test_closed(self):
        data, model, optimizer, monitor = self.handles()
        for handle in (data, model, optimizer, monitor):
            self.assertFalse(handle.closed)
            with handle as same:
                self.assertIs(same, handle)
            self.assertTrue(handle.closed)
            handle.close()
            name = type(handle).__name__
            self.assertEqual(repr(handle), f"<vpf.{name} closed>")
            with self.assertRaisesRegex(ValueError, f"this {name} is closed"):
                with handle:
                    pass
        open_data, open_model, open_optimizer, open_monitor = self.handles()
        states = open_model.infer(open_data, 1)
        uses = [lambda: data.rows, lambda: len(data), data.bits, lambda: data[:1], lambda: model.sizes, model.params,
                lambda: model.coupling, lambda: model.intra, lambda: model.param_count, model.clone,
                lambda: model.flow(states), lambda: open_model.flow(data), lambda: open_model.ais(base=data),
                lambda: model.save(self.folder / "x"), lambda: optimizer["beta1"], lambda: optimizer.seed,
                lambda: optimizer.update(beta1=0), lambda: optimizer.last_stop, lambda: len(monitor),
                monitor.best_model,
                lambda: monitor.check(open_model, open_data, 1), lambda: open_monitor.check(model, open_data, 1),
                lambda: vpf.train(model, open_data, open_optimizer, 1),
                lambda: vpf.train(open_model, data, open_optimizer, 1),
                lambda: vpf.train(open_model, open_data, optimizer, 1),
                lambda: vpf.save_checkpoint(open_model, optimizer, self.folder / "x")]
        for k, use in enumerate(uses):
            with self.assertRaisesRegex(ValueError, "this (Data|Model|Optimizer|Monitor) is closed", msg=k):
                use()
        vpf.train(open_model, open_data, open_optimizer, 1)  # and the others are as they were
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_failed_construction(self):
        for kind, argument in (vpf.Data, [[3.0]]), (vpf.Model, [0]), (vpf.Monitor, -1), (vpf.Optimizer, -1):
            self.assertRaises(ValueError, kind, argument)
            empty = kind.__new__(kind)
            self.assertTrue(empty.closed)
            self.assertRaisesRegex(ValueError, "closed", empty.__enter__)
            empty.close()
            del empty

    def test_no_copies(self):
        for handle in self.handles():
            for make in (copy.copy, copy.deepcopy, pickle.dumps):
                self.assertRaisesRegex(TypeError, "cannot be copied", make, handle)

    def test_many(self):
        def resident():
            return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        def once():
            data, model = vpf.Data(np.ones((100, 784), bool)), vpf.Model([784, 100], seed=1)
            states = model.infer(data, 1)
            model.clone().flow(states)
            self.assertRaises(vpf.ShapeError, model.flow, data)
            model.generate(10, 1, 1)
            vpf.Optimizer(), vpf.Monitor(temperatures=np.linspace(0, 1, 1000))

        for _ in range(20):
            once()
        before = resident()
        for _ in range(300):
            once()
        self.assertLess(resident() - before, 30e6)  # each round holds more than 0.6 MB

    def test_close_during_training(self):
        """In the progress function: it takes effect at the end; and what was closed is then gone."""
        model, data, optimizer = machine()
        epochs = []

        def progress(p):
            epochs.append(p.epoch)
            for handle in (model, data, optimizer):
                handle.close()
                self.assertTrue(handle.closed)
                self.assertIsNotNone(handle._pointer)
            self.assertRaisesRegex(ValueError, "closed", model.params)

        vpf.train(model, data, optimizer, 3, progress)
        self.assertEqual(epochs, [1, 2, 3])
        for handle in (model, data, optimizer):
            self.assertIsNone(handle._pointer)

    def test_end_of_the_interpreter(self):
        program = ("import vpf, numpy as np\nkept = [vpf.Data(np.ones((5, 6), bool)), vpf.Model([6, 3], seed=1), "
                   "vpf.Optimizer(), vpf.Monitor()]\nvpf.train(kept[1], kept[0], kept[2], 1)\nkept.append(kept)\n")
        run = self.subprocess(program)
        self.assertEqual((run.returncode, run.stderr), (0, ""))


class TestThreads(unittest.TestCase):
    def test_two_trainings(self):
        def train(seed, result):
            model, data, optimizer = machine(rows=2000, seed=seed)
            vpf.train(model, data, optimizer, 20, lambda p: None)
            result[seed] = model.params()

        serial, parallel = {}, {}
        for seed in (1, 2):
            train(seed, serial)
        threads = [threading.Thread(target=train, args=(seed, parallel)) for seed in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for seed in (1, 2):
            np.testing.assert_array_equal(parallel[seed], serial[seed])

    def test_others_run_meanwhile(self):
        """One long call without any callback: Python counts on."""
        model, data = vpf.Model([300, 100], seed=1), data_of(np.zeros((4000, 300)))
        optimizer = vpf.Optimizer(method=vpf.Method.CD, gibbs_steps=100, learning_rate=1e-6, progress_batches=10**9)
        counted, done = [0], threading.Event()

        def count():
            while not done.is_set():
                counted[0] += 1
                time.sleep(0.001)

        thread = threading.Thread(target=count)
        thread.start()
        began, before = time.monotonic(), counted[0]
        vpf.train(model, data, optimizer, 1)
        took, during = time.monotonic() - began, counted[0] - before
        done.set()
        thread.join()
        self.assertGreater(took, 0.05, "too short to tell")
        self.assertGreater(during, 5, f"in {took:.3f} s")

    def test_one_writer(self):
        model, data, optimizer = machine()
        inside, go_on = threading.Event(), threading.Event()

        def progress(p):
            inside.set()
            self.assertTrue(go_on.wait(60))

        thread = threading.Thread(target=vpf.train, args=(model, data, optimizer, 1, progress))
        thread.start()
        self.assertTrue(inside.wait(60))
        try:
            for use in (model.params, lambda: model.init(1), lambda: optimizer["beta1"],
                        lambda: optimizer.update(beta1=0),
                        lambda: vpf.train(model, data, vpf.Optimizer(), 1),
                        lambda: vpf.train(model.clone(), data, optimizer, 1)):
                self.assertRaisesRegex(vpf.StateError, "in use by another call", use)
            self.assertEqual(repr(optimizer), "<vpf.Optimizer in use>")
            self.assertEqual(model.sizes, (20, 8))  # does not change
            data.bits()                              # is only read
            model.close()                            # when the training has ended
            self.assertIsNotNone(model._pointer)
            self.assertRaisesRegex(ValueError, "closed", model.params)
        finally:
            go_on.set()
            thread.join()
        self.assertIsNone(model._pointer)
        self.assertIs(optimizer.last_stop, vpf.Stop.EPOCHS)

    def test_messages_are_those_of_the_thread(self):
        def fail(columns, texts):
            for _ in range(200):
                try:
                    vpf.Model([7, 3]).encode(data_of(np.zeros((1, columns))))
                except vpf.ShapeError as error:
                    texts.add(str(error))

        results = {5: set(), 6: set()}
        threads = [threading.Thread(target=fail, args=item) for item in results.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([len(texts) for texts in results.values()], [1, 1])
        self.assertNotEqual(results[5], results[6])


class TestAllocator(Folder):
    def test_python_functions(self):
        run = self.subprocess("""
import ctypes, threading, vpf
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
live, lock = set(), threading.Lock()
def allocate(size, user):
    if size > 10**8: return None
    pointer = libc.malloc(size)
    with lock: live.add(pointer)
    return pointer
def release(pointer, user):
    with lock: live.remove(pointer)
    libc.free(pointer)
vpf.set_allocator(allocate, release)
data, model = vpf.Data([[0.0, 1.0]]), vpf.Model([2, 3], seed=1)
assert live
vpf.train(model, data, vpf.Optimizer(), 2)
try: vpf.Model([10000, 10000])
except vpf.OutOfMemoryError as error: assert isinstance(error, MemoryError), error
else: raise SystemExit("no error")
data.close(), model.close()
assert not live, live
try: vpf.set_allocator(allocate, release)
except vpf.StateError: pass
else: raise SystemExit("set twice")
kept = vpf.Model([2, 3])
""")
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_c_functions(self):
        run = self.subprocess("import ctypes, vpf\nc = ctypes.CDLL(None)\nvpf.set_allocator(c.malloc, c.free)\n"
                              "model = vpf.Model([2, 3], seed=1)\nprint(model)")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "<vpf.Model 2-3, pairwise>\n", ""))
        self.assertRaises(vpf.StateError, vpf.set_allocator, ctypes.CDLL(None).malloc, ctypes.CDLL(None).free)


class TestExperimental(unittest.TestCase):
    def test_flips(self):
        model = random_model([3, 2])
        dense = Dense(model)
        start = np.array([1, 0, 1, 0, 1])
        flips = vpf.simulate_flips(model, start, np.inf, 500, 3)
        self.assertEqual((flips.dtype, flips.shape), (vpf.FLIP, (500,)))
        self.assertTrue((np.diff(flips["time"]) > 0).all())
        y = start.copy()
        for flip in flips:
            rates = dense.rates(y[None])[0]
            self.assertAlmostEqual(flip["rate"], rates[flip["unit"]], delta=1e-4 * rates[flip["unit"]])
            y[flip["unit"]] ^= 1
            self.assertEqual(flip["state"], y[flip["unit"]])
        out = np.empty(500, vpf.FLIP)
        few = vpf.simulate_flips(model, start, flips["time"][9], 500, 3, out=out)
        self.assertLess(len(few), 500)
        self.assertTrue(np.shares_memory(few, out))
        np.testing.assert_array_equal(few, flips[:len(few)])
        changes = vpf.stdp_changes(flips, start[0], 0, 3)
        pre, wanted = start[0], np.zeros(500)
        for k, flip in enumerate(flips):
            pre = flip["state"] if flip["unit"] == 0 else pre
            if flip["unit"] == 3:
                wanted[k] = -pre * (0.5 - flip["state"]) * flip["rate"]
        np.testing.assert_allclose(changes, wanted, rtol=1e-12)
        self.assertTrue(wanted.any())
        np.testing.assert_array_equal(vpf.stdp_changes(np.repeat(flips, 2)[::2], True, 0, 3), changes)
        self.assertRaises(vpf.ArgumentError, vpf.stdp_changes, flips, 1, 2, 2)
        self.assertRaises(vpf.ArgumentError, vpf.simulate_flips, model, start, -1, 5, 3)
        self.assertRaises(vpf.UnsupportedError, vpf.simulate_flips, vpf.Model([3, 2, 2]), np.zeros(7, int), 1, 5, 3)
        self.assertRaises(ValueError, vpf.simulate_flips, model, start[:4], 1, 5, 3)
        self.assertRaises(TypeError, vpf.simulate_flips, model, None, 1, 5, 3)
        self.assertRaises(TypeError, vpf.simulate_flips, None, start, 1, 5, 3)
        self.assertRaises(TypeError, vpf.stdp_changes, np.zeros((3, 3)), 1, 0, 1)


if __name__ == "__main__":
    unittest.main()
