# SPDX-License-Identifier: MIT
"""libvpf in Python: Boltzmann machines by variational probability flow.

One file, for Python 3.8 or later and NumPy. Copy it beside your program, or add its folder to PYTHONPATH:

    import vpf

    data = vpf.Data.load_idx("train-images-idx3-ubyte")
    model = vpf.Model([784, 196], seed=1)
    optimizer = vpf.Optimizer(learning_rate=1e-3, batch_size=40)
    vpf.train(model, data, optimizer, 10, progress=lambda p: print(p.epoch, p.flow))
    model.save("rbm.safetensors")

The library. It is loaded from the file named by the environment variable VPF_LIBRARY. Without that variable,
libvpf.so.1 is found as it is for any other program (LD_LIBRARY_PATH, ldconfig).

Handles. Data, Model, Optimizer, Monitor and Ladder hold memory of the library. It is released when Python collects them, at
the end of a `with` block, or by close(). Using a closed handle raises ValueError. If close() is called while a call
in another thread still needs the handle, or from within its training, it takes effect when that call has ended.
Handles cannot be copied or pickled: use Model.clone(), save() and load().

Arrays. An array that is C-contiguous and has the dtype given in the docstring (bool and uint8 count as the same) is
used without a copy; any other is converted first, which takes one. Results are new arrays, or the array given as
`out=`, which must have exactly the right dtype and shape and be C-contiguous and writeable. It is filled in place and
returned; after an exception its contents are unspecified. Rows of images are flat: [rows x cols], not
[rows x height x width].

Errors. A call that the library refuses raises a subclass of vpf.Error with the library's message, which gives the
value and the limit. Each subclass also derives from Python's own exception for the case, so `except ValueError`,
`except OSError` and so on work as expected. A wrong Python argument raises TypeError, ValueError or IndexError.

Threads. The library is called through ctypes.CDLL, so Python's global lock is released during every call: other
Python threads run while a model trains. Distinct handles may be used from distinct threads. A call that would
change a handle while another thread uses it, or read one while another thread changes it, raises StateError. Results
do not depend on threads. The library's own threads are gone when a call returns, so processes may be started in any
way: multiprocessing's "fork", "forkserver" and "spawn", joblib. In a subinterpreter that allows ctypes (a "legacy"
one), everything works but Ctrl-C during train(), as it has no signals; an isolated one raises ImportError.

Ctrl-C during train() stops the training within about a tenth of a second and raises KeyboardInterrupt; other calls
finish first. Seeds are numbers from 0 to 2^64 - 1, and the same seed gives the same bits.

Layers are counted from 0, the visible one; -1 is the top. Energies and likelihoods are in nats. The headers of the
library are the full reference; a method is named after its function.
"""
import collections
import collections.abc
import ctypes
import ctypes.util
import enum
import numbers
import operator
import os
import re
import signal
import sys
import threading

import numpy as np

# ---- What the headers declare. A test compares this with them. ----

_ENUMS = "vpf_status vpf_coupling vpf_bias vpf_noise vpf_ais_start vpf_doubt vpf_method vpf_rule vpf_option vpf_stop " \
         "vpf_progress_event vpf_recipe"

_STRUCTS = """
vpf_parzen_report { size_t struct_size; double mean, stderr_points, stderr_draws; size_t draws; }
vpf_ais_settings { size_t struct_size; size_t chains; size_t betas; uint64_t seed; int adaptive;
    const double *temperatures; const vpf_data *base; int reverse; const vpf_data *reverse_from;
    size_t reverse_sweeps; }
vpf_ais_result { size_t struct_size; double log_z, log_z_stderr, ess, spread;
    double reverse_log_z, reverse_stderr, reverse_ess, reverse_spread; vpf_ais_start reverse_start; int disagree;
    double log_z_bound, log_z_both; vpf_doubt doubts; unsigned bases; }
vpf_likelihood { size_t struct_size; double mean, rows_stderr, log_z, log_z_stderr, ess, empty; int exact;
    double reverse_log_z, mean_low; int disagree; double log_z_bound, log_z_both; vpf_doubt doubts; int bound; }
vpf_activity { size_t struct_size; double mean, population_sparseness, lifetime_sparseness, dead, saturated; }
vpf_moment_comparison { size_t struct_size; double mean_pearson, mean_rms, pair_pearson, pair_rms,
    connected_pearson, connected_rms; }
vpf_chain_report { size_t struct_size; double mean, sd, drift, drift_stderr, autocorrelation_time, ess, split_rhat; }
vpf_ladder_settings { size_t struct_size; size_t chains, reservoir; double acceptance; size_t most_rungs; uint64_t seed; }
vpf_ladder_rung_report { size_t struct_size; double log_z, log_z_stderr, acceptance, autocorrelation_time; }
vpf_ladder_report { size_t struct_size; size_t rungs; double log_z, log_z_stderr, acceptance_mean, acceptance_least;
    size_t acceptance_rung; double arrivals, round_trips, split_rhat, autocorrelation_time; double log_z_bound; int disagree; }
vpf_option_info { size_t struct_size; vpf_option option; int integer; const char *name; double low, high, initial; }
vpf_progress { size_t struct_size; vpf_progress_event event; vpf_stop stop; size_t epoch, epochs, batch, batches, rows;
    double flow; size_t pairs; const double *flow_lower; const double *flow_upper; size_t layers;
    const double *activity; double rho, w2, seconds, images_per_second, total_seconds, gradient, gradient_noise; }
vpf_allocator { size_t struct_size; vpf_allocate_fn allocate; vpf_release_fn release; void *user; }
vpf_flip { double time, rate; size_t unit; int state; }
"""

_PROTOTYPES = """
const char *vpf_version_string(void);
unsigned vpf_version_number(void);
void vpf_set_threads(size_t threads);
size_t vpf_threads(void);
const char *vpf_status_string(vpf_status status);
const char *vpf_status_name(vpf_status status);
const char *vpf_error_message(void);
vpf_status vpf_set_allocator(const vpf_allocator *a);
vpf_status vpf_data_from_u8(vpf_data **out, const uint8_t *values, size_t rows, size_t cols, uint8_t threshold);
vpf_status vpf_data_from_f32(vpf_data **out, const float *values, size_t rows, size_t cols, float threshold);
vpf_status vpf_data_load_idx(vpf_data **out, const char *path, uint8_t threshold);
vpf_status vpf_data_slice(vpf_data **out, const vpf_data *data, size_t first, size_t count);
vpf_status vpf_data_columns(vpf_data **out, const vpf_data *data, size_t first, size_t count);
vpf_status vpf_data_bits_only(vpf_data **out, const vpf_data *data);
vpf_status vpf_data_corrupt(vpf_data **out, const vpf_data *data, const uint8_t *region, vpf_noise noise,
    uint64_t seed);
void vpf_data_destroy(vpf_data *data);
size_t vpf_data_rows(const vpf_data *data);
size_t vpf_data_cols(const vpf_data *data);
vpf_status vpf_data_to_u8(const vpf_data *data, uint8_t *out_bits);
vpf_status vpf_data_to_f32(const vpf_data *data, float *out_levels);
vpf_status vpf_model_create(vpf_model **out, const size_t *sizes, size_t layers, const uint8_t *intra,
    vpf_coupling coupling);
vpf_status vpf_model_init(vpf_model *model, uint64_t seed);
vpf_status vpf_model_init_biases(vpf_model *model, const vpf_data *data);
vpf_status vpf_model_clone(vpf_model **out, const vpf_model *model);
vpf_status vpf_model_pair(vpf_model **out, const vpf_model *model, size_t pair);
void vpf_model_destroy(vpf_model *model);
size_t vpf_model_layers(const vpf_model *model);
size_t vpf_model_layer_size(const vpf_model *model, size_t layer);
size_t vpf_model_units(const vpf_model *model);
int vpf_model_has_intra(const vpf_model *model, size_t layer);
vpf_coupling vpf_model_get_coupling(const vpf_model *model);
vpf_status vpf_model_get_weights(const vpf_model *model, size_t lower, float *out);
vpf_status vpf_model_set_weights(vpf_model *model, size_t lower, const float *w);
vpf_status vpf_model_get_intra(const vpf_model *model, size_t layer, float *out);
vpf_status vpf_model_set_intra(vpf_model *model, size_t layer, const float *u);
vpf_status vpf_model_get_bias(const vpf_model *model, size_t layer, vpf_bias role, float *out);
vpf_status vpf_model_set_bias(vpf_model *model, size_t layer, vpf_bias role, const float *b);
size_t vpf_model_param_count(const vpf_model *model);
vpf_status vpf_model_get_params(const vpf_model *model, float *out);
vpf_status vpf_model_set_params(vpf_model *model, const float *theta);
vpf_status vpf_model_save(const vpf_model *model, const char *path);
vpf_status vpf_model_load(vpf_model **out, const char *path);
vpf_status vpf_model_energy(const vpf_model *model, const vpf_data *states, double *out_energy);
vpf_status vpf_model_free_energy(const vpf_model *model, const vpf_data *visible, double *out_free);
vpf_status vpf_model_flow(const vpf_model *model, const vpf_data *states, double *out_flow);
vpf_status vpf_model_flow_rows(const vpf_model *model, const vpf_data *states, double *out_flow);
vpf_status vpf_model_flow_gradient(const vpf_model *model, const vpf_data *states, float *out_gradient);
vpf_status vpf_model_infer(const vpf_model *model, const vpf_data *visible, uint64_t seed, vpf_data **out_states);
vpf_status vpf_gibbs(const vpf_model *model, const vpf_data *states, const uint8_t *clamped, size_t sweeps,
    uint64_t seed, vpf_data **out_states);
vpf_status vpf_gibbs_trace(const vpf_model *model, const vpf_data *states, const uint8_t *clamped, size_t draws,
    size_t thin, uint64_t seed, double *out_energy, vpf_data **out_states);
vpf_status vpf_generate(const vpf_model *model, size_t count, size_t steps, const float *prior, uint64_t seed,
    float *out_probs);
vpf_status vpf_generate_by_pair(const vpf_model *model, size_t count, const size_t *steps, const float *prior,
    uint64_t seed, float *out_probs);
vpf_status vpf_generate_states(const vpf_model *model, size_t count, size_t steps, const float *prior,
    uint64_t seed, vpf_data **out_states);
vpf_status vpf_generate_states_by_pair(const vpf_model *model, size_t count, const size_t *steps,
    const float *prior, uint64_t seed, vpf_data **out_states);
vpf_status vpf_encode(const vpf_model *model, const vpf_data *data, size_t layer, float *out);
vpf_status vpf_mean_activations(const vpf_model *model, const vpf_data *data, size_t layer, float *out);
vpf_status vpf_reconstruct(const vpf_model *model, const vpf_data *corrupted, const uint8_t *known, size_t steps,
    size_t average_last, uint64_t seed, float *out_probs);
vpf_status vpf_reconstruct_mean_field(const vpf_model *model, const vpf_data *corrupted, const uint8_t *known,
    size_t steps, float *out_probs);
vpf_status vpf_parzen(const float *centres, size_t n_centres, const float *points, size_t n_points, size_t dim,
    double sigma, double *out_mean, double *out_stderr);
vpf_status vpf_parzen_select_sigma(const float *centres, size_t n_centres, const float *points, size_t n_points,
    size_t dim, const double *sigmas, size_t n_sigmas, double *out_sigma);
vpf_status vpf_parzen_generated(const vpf_model *model, size_t count, size_t steps, const float *prior,
    uint64_t seed, size_t draws, const float *points, size_t n_points, double sigma, vpf_parzen_report *out);
vpf_status vpf_parzen_generated_by_pair(const vpf_model *model, size_t count, const size_t *steps,
    const float *prior, uint64_t seed, size_t draws, const float *points, size_t n_points, double sigma,
    vpf_parzen_report *out);
vpf_status vpf_exact_log_partition(const vpf_model *model, double *out_log_z);
vpf_status vpf_exact_sample(const vpf_model *model, size_t count, uint64_t seed, vpf_data **out_states);
vpf_status vpf_ais(const vpf_model *model, const vpf_ais_settings *settings, vpf_ais_result *out);
const char *vpf_doubt_text(vpf_doubt doubt);
vpf_status vpf_ais_log_partition(const vpf_model *model, size_t chains, size_t betas, uint64_t seed,
    double *out_log_z, double *out_stderr);
vpf_status vpf_log_likelihood(const vpf_model *model, const vpf_data *data, double log_z, double *out_mean);
vpf_status vpf_log_likelihood_rows(const vpf_model *model, const vpf_data *data, double log_z, double *out_log_p);
vpf_status vpf_log_likelihood_bound(const vpf_model *model, const vpf_data *data, double log_z, double *out_mean);
vpf_status vpf_log_likelihood_bound_rows(const vpf_model *model, const vpf_data *data, double log_z, double *out);
vpf_status vpf_estimate_likelihood(const vpf_model *model, const vpf_data *data, const vpf_ais_settings *settings,
    vpf_likelihood *out);
vpf_status vpf_pseudo_likelihood(const vpf_model *model, const vpf_data *data, double *out_mean);
vpf_status vpf_pseudo_likelihood_rows(const vpf_model *model, const vpf_data *data, double *out_pseudo);
vpf_status vpf_weight_metrics(const vpf_model *model, size_t lower, double *out_rho, double *out_w2);
vpf_status vpf_reconstruction_error(const vpf_data *truth, const float *probs, const uint8_t *region,
    double *out_mean, double *out_stderr);
vpf_status vpf_activation_histogram(const vpf_model *model, const vpf_data *data, size_t layer, size_t bins,
    size_t *out_counts);
vpf_status vpf_layer_activity(const vpf_model *model, const vpf_data *data, size_t layer, vpf_activity *out);
vpf_status vpf_moments(const vpf_data *data, double *out_mean, double *out_pair);
vpf_status vpf_compare_moments(const vpf_data *a, const vpf_data *b, vpf_moment_comparison *out);
vpf_status vpf_chain_diagnostics(const double *values, size_t chains, size_t draws, vpf_chain_report *out);
vpf_status vpf_monitor_create(vpf_monitor **out, const vpf_ais_settings *settings, size_t patience);
void vpf_monitor_destroy(vpf_monitor *monitor);
vpf_status vpf_monitor_check(vpf_monitor *monitor, const vpf_model *model, const vpf_data *validation,
    size_t epoch, int *out_stop);
size_t vpf_monitor_checks(const vpf_monitor *monitor);
vpf_status vpf_monitor_get(const vpf_monitor *monitor, size_t index, size_t *out_epoch,
    vpf_likelihood *out_likelihood);
vpf_status vpf_monitor_best(const vpf_monitor *monitor, size_t *out_index, vpf_model **out_model);
vpf_status vpf_ladder_create(vpf_ladder **out, const vpf_model *model, const vpf_data *base,
    const vpf_ladder_settings *settings);
vpf_status vpf_ladder_append(vpf_ladder *ladder, const vpf_model *model, int itself, size_t *out_added);
vpf_status vpf_ladder_of_optimizer(vpf_ladder **out, const vpf_optimizer *optimizer);
void vpf_ladder_destroy(vpf_ladder *ladder);
size_t vpf_ladder_rungs(const vpf_ladder *ladder);
vpf_status vpf_ladder_rung(const vpf_ladder *ladder, size_t rung, vpf_ladder_rung_report *out);
vpf_status vpf_ladder_model(const vpf_ladder *ladder, size_t rung, vpf_model **out);
vpf_status vpf_ladder_sample(const vpf_ladder *ladder, const vpf_model *model, size_t count, size_t sweeps,
    uint64_t seed, vpf_data **out_states, vpf_ladder_report *out);
vpf_status vpf_ladder_save(const vpf_ladder *ladder, const char *path);
vpf_status vpf_ladder_load(vpf_ladder **out, const char *path);
vpf_status vpf_optimizer_create(vpf_optimizer **out);
void vpf_optimizer_destroy(vpf_optimizer *optimizer);
vpf_status vpf_optimizer_set_seed(vpf_optimizer *optimizer, uint64_t seed);
uint64_t vpf_optimizer_get_seed(const vpf_optimizer *optimizer);
vpf_status vpf_optimizer_set(vpf_optimizer *optimizer, vpf_option option, double value);
vpf_status vpf_optimizer_get(const vpf_optimizer *optimizer, vpf_option option, double *out_value);
const char *vpf_option_value_name(vpf_option option, int value);
vpf_status vpf_option_bounds(vpf_option option, double *out_low, double *out_high, const char **out_name);
size_t vpf_option_count(void);
vpf_status vpf_option_describe(size_t index, vpf_option_info *out);
vpf_status vpf_optimizer_position(const vpf_optimizer *optimizer, size_t *out_epochs, size_t *out_rows);
vpf_stop vpf_optimizer_last_stop(const vpf_optimizer *optimizer);
vpf_status vpf_optimizer_average(const vpf_optimizer *optimizer, vpf_model **out);
const char *vpf_recipe_name(vpf_recipe recipe);
const char *vpf_recipe_purpose(vpf_recipe recipe);
vpf_status vpf_recipe_begin(vpf_recipe recipe, vpf_model *model, const vpf_data *data, vpf_optimizer *optimizer,
    size_t epochs);
vpf_status vpf_train(vpf_model *model, const vpf_data *data, vpf_optimizer *optimizer, size_t epochs,
    vpf_progress_fn progress, void *user);
vpf_status vpf_checkpoint_save(const vpf_model *model, const vpf_optimizer *optimizer, const char *path);
vpf_status vpf_checkpoint_load(vpf_model **out_model, vpf_optimizer **out_optimizer, const char *path);
"""

_EXPERIMENTAL_PROTOTYPES = """
vpf_status vpf_simulate_flips(const vpf_model *model, const uint8_t *start, double duration, size_t max_flips,
    uint64_t seed, vpf_flip *out_flips, size_t *out_count);
vpf_status vpf_stdp_changes(const vpf_flip *flips, size_t count, int pre_at_start, size_t pre, size_t post,
    double *out_changes);
"""

_TYPES = {
    "void": None, "char": ctypes.c_char, "int": ctypes.c_int, "unsigned": ctypes.c_uint, "uint8_t": ctypes.c_uint8,
    "uint64_t": ctypes.c_uint64, "size_t": ctypes.c_size_t, "float": ctypes.c_float, "double": ctypes.c_double,
    "vpf_allocate_fn": ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p),
    "vpf_release_fn": ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p),
}
_TYPES.update({name: ctypes.c_int for name in _ENUMS.split()})
_TYPES.update({name: type(name, (ctypes.Structure,), {})
               for name in ("vpf_data", "vpf_model", "vpf_optimizer", "vpf_monitor", "vpf_ladder")})


def _ctype(text):
    """The ctypes type of a C type: "const float *" is POINTER(c_float)."""
    base, stars = text.replace("const ", "").replace("*", "").strip(), text.count("*")
    if base in ("char", "void") and stars:
        found, stars = (ctypes.c_char_p if base == "char" else ctypes.c_void_p), stars - 1
    else:
        found = _TYPES[base]
    for _ in range(stars):
        found = ctypes.POINTER(found)
    return found


def _declare_structs():
    for name, body in re.findall(r"(\w+) \{(.*?)\}", _STRUCTS, re.S):
        fields, c_types = [], {}
        for declaration in filter(None, (part.strip() for part in body.split(";"))):
            c_type, names = re.fullmatch(r"(.*?[ *])(\w+(?:,\s*\w+)*)", declaration, re.S).groups()
            for field in re.split(r",\s*", names):
                fields.append((field, _ctype(c_type)))
                c_types[field] = c_type.strip()
        _TYPES[name] = type(name, (ctypes.Structure,), {"_fields_": fields, "c_types": c_types})
    _TYPES["vpf_progress_fn"] = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_TYPES["vpf_progress"]), ctypes.c_void_p)


_declare_structs()

# ---- The library ----


def _load_library():
    name = os.environ.get("VPF_LIBRARY")
    candidates = [name] if name else ["libvpf.so.1", ctypes.util.find_library("vpf")]
    why = None
    for candidate in filter(None, candidates):
        try:
            library = ctypes.CDLL(candidate)  # not PyDLL: other Python threads run during calls
            break
        except OSError as error:
            why = why or error
    else:
        raise ImportError(f"libvpf cannot be loaded ({why}). Install it (cmake --install BUILD, then ldconfig), or set "
                          "VPF_LIBRARY to the path of libvpf.so.1, or LD_LIBRARY_PATH to its folder.")
    try:
        number = library.vpf_version_number
    except AttributeError:
        raise ImportError(f"{candidate} is not libvpf: it has no vpf_version_number") from None
    number.argtypes, number.restype = (), ctypes.c_uint
    if number() // 10000 != 1:
        raise ImportError(f"{candidate} is libvpf {number() // 10000}.{number() // 100 % 100}; "
                          "this vpf.py is for version 1")
    return library


_Parameter = collections.namedtuple("_Parameter", "name c_name type const")  # c_name: "vpf_coupling", "const float *"
_functions = {}  # name: (function of the library, its parameters)


def _bind(prototypes, required):
    for result, name, parameters in re.findall(r"([\w ]+?[ *]+)(vpf_\w+)\((.*?)\);", prototypes, re.S):
        try:
            function = getattr(_library, name)
        except AttributeError:
            if not required:
                continue
            raise ImportError(f"this libvpf is older than this vpf.py: it has no {name}") from None
        found = []
        for parameter in re.split(r",\s*", parameters):
            if parameter != "void":
                c_type, its_name = re.fullmatch(r"(.*?)(\w+)", parameter).groups()
                found.append(_Parameter(its_name, c_type.strip(), _ctype(c_type), c_type.startswith("const ")))
        function.argtypes = tuple(parameter.type for parameter in found)
        function.restype = _ctype(result)
        _functions[name] = function, found


_library = _load_library()
_bind(_PROTOTYPES, required=True)
_bind(_EXPERIMENTAL_PROTOTYPES, required=False)


def version_string():
    """ "major.minor.patch" of the running library."""
    return _library.vpf_version_string().decode()


def version_number():
    """major * 10000 + minor * 100 + patch of the running library."""
    return _library.vpf_version_number()


def set_threads(threads):
    """How many threads calls work with in this process, training only where the optimizer's "threads" is 0. 0: the
    default, as many as pay off. Never more than there are processors. No result depends on it."""
    _library.vpf_set_threads(_integer(threads, ctypes.c_size_t, "threads"))


def threads():
    """How many threads a call would work with at most."""
    return _library.vpf_threads()


# ---- Errors ----


def status_name(status):
    """The name of a status code, "VPF_ERR_MEMORY" for -3; "" for a number that is not a status code."""
    return _library.vpf_status_name(status).decode()


def status_string(status):
    """The fixed text of a status code, "out of memory" for -3."""
    return _library.vpf_status_string(status).decode()


def error_message():
    """The library's message about this thread's last failure, "" before the first. Exceptions carry it already."""
    return _library.vpf_error_message().decode(errors="replace")


def _statuses():
    found = {}
    while status_name(-len(found)):  # codes run from 0 down without gaps
        found[status_name(-len(found))[len("VPF_"):]] = -len(found)
    return found


Status = enum.IntEnum("Status", _statuses())
Status.__doc__ = "Status codes: OK, ERR_ARGUMENT, ..., as the library lists them."


class Error(RuntimeError):
    """The library refused or failed to do something. The text is the library's message.

    status  the Status (a number, if this binding does not know it)
    name    its name, such as "VPF_ERR_ARGUMENT"
    """
    name = ""

    def __init__(self, message, status=None):
        super().__init__(message)
        if status is None:
            status = Status[self.name[len("VPF_"):]] if self.name else Status.ERR_INTERNAL
        self.status = status
        self.name = status_name(status)


class ArgumentError(Error, ValueError):
    """A value outside its bounds, NaN, or something that does not exist."""
    name = "VPF_ERR_ARGUMENT"


class ShapeError(Error, ValueError):
    """Columns, layers or shapes that do not match."""
    name = "VPF_ERR_SHAPE"


class OutOfMemoryError(Error, MemoryError):
    """Out of memory."""
    name = "VPF_ERR_MEMORY"


class FileError(Error, OSError):
    """A file cannot be read or written. The text gives the system's reason; errno is not known."""
    name = "VPF_ERR_IO"


class FormatError(Error, ValueError):
    """A damaged or foreign file."""
    name = "VPF_ERR_FORMAT"


class StateError(Error):
    """Not possible now: other data in the middle of an epoch, a handle that is in use, no check yet."""
    name = "VPF_ERR_STATE"


class DivergedError(Error, ArithmeticError):
    """Training diverged. Model and optimizer are as they were before the failing minibatch."""
    name = "VPF_ERR_DIVERGED"


class FieldOverflowError(Error, OverflowError):
    """A local field is too large for the rates, or for a float."""
    name = "VPF_ERR_OVERFLOW"


class UnsupportedError(Error, NotImplementedError):
    """Not defined, or not available, for this kind of model or method."""
    name = "VPF_ERR_UNSUPPORTED"


class LimitError(Error, ValueError):
    """Too large: sizes, or the number of units to enumerate."""
    name = "VPF_ERR_LIMIT"


class InternalError(Error):
    """A bug in the library."""
    name = "VPF_ERR_INTERNAL"


_error_classes = {kind.name: kind for kind in Error.__subclasses__()}


def _raise(status):
    name = status_name(status)
    known = Status(status) if name else status
    raise _error_classes.get(name, Error)(error_message() or status_string(status), known)


# ---- Handles ----

_guard = threading.RLock()  # of the counts below; reentrant, since __del__ may run at any time


class _Handle:
    """A handle of the library: destroyed once, and not while a call uses it."""
    _pointer = None   # None before __init__ and after the handle was destroyed
    _users = 0        # calls in progress
    _writer = None    # the thread whose call may change the handle, if there is one
    _closing = False  # close() has been called

    @classmethod
    def _wrap(cls, pointer):
        handle = cls.__new__(cls)
        handle._adopt(pointer)
        return handle

    def _adopt(self, pointer):
        self._pointer = pointer

    def _take(self, other):
        """Become the only owner of what another, new handle holds."""
        pointer, other._pointer = other._pointer, None
        self._adopt(pointer)

    def _check_open(self):
        if self._pointer is None or self._closing:
            raise ValueError(f"this {type(self).__name__} is closed")

    def _enter(self, write, function):
        """A call begins: one writer, or any number of readers. The writer's progress function may read."""
        with _guard:
            self._check_open()
            me = threading.get_ident()
            if (write and self._users) or self._writer not in (None, me):
                raise StateError(f"{function}: this {type(self).__name__} is in use by another call" +
                                 (", which changes it" if self._writer is not None else ""))
            self._users += 1
            if write:
                self._writer = me

    def _leave(self, write):
        with _guard:
            self._users -= 1
            if write:
                self._writer = None
            if self._closing and not self._users:
                self._destroy()

    def _destroy(self):
        pointer, self._pointer = self._pointer, None
        if pointer is not None:
            self._release(pointer)

    def close(self):
        """Release the memory, now or when the last call that uses it ends. Closing twice is allowed."""
        with _guard:
            self._closing = True
            if not self._users:
                self._destroy()

    @property
    def closed(self):
        """Whether close() has been called."""
        return self._pointer is None or self._closing

    def __enter__(self):
        self._check_open()
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self, finalizing=sys.is_finalizing):
        if self._pointer is not None and not finalizing():  # at exit the system frees all memory
            self.close()

    def __reduce_ex__(self, protocol):
        # With a copied pointer the handle would be destroyed twice.
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled; see clone(), save() and load()")

    def _describe(self):
        raise NotImplementedError

    def __repr__(self):
        try:
            what = "closed" if self.closed else self._describe()
        except StateError:
            what = "in use"
        return f"<vpf.{type(self).__name__} {what}>"


# ---- Calls ----

# Allowed in a progress function although they change the optimizer.
_allowed_in_progress = {"vpf_optimizer_set", "vpf_optimizer_set_seed"}


def _wrong_type(value, what, wanted, named=None):
    """The exception to raise; named: the enumeration of the wanted values."""
    if not named:
        return TypeError(f"{what}: must be {wanted}, not {type(value).__name__}")
    *others, last = [f"vpf.{named.__name__}.{member.name}" for member in named]
    return TypeError(f"{what}: must be {', '.join(others)} or {last}, not {value!r}")


def _by_name(value, what, named):
    """The member of an enumeration that a string names ("pcd" is Method.PCD); any other value as it is."""
    if not named or not isinstance(value, str):
        return value
    try:
        return named[value.upper()]
    except KeyError:
        raise ValueError(f"{what}: must be one of {', '.join(repr(m.name.lower()) for m in named)}, not "
                         f"{value!r}") from None


def _integer(value, c_type, what, named=None):
    """The value as an int, if the C type can hold it (ctypes alone would drop bits)."""
    value = _by_name(value, what, named)
    try:
        number = operator.index(value)
    except TypeError:
        raise _wrong_type(value, what, "an integer", named) from None
    bits = 8 * ctypes.sizeof(c_type)
    signed = c_type(-1).value < 0
    low, high = (-1 << bits - 1, (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    if not low <= number <= high:
        raise ValueError(f"{what}: {number} is outside {low} .. {high}")
    return number


def _number(value, what, named=None):
    value = _by_name(value, what, named)
    if not isinstance(value, numbers.Real):
        raise _wrong_type(value, what, "a number", named)
    return float(value)


def _path(value, what):
    path = os.fsencode(value)
    if b"\0" in path:
        raise ValueError(f"{what}: a NUL character in the path")
    return path


def _call(function_name, *arguments):
    """Check Python arguments and call a function of the library with them; raise if it fails.

    For outputs, an array is filled, None means NULL, and a type (float, int, bool, a handle or report class) asks for
    a new value. New values are returned: a single one by itself, several as a tuple."""
    try:
        function, parameters = _functions[function_name]
    except KeyError:
        raise UnsupportedError(f"this libvpf, {version_string()}, has no {function_name}") from None
    held, outputs, converted = [], [], []

    def hold(handle, cls, write, what):
        if not isinstance(handle, cls):
            raise TypeError(f"{what}: must be a {cls.__name__}, not {type(handle).__name__}")
        if write and function_name in _allowed_in_progress and handle._writer == threading.get_ident():
            write = False
        handle._enter(write, function_name)
        held.append((handle, write))
        return handle._pointer

    def convert(parameter, value):
        what, c_type = f"{function_name}: {parameter.name}", parameter.type
        if c_type in _handle_classes:
            if value is None and (function_name, parameter.name) in _optional_handles:
                return None
            return hold(value, _handle_classes[c_type], not parameter.const, what)
        if c_type is ctypes.c_char_p:
            return _path(value, what)
        if isinstance(value, _AisSettings):
            for field, data in value.data.items():
                setattr(value, field, hold(data, Data, False, f"{function_name}: {field}"))
            return ctypes.byref(value)
        if isinstance(value, type):
            cell = value._POINTER() if issubclass(value, _Handle) else \
                value._struct(ctypes.sizeof(value._struct)) if issubclass(value, _Report) else c_type._type_()
            outputs.append((value, cell))
            return ctypes.byref(cell)
        if isinstance(value, np.ndarray):
            return value.ctypes.data_as(c_type)
        if c_type in (ctypes.c_float, ctypes.c_double):
            return _number(value, what)
        if issubclass(c_type, ctypes._SimpleCData) and c_type is not ctypes.c_void_p:
            return _integer(value, c_type, what, _named_numbers.get(parameter.c_name))
        return value

    try:
        for parameter, value in zip(parameters, arguments):
            converted.append(convert(parameter, value))
        result = function(*converted)
        if result and function_name in _status_functions:
            _raise(result)
        found = []
        while outputs:
            kind, cell = outputs.pop(0)
            found.append(kind._wrap(cell) if issubclass(kind, (_Handle, _Report)) else kind(cell.value))
    except BaseException:
        for kind, cell in outputs:  # created, but interrupted (Ctrl-C) before it had an owner
            if issubclass(kind, _Handle) and cell:
                kind._release(cell)
        raise
    finally:
        for handle, write in held:
            handle._leave(write)
    if function_name not in _status_functions:
        return result
    return found[0] if len(found) == 1 else tuple(found) if found else None


_optional_handles = {("vpf_ladder_create", "base"), ("vpf_ladder_sample", "model")}
_status_functions = set(re.findall(r"vpf_status (vpf_\w+)", _PROTOTYPES + _EXPERIMENTAL_PROTOTYPES))

# ---- Arrays ----


def _input(value, what, dtype, shape):
    """A C-contiguous array of this dtype; the value itself if it already is one. Sizes of None are not checked."""
    array = np.asarray(value)
    if array.dtype.kind not in "buif":
        raise TypeError(f"{what}: numbers are needed, not {array.dtype}")
    if array.ndim != len(shape) or any(s is not None and s != n for s, n in zip(shape, array.shape)):
        wanted = ", ".join("any" if s is None else str(s) for s in shape)
        raise ValueError(f"{what}: shape {array.shape}, must be ({wanted})")
    with np.errstate(over="ignore"):  # the library refuses what overflows float32, and says where it is
        return np.require(array, dtype, ["C_CONTIGUOUS", "ALIGNED"])


def _whole(value, what, dtype, length):
    """A one-dimensional array of whole numbers that a C type can hold; the length may be None."""
    c_type = np.ctypeslib.as_ctypes_type(dtype)
    values = [_integer(v, c_type, f"{what}[{k}]") for k, v in enumerate(value)]
    return _input(np.array(values, dtype), what, dtype, (length,))


def _mask(value, what, length):
    """Bytes that are non-zero where the value is; None stays None."""
    if value is None:
        return None
    array = np.asarray(value)
    if array.dtype.kind not in "bui":
        raise TypeError(f"{what}: flags or whole numbers are needed, not {array.dtype}")
    if array.dtype not in (np.bool_, np.uint8):
        array = array != 0
    return _input(array.view(np.uint8), what, np.uint8, (length,))


def _output(out, dtype, shape):
    """A new array; or out, which must be exactly what is needed."""
    shape = tuple(_integer(n, ctypes.c_size_t, "size") for n in shape)
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray) or out.dtype != dtype:
        raise TypeError(f"out: must be an array of {np.dtype(dtype).name}, not "
                        f"{getattr(out, 'dtype', type(out).__name__)}")
    if out.shape != shape:
        raise ValueError(f"out: shape {out.shape}, must be {shape}")
    if not (out.flags.c_contiguous and out.flags.aligned and out.flags.writeable):
        raise ValueError("out: must be C-contiguous, aligned and writeable")
    return out


# ---- Numbers with names ----


class Coupling(enum.IntEnum):
    """How three or more layers are coupled: each two neighbours as a machine of their own, or all by one energy."""
    PAIRWISE = 0
    JOINT = 1


class Bias(enum.IntEnum):
    """Which bias of a layer: UP when the layer is sampled from below, DOWN when it is sampled from above. They differ
    only in the middle layers of a pairwise model."""
    UP = 0
    DOWN = 1


class Noise(enum.IntEnum):
    """What noise does to the bits of a region: bit OR random bit, or the random bit alone."""
    OR = 0
    REPLACE = 1


class Method(enum.IntEnum):
    """What the gradient is that of: variational probability flow, or contrastive divergence, plain, persistent, or with
    chains that are exchanged with copies of the machine (parallel trajectory tempering, for RBMs)."""
    VPF = 0
    CD = 1
    PCD = 2
    PTT = 3


class Rule(enum.IntEnum):
    """How the gradient updates the parameters."""
    ADAM = 0
    SGD = 1


class Stop(enum.IntEnum):
    """Why the last train() ended."""
    NONE = 0
    EPOCHS = 1
    CALLBACK = 2
    DIVERGED = 3
    CONVERGED = 4


class Recipe(enum.IntEnum):
    """Settings and starting parameters that are known to work together: see begin_recipe()."""
    PAPER = 0
    LIKELIHOOD = 1
    FULLY_VISIBLE = 2
    SPARSE = 3

    @property
    def purpose(self):
        """What the recipe is for, in a few words."""
        return _library.vpf_recipe_purpose(self).decode()

    def __str__(self):
        return _library.vpf_recipe_name(self).decode()


class ProgressEvent(enum.IntEnum):
    """Why a progress function is called: the end of an epoch, or of a minibatch."""
    EPOCH = 0
    BATCH = 1


class AisStart(enum.IntEnum):
    """Where the reverse run of Model.ais() started."""
    NONE = 0
    EXACT = 1
    CHAINS = 2


class Doubt(enum.IntFlag):
    """What may be wrong with an estimate of log Z: modes have certainly been missed; the two directions differ; fewer
    than a tenth of the chains count; the weights vary so much that log Z may be off by half a nat."""
    BOUND = 1
    REVERSE = 2
    ESS = 4
    SPREAD = 8

    @property
    def texts(self):
        """The doubts in words: a list of sentences."""
        return [_library.vpf_doubt_text(doubt).decode() for doubt in Doubt if doubt in self]


_named_numbers = {"vpf_coupling": Coupling, "vpf_bias": Bias, "vpf_noise": Noise, "vpf_recipe": Recipe,  # of parameters
                  "method": Method, "rule": Rule}  # of options


# ---- Reports ----


class _Report:
    """A named tuple of the fields of a C struct."""

    @classmethod
    def _value(cls, struct, field):
        value, c_type = getattr(struct, field), struct.c_types[field]
        if c_type == "const char *":
            return value.decode()
        if c_type == "int":
            return bool(value)
        return _report_enums[c_type](value) if c_type in _report_enums else value

    @classmethod
    def _wrap(cls, struct):
        return cls(*(cls._value(struct, field) for field in cls._fields))


_report_enums = {"vpf_ais_start": AisStart, "vpf_doubt": Doubt, "vpf_progress_event": ProgressEvent, "vpf_stop": Stop}


def _report(c_name):
    """The base of a report class."""
    struct = _TYPES[c_name]
    base = collections.namedtuple(c_name, [field for field, _ in struct._fields_ if field != "struct_size"])
    return type(c_name, (_Report, base), {"__slots__": (), "_struct": struct})


class ParzenReport(_report("vpf_parzen_report")):
    """From Model.parzen_generated(), in nats: the mean over draws; its standard errors over points (how much other
    points would change it) and over draws (how much other samples would; 0 for a single draw); the number of draws."""
    __slots__ = ()


class AisResult(_report("vpf_ais_result")):
    """From Model.ais(), in nats: log_z and its standard error over the chains; the effective sample size ess of the
    weights (1 .. chains); the spread of their logarithms (well above 1: use more temperatures); the same for the
    reverse run (NaN without one); where that started (AisStart); disagree, whether there are doubts; log_z_bound, which
    log Z certainly reaches; log_z_both, by both runs together; the doubts (Doubt), whose `texts` say them; and at how many
    bases the chains began."""
    __slots__ = ()


class Likelihood(_report("vpf_likelihood")):
    """From Model.estimate_likelihood(), in nats per row: the mean of log p(x) and its standard error over the rows;
    log_z, its standard error and ess as in AisResult; log p of the empty row; whether log_z is exact; reverse_log_z
    (NaN without a reverse run); mean_low, the mean by the largest log_z that must be reckoned with; disagree, log_z_bound,
    log_z_both and doubts as in AisResult; and bound: whether mean, mean_low and empty have lower bounds in place of
    log p, as those of deep machines do (Model.log_likelihood_bound())."""
    __slots__ = ()


class Activity(_report("vpf_activity")):
    """From Model.layer_activity(), all in 0 .. 1: the mean over units and rows; the sparseness of rows over the units
    (population) and of units over the rows (lifetime); the fractions of units that are dead (mean below 0.01) or
    saturated (above 0.99)."""
    __slots__ = ()


class MomentComparison(_report("vpf_moment_comparison")):
    """From Data.compare_moments(): correlation (Pearson's, NaN where undefined) and root mean square difference of
    means, of pair moments, and of connected pair moments."""
    __slots__ = ()


class ChainReport(_report("vpf_chain_report")):
    """From chain_diagnostics(): mean and standard deviation over all draws; the drift from the first half to the second
    and its standard error over chains; the autocorrelation time in draws; the effective sample size; split R-hat."""
    __slots__ = ()


class LadderRung(_report("vpf_ladder_rung_report")):
    """One rung of a Ladder: log_z of its machine in nats and the standard error, both from the rung below; the mean
    probability of exchanges with that rung; the autocorrelation time in sweeps while its samples were made."""
    __slots__ = ()


class LadderReport(_report("vpf_ladder_report")):
    """From Ladder.sample(): how many rungs; log_z of the machine at the top in nats and its standard error; the mean
    probability of exchanges over all neighbours, the least one, and the lower rung where that is; how many states have
    come from the first rung to the top (arrivals), and back again (round_trips); split R-hat and autocorrelation time of
    the energies at the top; log_z_bound, a rigorous lower bound by mean field; disagree (log_z is below it: modes have
    certainly been missed)."""
    __slots__ = ()


class OptionInfo(_report("vpf_option_info")):
    """An option of Optimizer: its number, whether it is an integer, its name, the closed interval low .. high of
    allowed values, and its initial value."""
    __slots__ = ()


class Progress(_report("vpf_progress")):
    """The progress of training. Numbers about an epoch are averages over its minibatches.

    event (ProgressEvent); stop (Stop: NONE while training continues, EPOCHS at the last epoch); epoch, from 1, counted
    over the optimizer's life; epochs, the epoch at which this train() will end; batch out of batches; rows done; flow
    (K in the guides) and its parts flow_lower and flow_upper [pairs]; activity [layers]; rho and w2 of the first
    weights (at the end of epochs only); seconds of this epoch, images_per_second, total_seconds of this train(). The
    object stays valid after the call."""
    __slots__ = ()
    _lengths = {"flow_lower": "pairs", "flow_upper": "pairs", "activity": "layers"}

    @classmethod
    def _value(cls, struct, field):
        if field in cls._lengths:
            return tuple(getattr(struct, field)[:getattr(struct, cls._lengths[field])])
        return super()._value(struct, field)


class _AisSettings(_TYPES["vpf_ais_settings"]):
    """The settings and what they point to. `data`: the fields that hold a Data, which _call() fills in."""
    data = {}


def _ais_settings(chains=None, betas=None, seed=0, adaptive=False, temperatures=None, base=None, reverse=False,
                  reverse_from=None, reverse_sweeps=None):
    settings = _AisSettings(struct_size=ctypes.sizeof(_AisSettings), adaptive=bool(adaptive), reverse=bool(reverse))
    if temperatures is not None:
        array = _input(temperatures, "temperatures", np.float64, (None,))
        if len(array) < 2:  # 0 betas would mean the default number, and the array has no elements
            raise ValueError(f"temperatures: {len(array)}, at least 2 are needed")
        if betas is None:
            betas = len(array)
        if betas != len(array):
            raise ValueError(f"betas: {betas}, but there are {len(array)} temperatures")
        settings.temperatures = array.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
        settings.array = array  # keeps it alive as long as the settings
    for field, value in ("chains", chains), ("betas", betas), ("seed", seed), ("reverse_sweeps", reverse_sweeps):
        if value is not None:
            setattr(settings, field, _integer(value, dict(settings._fields_)[field], field))
    given = {"base": base, "reverse_from": reverse_from}
    settings.data = {field: data for field, data in given.items() if data is not None}
    return settings


_ais_settings_fields = {field for field, _ in _AisSettings._fields_ if field != "struct_size"}

# ---- Data ----


class Data(_Handle):
    """Rows of bits, with grey levels beside them if there are any. It never changes, so all threads may read it.

    Data(values, threshold=None): from an array [rows x cols], which is copied. A value above the threshold becomes 1.
      bool                    taken as they are (threshold 0)
      whole numbers 0 .. 255  the threshold is required: 0 for zeros and ones, 127 for grey levels (above a
                              half). Grey levels v / 255 are kept if some value is above 1. uint8 needs no conversion
      floats in [0, 1]        threshold 0.5 by default; grey levels are kept, rounded to 1/255, unless all equal their
                              bits. float32 needs no conversion
    Raises ArgumentError (a value out of range, with its place), LimitError, OutOfMemoryError.
    """

    def __init__(self, values, threshold=None):
        values = np.asarray(values)
        if values.ndim != 2:
            raise ValueError(f"values: shape {values.shape}, must be (rows, cols); flatten images to rows")
        kind = values.dtype.kind
        if kind == "b":
            function, array, usual = "vpf_data_from_u8", values.view(np.uint8), 0
        elif kind in "ui":
            if threshold is None:
                raise TypeError("threshold: say it for whole numbers; 0 for zeros and ones, 127 for grey levels to 255")
            if values.dtype != np.uint8 and values.size and not (values.min() >= 0 and values.max() <= 255):
                raise ValueError(f"values: {values.min()} .. {values.max()}; whole numbers must be in 0 .. 255")
            function, array, usual = "vpf_data_from_u8", values, None
        else:
            function, array, usual = "vpf_data_from_f32", values, 0.5
        array = _input(array, "values", np.uint8 if function == "vpf_data_from_u8" else np.float32, (None, None))
        self._take(_call(function, Data, array, *array.shape, usual if threshold is None else threshold))

    def _adopt(self, pointer):
        super()._adopt(pointer)
        self._shape = _call("vpf_data_rows", self), _call("vpf_data_cols", self)

    @classmethod
    def load_idx(cls, path, threshold=127):
        """Read images in the IDX format of MNIST, plain or gzipped, one image per row.
        @param threshold 0 .. 255. Raises FileError, FormatError, ArgumentError, OutOfMemoryError."""
        return _call("vpf_data_load_idx", cls, path, threshold)

    def _describe(self):
        return f"{self.rows} x {self.cols}"

    @property
    def shape(self):
        """(rows, cols)"""
        self._check_open()
        return self._shape

    @property
    def rows(self):
        """Number of rows."""
        return self.shape[0]

    @property
    def cols(self):
        """Number of columns."""
        return self.shape[1]

    def __len__(self):
        return self.rows

    def __bool__(self):
        return True

    def slice(self, first, count):
        """A copy of rows first .. first+count-1. It remembers where it comes from: inferring the hidden units of a
        slice gives that slice of the inferred states. Raises ArgumentError (out of range), OutOfMemoryError."""
        return _call("vpf_data_slice", Data, self, first, count)

    def __getitem__(self, rows):
        """data[first:last] is a slice(); it cannot have a step."""
        if not isinstance(rows, slice):
            raise TypeError("data[first:last] gives rows; for values see bits() and levels()")
        first, last, step = rows.indices(self.rows)
        if step != 1:
            raise ValueError("rows of a slice are consecutive: no step")
        return self.slice(first, max(0, last - first))

    def columns(self, first, count):
        """A copy of columns first .. first+count-1: the bits of some layers, if the rows are states."""
        return _call("vpf_data_columns", Data, self, first, count)

    def bits_only(self):
        """A copy without the grey levels."""
        return _call("vpf_data_bits_only", Data, self)

    def corrupt(self, region, noise, seed):
        """A copy of the bits, with noise, that is fair random bits, in a region.
        @param region  [cols] flags: the columns that get noise
        @param noise   Noise.REPLACE; or Noise.OR, the paper's protocol, which leaves part of the answer visible
        Raises ArgumentError, OutOfMemoryError."""
        region = _required(_mask(region, "region", self.cols), "region")
        return _call("vpf_data_corrupt", Data, self, region, noise, seed)

    def bits(self, out=None):
        """The bits, uint8 [rows x cols]."""
        out = _output(out, np.uint8, self.shape)
        _call("vpf_data_to_u8", self, out)
        return out

    def levels(self, out=None):
        """The grey levels if they were kept, otherwise the bits: float32 [rows x cols] in [0, 1]."""
        out = _output(out, np.float32, self.shape)
        _call("vpf_data_to_f32", self, out)
        return out

    def moments(self, pairs=True, out_mean=None, out_pair=None):
        """The fraction of rows in which each bit is on, float64 [cols], and in which each two bits are on, float64
        [cols x cols] (None unless `pairs`). Raises OutOfMemoryError."""
        out_mean = _output(out_mean, np.float64, (self.cols,))
        out_pair = _output(out_pair, np.float64, (self.cols, self.cols)) if pairs else None
        _call("vpf_moments", self, out_mean, out_pair)
        return out_mean, out_pair

    def compare_moments(self, other):
        """How similar the moments of two sets of rows are, such as data and samples: a MomentComparison.
        Raises ShapeError (different columns), OutOfMemoryError."""
        return _call("vpf_compare_moments", self, other, MomentComparison)

    def reconstruction_error(self, probs, region=None):
        """How far filled-in images are from these, the true ones: (mean over rows of the sum over the region of
        |p - grey level|, its standard error over the rows).
        @param probs   float32 [rows x cols], each in [0, 1]
        @param region  [cols] flags; None: all columns. Raises ArgumentError (with the place)."""
        return _call("vpf_reconstruction_error", self, _input(probs, "probs", np.float32, self.shape),
                     _mask(region, "region", self.cols), float, float)


def _required(value, what):
    if value is None:
        raise TypeError(f"{what}: must be given")
    return value


# ---- Model ----


class Model(_Handle):
    """A layered binary Boltzmann machine.

    Model(sizes, intra=None, coupling=Coupling.PAIRWISE, seed=None)
      sizes     units of each layer, the visible layer first: [784] is a Boltzmann machine without hidden units,
                [784, 196] an RBM; 1 .. 4096 layers
      intra     flags: which layers have intra-layer weights; None: none of them
      coupling  see Coupling
      seed      for init(); None leaves all parameters zero
    Raises ArgumentError, LimitError, OutOfMemoryError.

    "states" are Data whose rows hold the bits of all units, layer after layer; "visible" and "data" have sizes[0]
    columns.
    """

    def __init__(self, sizes, intra=None, coupling=Coupling.PAIRWISE, seed=None):
        sizes = _whole(sizes, "sizes", np.uintp, None)
        self._take(_call("vpf_model_create", Model, sizes, len(sizes), _mask(intra, "intra", len(sizes)), coupling))
        if seed is not None:
            self.init(seed)

    def _adopt(self, pointer):
        super()._adopt(pointer)
        layers = range(_call("vpf_model_layers", self))
        self._sizes = tuple(_call("vpf_model_layer_size", self, layer) for layer in layers)
        self._intra = tuple(bool(_call("vpf_model_has_intra", self, layer)) for layer in layers)
        self._coupling = Coupling(_call("vpf_model_get_coupling", self))
        self._param_count = _call("vpf_model_param_count", self)

    @classmethod
    def load(cls, path):
        """Read a model file, which need not be trusted. Raises FileError, FormatError, OutOfMemoryError."""
        return _call("vpf_model_load", cls, path)

    def save(self, path):
        """Write a model file (safetensors); an existing one is replaced atomically. Raises FileError, LimitError."""
        _call("vpf_model_save", self, path)

    def clone(self):
        """An independent copy."""
        return _call("vpf_model_clone", Model, self)

    def pair(self, pair):
        """Layers pair and pair+1 of a pairwise model as a model of their own, independent of this one.
        @param pair 0 .. layers-2. Raises UnsupportedError (joint), ArgumentError (no such pair)."""
        return _call("vpf_model_pair", Model, self, pair)

    def init(self, seed):
        """Draw the initial parameters."""
        _call("vpf_model_init", self, seed)

    def init_biases(self, data):
        """Choose all biases, given the weights, so that the machine starts from the data.
        @param data  Data [rows x n_0]. Raises ShapeError, FieldOverflowError."""
        _call("vpf_model_init_biases", self, data)

    def _describe(self):
        intra = "".join(f" {layer}" for layer, has in enumerate(self._intra) if has)
        return "-".join(map(str, self._sizes)) + (f", intra{intra}, " if intra else ", ") + self._coupling.name.lower()

    # -- shape --

    @property
    def sizes(self):
        """Units of each layer, a tuple."""
        self._check_open()
        return self._sizes

    @property
    def layers(self):
        """Number of layers."""
        return len(self.sizes)

    @property
    def intra(self):
        """Which layers have intra-layer weights, a tuple of bool."""
        self._check_open()
        return self._intra

    @property
    def units(self):
        """Number of units in all layers together, an int: the columns of states."""
        return _call("vpf_model_units", self)

    @property
    def coupling(self):
        """The Coupling."""
        self._check_open()
        return self._coupling

    @property
    def param_count(self):
        """Number of free parameters, the length of params()."""
        self._check_open()
        return self._param_count

    def _layer(self, layer, what="layer", count=None):
        count = self.layers if count is None else count
        try:
            return range(count)[layer]
        except IndexError:
            raise IndexError(f"{what} {layer}: this model has {count}, counted from 0") from None

    # -- parameters --

    def weights(self, lower=0, out=None):
        """W between layers lower and lower+1: float32 [n_lower x n_lower+1]."""
        lower = self._layer(lower, "weights", self.layers - 1)
        out = _output(out, np.float32, self.sizes[lower:lower + 2])
        _call("vpf_model_get_weights", self, lower, out)
        return out

    def set_weights(self, lower, w):
        """@param w  float32 [n_lower x n_lower+1], finite, else ArgumentError with the place."""
        lower = self._layer(lower, "weights", self.layers - 1)
        _call("vpf_model_set_weights", self, lower, _input(w, "w", np.float32, self.sizes[lower:lower + 2]))

    def intra_weights(self, layer, out=None):
        """U of a layer: float32 [n x n], symmetric with zero diagonal. Raises ArgumentError if the layer has none."""
        layer = self._layer(layer)
        out = _output(out, np.float32, 2 * self.sizes[layer:layer + 1])
        _call("vpf_model_get_intra", self, layer, out)
        return out

    def set_intra_weights(self, layer, u):
        """@param u  float32 [n x n], finite, exactly symmetric with zero diagonal, else ArgumentError."""
        layer = self._layer(layer)
        _call("vpf_model_set_intra", self, layer, _input(u, "u", np.float32, 2 * self.sizes[layer:layer + 1]))

    def bias(self, layer, role=Bias.UP, out=None):
        """The bias of a layer, float32 [n_layer]. @param role  see Bias"""
        layer = self._layer(layer)
        out = _output(out, np.float32, (self.sizes[layer],))
        _call("vpf_model_get_bias", self, layer, role, out)
        return out

    def set_bias(self, layer, b, role=Bias.UP):
        """@param b  float32 [n_layer], finite, else ArgumentError with the place."""
        layer = self._layer(layer)
        _call("vpf_model_set_bias", self, layer, role, _input(b, "b", np.float32, (self.sizes[layer],)))

    def params(self, out=None):
        """All free parameters: float32 [param_count]. Order of a pairwise model: for each pair i the down bias of layer
        i, the up bias of i+1, W_i, U_0 (first pair only), U_{i+1}. Joint: all biases, all W, all U. Each U is its upper
        triangle by rows."""
        out = _output(out, np.float32, (self.param_count,))
        _call("vpf_model_get_params", self, out)
        return out

    def set_params(self, theta):
        """@param theta  float32 [param_count] as params() gives them, finite, else ArgumentError with the place."""
        _call("vpf_model_set_params", self, _input(theta, "theta", np.float32, (self.param_count,)))

    # -- the mathematics --

    def energy(self, states, out=None):
        """E(y) of each row of states: float64 [rows].
        Raises UnsupportedError for a pairwise model of three or more layers, ShapeError."""
        out = _output(out, np.float64, (_rows(states),))
        _call("vpf_model_energy", self, states, out)
        return out

    def free_energy(self, visible, out=None):
        """F(x) = -log sum_h exp(-E(x, h)) of each row: float64 [rows]. As an anomaly score it is log_likelihood_rows()
        without log Z: high where a row is improbable. Raises UnsupportedError for a pairwise model of three or more
        layers, LimitError (more than 25 hidden units to enumerate; an RBM needs none), ShapeError."""
        out = _output(out, np.float64, (_rows(visible),))
        _call("vpf_model_free_energy", self, visible, out)
        return out

    def flow(self, states):
        """Probability flow K, the mean over rows. Raises FieldOverflowError (with the place), ShapeError."""
        return _call("vpf_model_flow", self, states, float)

    def flow_rows(self, states, out=None):
        """Probability flow of each row, whose mean is flow() but for rounding: float64 [rows].
        For visible rows: flow_rows(infer(data, seed)). Raises FieldOverflowError (with the row) only where it does not
        fit a float64, ShapeError."""
        out = _output(out, np.float64, (_rows(states),))
        _call("vpf_model_flow_rows", self, states, out)
        return out

    def flow_gradient(self, states, out=None):
        """dK / d params(): float32 [param_count]. Raises as flow(), and OutOfMemoryError."""
        out = _output(out, np.float32, (self.param_count,))
        _call("vpf_model_flow_gradient", self, states, out)
        return out

    def infer(self, visible, seed):
        """One bottom-up E-step: states, Data [rows x units]. Raises ShapeError, OutOfMemoryError."""
        return _call("vpf_model_infer", self, visible, seed, Data)

    def gibbs(self, states, sweeps, seed, clamped=None):
        """Run Gibbs chains from states; returns where they end, Data [rows x units].
        @param sweeps   how often every free unit is redrawn; 0 copies the states
        @param seed     use another one for each call that continues a chain
        @param clamped  [units] flags: units that keep their bit; None: none
        Raises UnsupportedError for a pairwise model of three or more layers (see pair()), ShapeError."""
        return _call("vpf_gibbs", self, states, _mask(clamped, "clamped", self.units), sweeps, seed, Data)

    def gibbs_trace(self, states, draws, thin, seed, clamped=None, return_states=True, out=None):
        """The same chains with their energies recorded, for draws x thin sweeps: (the energies after every thin-th
        sweep, float64 [rows x draws]; where the chains end, or None without return_states).
        @param draws,thin  at least 1. Raises as gibbs(), ArgumentError, LimitError."""
        out = _output(out, np.float64, (_rows(states), draws))
        mask, end = _mask(clamped, "clamped", self.units), Data if return_states else None
        return out, _call("vpf_gibbs_trace", self, states, mask, draws, thin, seed, out, end)

    # -- sampling --

    def _steps(self, steps):
        """("", a number) or ("_by_pair", an array)"""
        try:
            return "", operator.index(steps)
        except TypeError:
            return "_by_pair", _whole(steps, "steps", np.uintp, max(1, self.layers - 1))

    def _prior(self, prior):
        return None if prior is None else _input(prior, "prior", np.float32, self.sizes[-1:])

    def generate(self, count, steps, seed, prior=None, out=None):
        """Generate from the top down: the probabilities of the last visible pass, float32 [count x n_0].
        @param count  at least 1
        @param steps  steps in each pair of layers, at least 1 (the paper uses 5, or 3 with intra-layer weights); or
                      a sequence of layers-1 numbers, steps[i] for layers i and i+1
        @param prior  float32 [n_top] in [0, 1], such as mean_activations(data); None: 0.5
        Raises ArgumentError, LimitError, OutOfMemoryError."""
        kind, steps = self._steps(steps)
        out = _output(out, np.float32, (count, self.sizes[0]))
        _call("vpf_generate" + kind, self, count, steps, self._prior(prior), seed, out)
        return out

    def generate_states(self, count, steps, seed, prior=None):
        """Draw as generate() does; returns the last bit of every unit, Data [count x units]."""
        kind, steps = self._steps(steps)
        return _call("vpf_generate_states" + kind, self, count, steps, self._prior(prior), seed, Data)

    def encode(self, data, layer=-1, out=None):
        """Mean-field features, bottom-up: float32 [rows x n_layer]. Raises ShapeError, OutOfMemoryError."""
        layer = self._layer(layer)
        out = _output(out, np.float32, (_rows(data), self.sizes[layer]))
        _call("vpf_encode", self, data, layer, out)
        return out

    def mean_activations(self, data, layer=-1, out=None):
        """The mean of encode() over the rows: float32 [n_layer]. The paper's P prior."""
        layer = self._layer(layer)
        out = _output(out, np.float32, (self.sizes[layer],))
        _call("vpf_mean_activations", self, data, layer, out)
        return out

    def reconstruct(self, corrupted, steps, average_last, seed, known=None, out=None):
        """Fill in by sampling: the mean of the last average_last probabilities, float32 [rows x n_0].
        @param steps         at least 1
        @param average_last  1 .. steps
        @param known         [n_0] flags: pixels that are held; None: none of them
        Raises ShapeError, ArgumentError, OutOfMemoryError."""
        out = _output(out, np.float32, (_rows(corrupted), self.sizes[0]))
        _call("vpf_reconstruct", self, corrupted, _mask(known, "known", self.sizes[0]), steps, average_last, seed, out)
        return out

    def reconstruct_mean_field(self, corrupted, steps, known=None, out=None):
        """Fill in by mean field, without randomness: the visible means after `steps` steps, float32 [rows x n_0].
        Arguments as of reconstruct()."""
        out = _output(out, np.float32, (_rows(corrupted), self.sizes[0]))
        _call("vpf_reconstruct_mean_field", self, corrupted, _mask(known, "known", self.sizes[0]), steps, out)
        return out

    # -- evaluation --

    def exact_log_partition(self):
        """log Z by enumeration. Raises LimitError (too many units), UnsupportedError (pairwise, three or more
        layers)."""
        return _call("vpf_exact_log_partition", self, float)

    def exact_sample(self, count, seed):
        """Independent draws from the machine's distribution, by enumeration: states, Data [count x units]. Raises as
        exact_log_partition(), and ArgumentError, OutOfMemoryError."""
        return _call("vpf_exact_sample", self, count, seed, Data)

    def ais(self, **settings):
        """log Z by annealed importance sampling: an AisResult. For joint models, or at most 2 layers. Settings:

        chains          at least 2; default 100
        betas           number of inverse temperatures, at least 2; default 1000
        seed            default 0
        adaptive        place the temperatures where a short pilot run finds the weights to vary
        temperatures    the inverse temperatures themselves, float64 [betas], ascending from 0 to 1
        base            Data whose mean activity sets the biases that annealing starts from: use the training data
        reverse         also anneal from the machine back to the start
        reverse_from    Data that the reverse run begins from, if exact samples are not available
        reverse_sweeps  Gibbs sweeps before the reverse run; default 1000

        Raises ArgumentError, ShapeError, UnsupportedError, OutOfMemoryError, FieldOverflowError."""
        return _call("vpf_ais", self, _ais_settings(**settings), AisResult)

    def ais_log_partition(self, chains, betas, seed):
        """A short form of ais(), less trustworthy: (log Z, its standard error)."""
        return _call("vpf_ais_log_partition", self, chains, betas, seed, float, float)

    def log_likelihood(self, data, log_z):
        """Mean log p(x) over the rows, given log Z. Raises UnsupportedError, LimitError, ShapeError, ArgumentError."""
        return _call("vpf_log_likelihood", self, data, log_z, float)

    def log_likelihood_rows(self, data, log_z, out=None):
        """log p(x) of each row, given log Z: float64 [rows]. Raises as log_likelihood()."""
        out = _output(out, np.float64, (_rows(data),))
        _call("vpf_log_likelihood_rows", self, data, log_z, out)
        return out

    def log_likelihood_bound(self, data, log_z):
        """A variational lower bound of the mean of log p(x), given log Z, by mean field: for machines of any depth.
        Raises UnsupportedError (pairwise, three or more layers: no p(x) exists), ShapeError, ArgumentError,
        OutOfMemoryError."""
        return _call("vpf_log_likelihood_bound", self, data, log_z, float)

    def log_likelihood_bound_rows(self, data, log_z, out=None):
        """The same bound of each row: float64 [rows]. With log_z 0, of log p(x) + log Z."""
        out = _output(out, np.float64, (_rows(data),))
        _call("vpf_log_likelihood_bound_rows", self, data, log_z, out)
        return out

    def estimate_likelihood(self, data, **settings):
        """Mean log p(x): a Likelihood. log Z is enumerated where that is cheap, otherwise it is estimated by
        ais() with these settings; base and reverse_from default to data. Where more than 12 hidden units would have to
        be enumerated, log_likelihood_bound() takes the place of log p."""
        return _call("vpf_estimate_likelihood", self, data, _ais_settings(**settings), Likelihood)

    def pseudo_likelihood(self, data):
        """Mean over rows of sum_i log p(x_i | all other x). Raises UnsupportedError unless the model has one layer or
        is an RBM; ShapeError."""
        return _call("vpf_pseudo_likelihood", self, data, float)

    def pseudo_likelihood_rows(self, data, out=None):
        """sum_i log p(x_i | all other x) of each row: float64 [rows]. Raises as pseudo_likelihood(), and
        FieldOverflowError, which names the row."""
        out = _output(out, np.float64, (_rows(data),))
        _call("vpf_pseudo_likelihood_rows", self, data, out)
        return out

    def parzen_generated(self, points, count, steps, sigma, seed, draws=1, prior=None):
        """parzen() of points, float32 [n x n_0], around generate(count, steps, seed + d, prior) for d = 0 .. draws-1:
        a ParzenReport.
        @param sigma  above 0; the paper uses 0.2. Raises ArgumentError, LimitError, OutOfMemoryError, FieldOverflowError."""
        kind, steps = self._steps(steps)
        points = _input(points, "points", np.float32, (None, self.sizes[0]))
        return _call("vpf_parzen_generated" + kind, self, count, steps, self._prior(prior), seed, draws, points,
                     len(points), sigma, ParzenReport)

    def weight_metrics(self, lower=0):
        """(rho, the fraction of weights that matter; w2, the mean squared weight norm of an upper unit)."""
        lower = self._layer(lower, "weights", self.layers - 1)
        return _call("vpf_weight_metrics", self, lower, float, float)

    def activation_histogram(self, data, bins, layer=-1, out=None):
        """How many units of a layer have their mean activation in each of `bins` bins of [0, 1]: uintp [bins].
        @param bins  1 .. 1048576. Raises ArgumentError, ShapeError, OutOfMemoryError."""
        out = _output(out, np.uintp, (bins,))
        _call("vpf_activation_histogram", self, data, self._layer(layer), bins, out)
        return out

    def layer_activity(self, data, layer=-1):
        """How active and selective the units of a layer are: an Activity. Raises ShapeError, OutOfMemoryError."""
        return _call("vpf_layer_activity", self, data, self._layer(layer), Activity)


def _rows(data):
    if not isinstance(data, Data):
        raise TypeError(f"a Data is needed, not {type(data).__name__}; Data(array) makes one")
    return data.rows


# ---- Optimizer ----


class Optimizer(_Handle, collections.abc.Mapping):
    """Everything that training remembers except the parameters.

    Optimizer(seed=1, **options): a mapping from names of options to numbers. It begins with the paper preset:

        optimizer = vpf.Optimizer(method="pcd", batch_size=100)
        optimizer["learning_rate"] = 1e-4

    OPTIONS lists names, bounds and defaults; the header optimizer.h says what they mean. The values of "method" are in
    Method, those of "rule" in Rule; their names do as well ("pcd" is Method.PCD). Options may be set at any time, even in a progress function. An unknown name raises
    KeyError, a value outside the bounds ArgumentError."""

    _watching = False  # train() has set progress_batches, to notice Ctrl-C; the user still sees 0

    def __init__(self, seed=1, **options):
        self._take(_call("vpf_optimizer_create", Optimizer))
        self.seed = seed
        self.update(options)

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __bool__(self):
        return True

    def _describe(self):
        changed = [f"{name}={value:g}" for name, value in self.items() if value != OPTIONS[name].initial]
        return ", ".join([f"seed={self.seed}", *changed])

    def __iter__(self):
        return iter(OPTIONS)

    def __len__(self):
        return len(OPTIONS)

    def __getitem__(self, name):
        info = _option(name)
        value = _call("vpf_optimizer_get", self, info.option, float)
        if self._watching and name == "progress_batches":
            return 0
        return int(value) if info.integer else value

    def __setitem__(self, name, value):
        info = _option(name)
        value = _number(value, name, _named_numbers.get(name))
        watched = self._watching and name == "progress_batches"
        if watched and value == 0:
            return
        _call("vpf_optimizer_set", self, info.option, value)
        if watched:
            self._watching = False

    def update(self, options=(), **more):
        """Set several options."""
        for name, value in dict(options, **more).items():
            self[name] = value

    def _watch(self, batches):
        """Have the library call back after so many minibatches, unseen by the user; 0: no longer."""
        _call("vpf_optimizer_set", self, _option("progress_batches").option, batches)
        self._watching = batches > 0

    @property
    def seed(self):
        """The seed of every random number of training; a change takes effect with the next epoch."""
        return _call("vpf_optimizer_get_seed", self)

    @seed.setter
    def seed(self, seed):
        _call("vpf_optimizer_set_seed", self, seed)

    @property
    def position(self):
        """How far training has come: (epochs completed, data rows done of an unfinished epoch)."""
        return _call("vpf_optimizer_position", self, int, int)

    @property
    def last_stop(self):
        """Why the last train() with this optimizer ended: a Stop."""
        return Stop(_call("vpf_optimizer_last_stop", self))

    def average(self):
        """The running average of the parameters as a Model: what to evaluate and keep where the option "average" is above
        0. Raises StateError if there is none."""
        return _call("vpf_optimizer_average", self, Model)


# ---- Monitor ----


class Monitor(_Handle):
    """The likelihood of held-out data during training, and the best model so far.

    Monitor(patience=0, **settings)
      patience  after how many checks in a row without a new best a check says to stop; 0: never
      settings  those of Model.ais() except base and reverse_from, which are the validation rows. Without any: 100
                chains, 300 temperatures
    monitor[k] is (epoch, Likelihood) of check k, len(monitor) the number of checks. Raises ArgumentError."""

    def __init__(self, patience=0, **settings):
        if settings.get("base") is not None or settings.get("reverse_from") is not None:
            raise TypeError("base and reverse_from are the validation rows of check()")
        self._take(_call("vpf_monitor_create", Monitor, _ais_settings(**settings) if settings else None, patience))

    def _describe(self):
        return f"{len(self)} checks"

    def check(self, model, validation, epoch):
        """Estimate the likelihood of the model now and keep a copy of the model if it is the best so far. Returns
        whether it is time to stop.
        @param validation  Data, the same at every check
        @param epoch       any number from 0 up that tells the checks apart. Raises as Model.estimate_likelihood()."""
        return _call("vpf_monitor_check", self, model, validation, epoch, bool)

    def __len__(self):
        return _call("vpf_monitor_checks", self)

    def __bool__(self):
        return True

    def __getitem__(self, index):
        count = len(self)
        try:
            index = range(count)[index]
        except IndexError:
            raise IndexError(f"check {index}: there are {count}") from None
        return _call("vpf_monitor_get", self, index, int, Likelihood)

    def best_index(self):
        """The index of the best check. Raises StateError before the first check."""
        return _call("vpf_monitor_best", self, int, None)

    def best_model(self):
        """A copy of the model of the best check. Raises StateError before the first check."""
        return _call("vpf_monitor_best", self, None, Model)


# ---- Ladder ----


class Ladder(_Handle):
    """Machines that lead from independent units to a trained RBM, with samples of each: it samples what Gibbs sampling
    does not mix.

    Ladder(model, base=None, chains=0, reservoir=0, acceptance=0, most_rungs=0, seed=0)
      model     two layers without intra-layer weights; it becomes the last rung
      base      Data whose means the independent units have: give it wherever there are data
      the rest  how it is built; 0 means the default (docs of vpf_ladder_settings)
    ladder[k] is the LadderRung of rung k, len(ladder) the number of rungs. Raises ArgumentError, UnsupportedError,
    ShapeError, LimitError, FieldOverflowError."""

    def __init__(self, model, base=None, chains=0, reservoir=0, acceptance=0, most_rungs=0, seed=0):
        c_type = _TYPES["vpf_ladder_settings"]
        settings = c_type(struct_size=ctypes.sizeof(c_type), acceptance=_number(acceptance, "acceptance"))
        for field, value in (("chains", chains), ("reservoir", reservoir), ("most_rungs", most_rungs), ("seed", seed)):
            setattr(settings, field, _integer(value, dict(c_type._fields_)[field], field))
        self._take(_call("vpf_ladder_create", Ladder, model, base, ctypes.byref(settings)))

    @classmethod
    def load(cls, path):
        """From a file by save(). Raises FileError (OSError) or FormatError."""
        return _call("vpf_ladder_load", cls, path)

    @classmethod
    def of(cls, optimizer):
        """A copy of the ladder that training by Method.PTT has built. append() leads it on to the model as it is now, and
        so gives its log Z. Raises StateError."""
        return _call("vpf_ladder_of_optimizer", cls, optimizer)

    def save(self, path):
        """Write to a file, atomically."""
        _call("vpf_ladder_save", self, path)

    def _describe(self):
        return f"{len(self)} rungs"

    def append(self, model, itself=False):
        """Go on to another model of the same shape, as from a progress function; returns the number of new rungs.
        @param itself  whether the model then becomes the last rung. Raises ShapeError, LimitError."""
        return _call("vpf_ladder_append", self, model, bool(itself), int)

    def __len__(self):
        return _call("vpf_ladder_rungs", self)

    def __bool__(self):
        return True

    def _rung(self, index):
        count = len(self)
        try:
            return range(count)[index]
        except IndexError:
            raise IndexError(f"rung {index}: there are {count}") from None

    def __getitem__(self, index):
        return _call("vpf_ladder_rung", self, self._rung(index), LadderRung)

    def model(self, index):
        """A copy of the machine of a rung."""
        return _call("vpf_ladder_model", self, self._rung(index), Model)

    def sample(self, count, sweeps, seed=0, model=None):
        """Parallel tempering over all rungs: (Data [count x units], LadderReport).
        @param sweeps  at least 4
        @param model   one more rung, at the top. Raises ArgumentError, ShapeError."""
        return _call("vpf_ladder_sample", self, model, count, sweeps, seed, Data, LadderReport)


_handle_classes = {}
for _class, _c_name in ((Data, "vpf_data"), (Model, "vpf_model"), (Optimizer, "vpf_optimizer"), (Monitor, "vpf_monitor"),
                        (Ladder, "vpf_ladder")):
    _class._POINTER = ctypes.POINTER(_TYPES[_c_name])
    _class._release = staticmethod(getattr(_library, _c_name + "_destroy"))
    _handle_classes[_class._POINTER] = _class

# ---- Options ----

OPTIONS = {info.name: info for info in (_call("vpf_option_describe", index, OptionInfo)
                                        for index in range(_call("vpf_option_count")))}
"""Every option of an Optimizer: {name: OptionInfo}, as the library describes them."""

Option = enum.IntEnum("Option", {name.upper(): info.option for name, info in OPTIONS.items()})
Option.__doc__ = "The numbers of the options."


def _option(name):
    try:
        return OPTIONS[name]
    except KeyError:
        raise KeyError(f"no option {name!r}; there are {', '.join(OPTIONS)}") from None


def option_bounds(option):
    """(low, high, name) of an option, given its number, an Option. Raises ArgumentError for an unknown one."""
    low, high, name = _call("vpf_option_bounds", option, float, float, bytes)
    return low, high, name.decode()


def option_value_name(option, value):
    """The name of a value of an option whose values have names, such as "pcd" of Option.METHOD; None for others."""
    name = _library.vpf_option_value_name(option, value)
    return name and name.decode()


# ---- Training ----


class _HeldSignals:
    """Holds signals back and delivers them within the progress function, and at the end. Python runs no signal handlers
    while C code runs. They would run at the very start of the progress function, before its `try`, where an exception
    of theirs (KeyboardInterrupt) is lost. Only the main thread has handlers."""

    def __init__(self):
        self.open = False  # inside a function of the user: deliver at once
        self.pending = []
        self.handlers = {}

    def __enter__(self):
        self.note = self._note  # one object, to recognise it
        if threading.current_thread() is threading.main_thread():
            for number in signal.valid_signals():
                handler = signal.getsignal(number)
                if callable(handler):
                    try:
                        signal.signal(number, self.note)
                    except ValueError:
                        break  # a subinterpreter, which has no signals
                    self.handlers[number] = handler
        return self

    def _note(self, number, frame):
        if self.open:
            self.handlers[number](number, frame)
        else:
            self.pending.append((number, frame))

    def deliver(self):
        while self.pending:
            number, frame = self.pending.pop(0)
            self.handlers[number](number, frame)

    def __exit__(self, *_):
        for number, handler in self.handlers.items():
            if signal.getsignal(number) is self.note:
                signal.signal(number, handler)
        self.deliver()


# How many minibatches pass between checks for Ctrl-C where the user wants no progress at minibatches: this number in
# the first epoch, then as many as take this many seconds. Nothing else depends on them.
_FIRST_WATCH = 16
_WATCH_SECONDS = 0.1


def begin_recipe(recipe, model, data, optimizer, epochs):
    """Begin a training by a recipe: choose the parameters of the model and the options of a new optimizer.

        optimizer = vpf.Optimizer(seed=1)
        vpf.begin_recipe("likelihood", model, data, optimizer, 10)
        vpf.train(model, data, optimizer, 10)
        best = optimizer.average()

    @param recipe  a Recipe or its name: "paper", "likelihood", "fully_visible", "sparse"
    @param data    Data [rows x n_0], the training data
    @param epochs  how many are planned: schedules depend on it. Raises ShapeError, StateError (the optimizer has trained)."""
    _call("vpf_recipe_begin", recipe, model, data, optimizer, epochs)


def train(model, data, optimizer, epochs, progress=None):
    """Train for a number of epochs; returns why it ended, Stop.EPOCHS, CALLBACK or CONVERGED.

    The model is changed in place; initialize it first, by a seed or init(). If the last run stopped in the middle of
    an epoch, that epoch is finished first and counts as one. So train(4), a stop inside the fifth epoch, and train(6)
    give the bits of train(10).

    @param data      Data [rows x n_0]; only its bits are used
    @param progress  called with a Progress after every epoch, and after every optimizer["progress_batches"] minibatches
                     if that is not 0. A true return value stops the training, which is not an error. The function may
                     read and save model and optimizer and set options, but not change the model. An exception that
                     it raises stops the training and is raised again by train(); model and optimizer are then as
                     valid as after any other stop.
    Raises ShapeError; StateError (other data in the middle of an epoch, or called from its own progress function);
    UnsupportedError; OutOfMemoryError; DivergedError: model and optimizer are as they were before the failing
    minibatch. Ctrl-C raises KeyboardInterrupt; call train() again to continue."""
    if progress is not None and not callable(progress):
        raise TypeError(f"progress: must be a function, not {type(progress).__name__}")
    in_main = threading.current_thread() is threading.main_thread()
    if progress is None and not in_main:
        _call("vpf_train", model, data, optimizer, epochs, _TYPES["vpf_progress_fn"](), None)  # no signals arrive here
        return optimizer.last_stop
    raised = []
    signals = _HeldSignals()

    def notice(pointer, _):
        try:
            if raised:
                return 1
            signals.open = True
            signals.deliver()
            now = pointer.contents
            if optimizer._watching:
                if now.event == ProgressEvent.BATCH:
                    return 0
                if watch and now.seconds > 0 and not optimizer.closed:
                    optimizer._watch(min(max(1, int(_WATCH_SECONDS * now.batches / now.seconds)), 1000000))
            return int(progress is not None and bool(progress(Progress._wrap(now))))
        except BaseException as error:
            signals.open = False
            raised.append(error)
            return 1
        finally:
            signals.open = False

    callback = _TYPES["vpf_progress_fn"](notice)
    watch = in_main and isinstance(optimizer, Optimizer) and not optimizer._watching \
        and optimizer["progress_batches"] == 0
    try:
        with signals:
            if watch:
                optimizer._watch(_FIRST_WATCH)
            _call("vpf_train", model, data, optimizer, epochs, callback, None)
            stop = None if optimizer.closed else optimizer.last_stop
    finally:
        if watch and optimizer._watching and not optimizer.closed:
            optimizer._watch(0)
    if raised:
        try:
            raise raised[0]
        finally:
            raised.clear()  # no cycle of references
    return stop


def save_checkpoint(model, optimizer, path):
    """Write a model and its optimizer to one file, which is replaced atomically. Allowed in a progress function too.
    Raises ShapeError (the optimizer has trained another shape), FileError."""
    watching = isinstance(optimizer, Optimizer) and optimizer._watching
    if not watching:
        return _call("vpf_checkpoint_save", model, optimizer, path)
    batches = int(_call("vpf_optimizer_get", optimizer, _option("progress_batches").option, float))
    optimizer._watch(0)
    try:
        _call("vpf_checkpoint_save", model, optimizer, path)
    finally:
        optimizer._watch(batches)


def load_checkpoint(path):
    """(Model, Optimizer), from which training continues with the bits of a run that was never stopped. Raises
    FileError, FormatError, OutOfMemoryError."""
    return _call("vpf_checkpoint_load", Model, Optimizer, path)


# ---- Measures ----


def parzen(centres, points, sigma):
    """Parzen-window log-likelihood: (mean over the points, its standard error).
    @param centres  float32 [n_centres x dim], finite
    @param points   float32 [n_points x dim], finite
    @param sigma    above 0. Raises ArgumentError, LimitError, OutOfMemoryError, FieldOverflowError."""
    centres, points = _centres_and_points(centres, points)
    return _call("vpf_parzen", centres, len(centres), points, len(points), centres.shape[1], sigma, float, float)


def parzen_select_sigma(centres, points, sigmas):
    """The element of sigmas, float64 [n], with the largest parzen() mean on validation points."""
    centres, points = _centres_and_points(centres, points)
    sigmas = _input(sigmas, "sigmas", np.float64, (None,))
    return _call("vpf_parzen_select_sigma", centres, len(centres), points, len(points), centres.shape[1], sigmas,
                 len(sigmas), float)


def _centres_and_points(centres, points):
    centres = _input(centres, "centres", np.float32, (None, None))
    return centres, _input(points, "points", np.float32, (None, centres.shape[1]))


def chain_diagnostics(values):
    """Do chains mix? A ChainReport on any number recorded along them, such as the energies of Model.gibbs_trace().
    @param values  float64 [chains x draws], at least 4 draws. Raises ArgumentError (with the place), LimitError."""
    values = _input(values, "values", np.float64, (None, None))
    return _call("vpf_chain_diagnostics", values, *values.shape, ChainReport)


# ---- The allocator ----

_allocator = []  # must outlive everything else


def set_allocator(allocate, release):
    """Replace the allocator of the whole library, once, before the first handle is created.

    @param allocate  (size, user) -> address, or 0 or None when out of memory
    @param release   (address, user)
    Each is either a C function from ctypes (such as ctypes.CDLL(None).malloc, which ignores the extra argument) or a
    Python function, which is called from any thread and is meant for tests. Raises StateError if it is too late."""
    def pointer(function, c_type):
        return ctypes.cast(function, c_type) if isinstance(function, ctypes._CFuncPtr) else c_type(function)

    kind = _TYPES["vpf_allocator"]
    struct = kind(ctypes.sizeof(kind), pointer(allocate, _TYPES["vpf_allocate_fn"]),
                  pointer(release, _TYPES["vpf_release_fn"]), None)
    status = _library.vpf_set_allocator(ctypes.byref(struct))
    if status:
        _raise(status)
    _allocator.append(struct)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(struct))  # survives the end of this module


# ---- Experimental: may change or disappear in any release of the library ----

FLIP = np.dtype(_TYPES["vpf_flip"])
"""Experimental. One flip of a unit: time, rate (of the unit just before), unit, state (its bit just after)."""


def simulate_flips(model, start, duration, max_flips, seed, out=None):
    """Experimental. Simulate the Markov chain in continuous time whose stationary distribution is the machine's.
    @param start      [units] flags: the state that the chain starts from
    @param duration   above 0, may be infinite
    @param max_flips  at least 1
    @param out        FLIP [max_flips]
    Returns the flips that happened, FLIP [up to max_flips], a part of `out`. Raises ArgumentError, UnsupportedError,
    OutOfMemoryError, FieldOverflowError."""
    if not isinstance(model, Model):
        raise TypeError(f"model: must be a Model, not {type(model).__name__}")
    out = _output(out, FLIP, (max_flips,))
    start = _required(_mask(start, "start", model.units), "start")
    return out[:_call("vpf_simulate_flips", model, start, duration, max_flips, seed, out, int)]


def stdp_changes(flips, pre_at_start, pre, post, out=None):
    """Experimental. How the asymmetric rule changes the weight of one synapse along a record of flips: float64
    [flips], 0 at flips of other units.
    @param flips         FLIP [count], as simulate_flips() returns them
    @param pre_at_start  the bit of the pre-synaptic unit before the first flip
    @param pre,post      two different units. Raises ArgumentError."""
    flips = np.asarray(flips)
    if flips.dtype != FLIP or flips.ndim != 1:
        raise TypeError("flips: an array of vpf.FLIP is needed")
    flips = np.ascontiguousarray(flips)
    out = _output(out, np.float64, flips.shape)
    _call("vpf_stdp_changes", flips, len(flips), int(bool(pre_at_start)), pre, post, out)
    return out
