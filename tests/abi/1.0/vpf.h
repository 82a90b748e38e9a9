#ifndef VPF_H
#define VPF_H 
#ifndef VPF_DATA_H
#define VPF_DATA_H 
#include <stddef.h>
#include <stdint.h>
#ifndef VPF_EXPORT_H
#define VPF_EXPORT_H 
#if defined(__GNUC__) || defined(__clang__)
#define VPF_API __attribute__((visibility("default")))
#else
#define VPF_API 
#endif
#endif
#ifndef VPF_STATUS_H
#define VPF_STATUS_H 
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
#define VPF_STATUS_LIST(X) \
  X(VPF_OK, 0, "no error") \
  X(VPF_ERR_ARGUMENT, -1, "invalid argument") \
  X(VPF_ERR_SHAPE, -2, "shapes do not match") \
  X(VPF_ERR_MEMORY, -3, "out of memory") \
  X(VPF_ERR_IO, -4, "input or output failed") \
  X(VPF_ERR_FORMAT, -5, "malformed file") \
  X(VPF_ERR_STATE, -6, "not possible in this state") \
  X(VPF_ERR_DIVERGED, -7, "training diverged") \
  X(VPF_ERR_OVERFLOW, -8, "numerical overflow") \
  X(VPF_ERR_UNSUPPORTED, -9, "not supported for this model or method") \
  X(VPF_ERR_LIMIT, -10, "too large") \
  X(VPF_ERR_INTERNAL, -11, "internal error")
typedef enum vpf_status {
#define VPF_STATUS_ENUM(name,number,text) name = number,
  VPF_STATUS_LIST(VPF_STATUS_ENUM)
#undef VPF_STATUS_ENUM
} vpf_status;
VPF_API const char *vpf_status_string(vpf_status status);
VPF_API const char *vpf_status_name(vpf_status status);
VPF_API const char *vpf_error_message(void);
typedef struct vpf_allocator {
  size_t struct_size;
  void *(*allocate)(size_t size, void *user);
  void (*release)(void *pointer, void *user);
  void *user;
} vpf_allocator;
VPF_API vpf_status vpf_set_allocator(const vpf_allocator *a);
#ifdef __cplusplus
}
#endif
#endif
#ifdef __cplusplus
extern "C" {
#endif
typedef struct vpf_data vpf_data;
VPF_API vpf_status vpf_data_from_u8(vpf_data **out, const uint8_t *values, size_t rows, size_t cols,
                                    uint8_t threshold);
VPF_API vpf_status vpf_data_from_f32(vpf_data **out, const float *values, size_t rows, size_t cols,
                                     float threshold);
VPF_API vpf_status vpf_data_load_idx(vpf_data **out, const char *path, uint8_t threshold);
VPF_API vpf_status vpf_data_slice(vpf_data **out, const vpf_data *data, size_t first, size_t count);
VPF_API vpf_status vpf_data_columns(vpf_data **out, const vpf_data *data, size_t first, size_t count);
VPF_API vpf_status vpf_data_bits_only(vpf_data **out, const vpf_data *data);
typedef enum vpf_noise { VPF_NOISE_OR = 0, VPF_NOISE_REPLACE = 1 } vpf_noise;
VPF_API vpf_status vpf_data_corrupt(vpf_data **out, const vpf_data *data, const uint8_t *region,
                                    vpf_noise noise, uint64_t seed);
VPF_API void vpf_data_destroy(vpf_data *data);
VPF_API size_t vpf_data_rows(const vpf_data *data);
VPF_API size_t vpf_data_cols(const vpf_data *data);
VPF_API vpf_status vpf_data_to_u8(const vpf_data *data, uint8_t *out_bits);
VPF_API vpf_status vpf_data_to_f32(const vpf_data *data, float *out_levels);
#ifdef __cplusplus
}
#endif
#endif
#ifndef VPF_EVALUATE_H
#define VPF_EVALUATE_H 
#ifndef VPF_MODEL_H
#define VPF_MODEL_H 
#ifdef __cplusplus
extern "C" {
#endif
typedef struct vpf_model vpf_model;
typedef enum vpf_coupling { VPF_COUPLING_PAIRWISE = 0, VPF_COUPLING_JOINT = 1 } vpf_coupling;
typedef enum vpf_bias { VPF_BIAS_UP = 0, VPF_BIAS_DOWN = 1 } vpf_bias;
VPF_API vpf_status vpf_model_create(vpf_model **out, const size_t *sizes, size_t layers,
                                    const uint8_t *intra, vpf_coupling coupling);
VPF_API vpf_status vpf_model_init(vpf_model *model, uint64_t seed);
VPF_API vpf_status vpf_model_clone(vpf_model **out, const vpf_model *model);
VPF_API vpf_status vpf_model_pair(vpf_model **out, const vpf_model *model, size_t pair);
VPF_API void vpf_model_destroy(vpf_model *model);
VPF_API size_t vpf_model_layers(const vpf_model *model);
VPF_API size_t vpf_model_layer_size(const vpf_model *model, size_t layer);
VPF_API size_t vpf_model_units(const vpf_model *model);
VPF_API int vpf_model_has_intra(const vpf_model *model, size_t layer);
VPF_API vpf_coupling vpf_model_get_coupling(const vpf_model *model);
VPF_API vpf_status vpf_model_get_weights(const vpf_model *model, size_t lower, float *out);
VPF_API vpf_status vpf_model_set_weights(vpf_model *model, size_t lower, const float *w);
VPF_API vpf_status vpf_model_get_intra(const vpf_model *model, size_t layer, float *out);
VPF_API vpf_status vpf_model_set_intra(vpf_model *model, size_t layer, const float *u);
VPF_API vpf_status vpf_model_get_bias(const vpf_model *model, size_t layer, vpf_bias role, float *out);
VPF_API vpf_status vpf_model_set_bias(vpf_model *model, size_t layer, vpf_bias role, const float *b);
VPF_API size_t vpf_model_param_count(const vpf_model *model);
VPF_API vpf_status vpf_model_get_params(const vpf_model *model, float *out);
VPF_API vpf_status vpf_model_set_params(vpf_model *model, const float *theta);
VPF_API vpf_status vpf_model_save(const vpf_model *model, const char *path);
VPF_API vpf_status vpf_model_load(vpf_model **out, const char *path);
VPF_API vpf_status vpf_model_energy(const vpf_model *model, const vpf_data *states, double *out_energy);
VPF_API vpf_status vpf_model_free_energy(const vpf_model *model, const vpf_data *visible, double *out_free);
VPF_API vpf_status vpf_model_flow(const vpf_model *model, const vpf_data *states, double *out_flow);
VPF_API vpf_status vpf_model_flow_gradient(const vpf_model *model, const vpf_data *states, float *out_gradient);
VPF_API vpf_status vpf_model_infer(const vpf_model *model, const vpf_data *visible, uint64_t seed,
                                   vpf_data **out_states);
VPF_API vpf_status vpf_gibbs(const vpf_model *model, const vpf_data *states, const uint8_t *clamped,
                             size_t sweeps, uint64_t seed, vpf_data **out_states);
VPF_API vpf_status vpf_gibbs_trace(const vpf_model *model, const vpf_data *states, const uint8_t *clamped,
                                   size_t draws, size_t thin, uint64_t seed, double *out_energy,
                                   vpf_data **out_states);
#ifdef __cplusplus
}
#endif
#endif
#ifdef __cplusplus
extern "C" {
#endif
VPF_API vpf_status vpf_parzen(const float *centres, size_t n_centres, const float *points, size_t n_points,
                              size_t dim, double sigma, double *out_mean, double *out_stderr);
VPF_API vpf_status vpf_parzen_select_sigma(const float *centres, size_t n_centres, const float *points,
                                           size_t n_points, size_t dim, const double *sigmas,
                                           size_t n_sigmas, double *out_sigma);
typedef struct vpf_parzen_report {
  size_t struct_size;
  double mean;
  double stderr_points;
  double stderr_draws;
  size_t draws;
} vpf_parzen_report;
VPF_API vpf_status vpf_parzen_generated(const vpf_model *model, size_t count, size_t steps, const float *prior,
                                        uint64_t seed, size_t draws, const float *points, size_t n_points,
                                        double sigma, vpf_parzen_report *out);
VPF_API vpf_status vpf_parzen_generated_by_pair(const vpf_model *model, size_t count, const size_t *steps,
                                                const float *prior, uint64_t seed, size_t draws,
                                                const float *points, size_t n_points, double sigma,
                                                vpf_parzen_report *out);
VPF_API vpf_status vpf_exact_log_partition(const vpf_model *model, double *out_log_z);
VPF_API vpf_status vpf_exact_sample(const vpf_model *model, size_t count, uint64_t seed, vpf_data **out_states);
typedef struct vpf_ais_settings {
  size_t struct_size;
  size_t chains;
  size_t betas;
  uint64_t seed;
  int adaptive;
  const double *temperatures;
  const vpf_data *base;
  int reverse;
  const vpf_data *reverse_from;
  size_t reverse_sweeps;
} vpf_ais_settings;
typedef enum vpf_ais_start {
  VPF_AIS_START_NONE = 0,
  VPF_AIS_START_EXACT = 1,
  VPF_AIS_START_CHAINS = 2
} vpf_ais_start;
typedef struct vpf_ais_result {
  size_t struct_size;
  double log_z;
  double log_z_stderr;
  double ess;
  double spread;
  double reverse_log_z;
  double reverse_stderr;
  double reverse_ess;
  double reverse_spread;
  vpf_ais_start reverse_start;
  int disagree;
} vpf_ais_result;
VPF_API vpf_status vpf_ais(const vpf_model *model, const vpf_ais_settings *settings, vpf_ais_result *out);
VPF_API vpf_status vpf_ais_log_partition(const vpf_model *model, size_t chains, size_t betas, uint64_t seed,
                                         double *out_log_z, double *out_stderr);
VPF_API vpf_status vpf_log_likelihood(const vpf_model *model, const vpf_data *data, double log_z,
                                      double *out_mean);
typedef struct vpf_likelihood {
  size_t struct_size;
  double mean;
  double rows_stderr;
  double log_z;
  double log_z_stderr;
  double ess;
  double empty;
  int exact;
  double reverse_log_z;
  double mean_low;
  int disagree;
} vpf_likelihood;
VPF_API vpf_status vpf_estimate_likelihood(const vpf_model *model, const vpf_data *data,
                                           const vpf_ais_settings *settings, vpf_likelihood *out);
VPF_API vpf_status vpf_pseudo_likelihood(const vpf_model *model, const vpf_data *data, double *out_mean);
VPF_API vpf_status vpf_weight_metrics(const vpf_model *model, size_t lower, double *out_rho, double *out_w2);
VPF_API vpf_status vpf_reconstruction_error(const vpf_data *truth, const float *probs, const uint8_t *region,
                                            double *out_mean, double *out_stderr);
VPF_API vpf_status vpf_activation_histogram(const vpf_model *model, const vpf_data *data, size_t layer,
                                            size_t bins, size_t *out_counts);
typedef struct vpf_activity {
  size_t struct_size;
  double mean;
  double population_sparseness;
  double lifetime_sparseness;
  double dead;
  double saturated;
} vpf_activity;
VPF_API vpf_status vpf_layer_activity(const vpf_model *model, const vpf_data *data, size_t layer,
                                      vpf_activity *out);
VPF_API vpf_status vpf_moments(const vpf_data *data, double *out_mean, double *out_pair);
typedef struct vpf_moment_comparison {
  size_t struct_size;
  double mean_pearson;
  double mean_rms;
  double pair_pearson;
  double pair_rms;
  double connected_pearson;
  double connected_rms;
} vpf_moment_comparison;
VPF_API vpf_status vpf_compare_moments(const vpf_data *a, const vpf_data *b, vpf_moment_comparison *out);
typedef struct vpf_chain_report {
  size_t struct_size;
  double mean;
  double sd;
  double drift;
  double drift_stderr;
  double autocorrelation_time;
  double ess;
  double split_rhat;
} vpf_chain_report;
VPF_API vpf_status vpf_chain_diagnostics(const double *values, size_t chains, size_t draws,
                                         vpf_chain_report *out);
#ifdef __cplusplus
}
#endif
#endif
#ifndef VPF_MONITOR_H
#define VPF_MONITOR_H 
#ifdef __cplusplus
extern "C" {
#endif
typedef struct vpf_monitor vpf_monitor;
VPF_API vpf_status vpf_monitor_create(vpf_monitor **out, const vpf_ais_settings *settings, size_t patience);
VPF_API void vpf_monitor_destroy(vpf_monitor *monitor);
VPF_API vpf_status vpf_monitor_check(vpf_monitor *monitor, const vpf_model *model, const vpf_data *validation,
                                     size_t epoch, int *out_stop);
VPF_API size_t vpf_monitor_checks(const vpf_monitor *monitor);
VPF_API vpf_status vpf_monitor_get(const vpf_monitor *monitor, size_t index, size_t *out_epoch,
                                   vpf_likelihood *out_likelihood);
VPF_API vpf_status vpf_monitor_best(const vpf_monitor *monitor, size_t *out_index, vpf_model **out_model);
#ifdef __cplusplus
}
#endif
#endif
#ifndef VPF_OPTIMIZER_H
#define VPF_OPTIMIZER_H 
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
typedef struct vpf_optimizer vpf_optimizer;
typedef enum vpf_method {
  VPF_METHOD_VPF = 0,
  VPF_METHOD_CD = 1,
  VPF_METHOD_PCD = 2
} vpf_method;
typedef enum vpf_rule {
  VPF_RULE_ADAM = 0,
  VPF_RULE_SGD = 1
} vpf_rule;
#define VPF_OPTION_LIST(X) \
  X(METHOD, 100, "method", 0, 2, 0, 1) \
  X(RULE, 101, "rule", 0, 1, 0, 1) \
  X(LEARNING_RATE, 200, "learning_rate", 1e-12, 10, 1e-3, 0) \
  X(BETA1, 201, "beta1", 0, 0.999999, 0.9, 0) \
  X(BETA2, 202, "beta2", 0, 0.999999, 0.999, 0) \
  X(ADAM_EPSILON, 203, "adam_epsilon", 1e-12, 1, 1e-6, 0) \
  X(MOMENTUM, 204, "momentum", 0, 0.999999, 0, 0) \
  X(WEIGHT_DECAY, 205, "weight_decay", 0, 100, 0.005, 0) \
  X(BATCH_SIZE, 300, "batch_size", 1, 1048576, 40, 1) \
  X(SHUFFLE, 301, "shuffle", 0, 1, 1, 1) \
  X(GIBBS_STEPS, 400, "gibbs_steps", 1, 1000000, 1, 1) \
  X(PARTICLES, 401, "particles", 1, 1048576, 100, 1) \
  X(ESTEP, 500, "estep", 0, 1, 0, 1) \
  X(ESTEP_SWEEPS, 501, "estep_sweeps", 0, 10000, 1, 1) \
  X(ESTEP_ORDER, 502, "estep_order", 0, 1, 0, 1) \
  X(ESTEP_SAMPLES, 503, "estep_samples", 1, 1000, 1, 1) \
  X(ESTEP_PERIOD, 504, "estep_period", 0, 1000000, 1, 1) \
  X(ESTEP_START, 505, "estep_start", 0, 1, 0, 1) \
  X(PROGRESS_BATCHES, 600, "progress_batches", 0, 1000000000, 0, 1) \
  X(THREADS, 700, "threads", 0, 1024, 0, 1)
typedef enum vpf_option {
  VPF_OPTION_METHOD = 100,
  VPF_OPTION_RULE = 101,
  VPF_OPTION_LEARNING_RATE = 200,
  VPF_OPTION_BETA1 = 201,
  VPF_OPTION_BETA2 = 202,
  VPF_OPTION_ADAM_EPSILON = 203,
  VPF_OPTION_MOMENTUM = 204,
  VPF_OPTION_WEIGHT_DECAY = 205,
  VPF_OPTION_BATCH_SIZE = 300,
  VPF_OPTION_SHUFFLE = 301,
  VPF_OPTION_GIBBS_STEPS = 400,
  VPF_OPTION_PARTICLES = 401,
  VPF_OPTION_ESTEP = 500,
  VPF_OPTION_ESTEP_SWEEPS = 501,
  VPF_OPTION_ESTEP_ORDER = 502,
  VPF_OPTION_ESTEP_SAMPLES = 503,
  VPF_OPTION_ESTEP_PERIOD = 504,
  VPF_OPTION_ESTEP_START = 505,
  VPF_OPTION_PROGRESS_BATCHES = 600,
  VPF_OPTION_THREADS = 700
} vpf_option;
typedef enum vpf_stop {
  VPF_STOP_NONE = 0,
  VPF_STOP_EPOCHS = 1,
  VPF_STOP_CALLBACK = 2,
  VPF_STOP_DIVERGED = 3
} vpf_stop;
VPF_API vpf_status vpf_optimizer_create(vpf_optimizer **out);
VPF_API void vpf_optimizer_destroy(vpf_optimizer *optimizer);
VPF_API vpf_status vpf_optimizer_set_seed(vpf_optimizer *optimizer, uint64_t seed);
VPF_API uint64_t vpf_optimizer_get_seed(const vpf_optimizer *optimizer);
VPF_API vpf_status vpf_optimizer_set(vpf_optimizer *optimizer, vpf_option option, double value);
VPF_API vpf_status vpf_optimizer_get(const vpf_optimizer *optimizer, vpf_option option, double *out_value);
VPF_API vpf_status vpf_option_bounds(vpf_option option, double *out_low, double *out_high,
                                     const char **out_name);
typedef struct vpf_option_info {
  size_t struct_size;
  vpf_option option;
  int integer;
  const char *name;
  double low;
  double high;
  double initial;
} vpf_option_info;
VPF_API size_t vpf_option_count(void);
VPF_API vpf_status vpf_option_describe(size_t index, vpf_option_info *out);
VPF_API vpf_status vpf_optimizer_position(const vpf_optimizer *optimizer, size_t *out_epochs, size_t *out_rows);
VPF_API vpf_stop vpf_optimizer_last_stop(const vpf_optimizer *optimizer);
#ifdef __cplusplus
}
#endif
#endif
#ifndef VPF_SAMPLE_H
#define VPF_SAMPLE_H 
#ifdef __cplusplus
extern "C" {
#endif
VPF_API vpf_status vpf_generate(const vpf_model *model, size_t count, size_t steps, const float *prior,
                                uint64_t seed, float *out_probs);
VPF_API vpf_status vpf_generate_by_pair(const vpf_model *model, size_t count, const size_t *steps,
                                        const float *prior, uint64_t seed, float *out_probs);
VPF_API vpf_status vpf_generate_states(const vpf_model *model, size_t count, size_t steps, const float *prior,
                                       uint64_t seed, vpf_data **out_states);
VPF_API vpf_status vpf_generate_states_by_pair(const vpf_model *model, size_t count, const size_t *steps,
                                               const float *prior, uint64_t seed, vpf_data **out_states);
VPF_API vpf_status vpf_encode(const vpf_model *model, const vpf_data *data, size_t layer, float *out);
VPF_API vpf_status vpf_mean_activations(const vpf_model *model, const vpf_data *data, size_t layer, float *out);
VPF_API vpf_status vpf_reconstruct(const vpf_model *model, const vpf_data *corrupted, const uint8_t *known,
                                   size_t steps, size_t average_last, uint64_t seed, float *out_probs);
VPF_API vpf_status vpf_reconstruct_mean_field(const vpf_model *model, const vpf_data *corrupted,
                                              const uint8_t *known, size_t steps, float *out_probs);
#ifdef __cplusplus
}
#endif
#endif
#ifndef VPF_TRAIN_H
#define VPF_TRAIN_H 
#ifdef __cplusplus
extern "C" {
#endif
typedef enum vpf_progress_event { VPF_PROGRESS_EPOCH = 0, VPF_PROGRESS_BATCH = 1 } vpf_progress_event;
typedef struct vpf_progress {
  size_t struct_size;
  vpf_progress_event event;
  vpf_stop stop;
  size_t epoch;
  size_t epochs;
  size_t batch;
  size_t batches;
  size_t rows;
  double flow;
  size_t pairs;
  const double *flow_lower;
  const double *flow_upper;
  size_t layers;
  const double *activity;
  double rho;
  double w2;
  double seconds;
  double images_per_second;
  double total_seconds;
} vpf_progress;
typedef int (*vpf_progress_fn)(const vpf_progress *progress, void *user);
VPF_API vpf_status vpf_train(vpf_model *model, const vpf_data *data, vpf_optimizer *optimizer,
                             size_t epochs, vpf_progress_fn progress, void *user);
VPF_API vpf_status vpf_checkpoint_save(const vpf_model *model, const vpf_optimizer *optimizer,
                                       const char *path);
VPF_API vpf_status vpf_checkpoint_load(vpf_model **out_model, vpf_optimizer **out_optimizer,
                                       const char *path);
#ifdef __cplusplus
}
#endif
#endif
#ifndef VPF_VERSION_H
#define VPF_VERSION_H 
#ifdef __cplusplus
extern "C" {
#endif
#define VPF_VERSION_MAJOR 1
#define VPF_VERSION_MINOR 0
#define VPF_VERSION_PATCH 0
VPF_API const char *vpf_version_string(void);
VPF_API unsigned vpf_version_number(void);
#ifdef __cplusplus
}
#endif
#endif
#endif
