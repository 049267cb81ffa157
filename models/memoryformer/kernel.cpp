// The memory layer in one call, for a CPU and without gradients: hash, score, and the sum of weighted rows.
// With 0 bits each entry is a chunk whose table has one row, weighted by the entry itself: a linear layer.
//
// `models/memoryformer/kernel.py` compiles and loads this; formulas by their names in `models/memoryformer/layer.py`.
// What bounds a decoded token is the arrival of rows from memory: K rows, each at an address that nothing foretells.
// All addresses are known once the signs are, so rows are prefetched into the second-level cache a few ahead of those
// that are being added; a prefetch into the first level holds fewer lines in flight and is slower by half.
//
// A call that this file does not serve returns None, and the caller computes the reference. Products and sums are in
// single precision whatever the types of input and tables.

#include <Python.h>

#include <ATen/EmptyTensor.h>
#include <ATen/Parallel.h>
#include <ATen/core/DimVector.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <c10/core/impl/TorchDispatchModeTLS.h>
#include <torch/csrc/Exceptions.h>
#include <torch/csrc/autograd/python_variable.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <type_traits>
#include <vector>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace {

constexpr int LANES = 16;
constexpr int LINE = 64;             // bytes of a cache line
constexpr int GROUP = 4;             // rows added at once: the sums are loaded and stored once for all of them
constexpr int64_t AHEAD = 16 << 10;  // bytes of rows in flight, or one group if that is more
constexpr int64_t TILE = 256 << 10;  // bytes of sums that a group of tokens keeps in the second-level cache
constexpr int64_t SHARE = 1 << 16;   // multiplications from which another thread is worth its start
constexpr int64_t LONG = 1 << 11;    // entries of an input from which other threads of Python may run meanwhile

// Vectors of 64 bytes; the compiler splits them where registers are shorter. The alignment is that of an element.
template <class T>
using Vector __attribute__((vector_size(LANES * sizeof(T)), aligned(alignof(T)), may_alias)) = T;
using Floats = Vector<float>;

inline Floats load(const float* p) { return *reinterpret_cast<const Floats*>(p); }
inline void store(float* p, Floats value) { *reinterpret_cast<Floats*>(p) = value; }

// Conversions: by name where the compiler would take them apart, entry by entry elsewhere.
#if defined(__AVX512F__)
inline __m256i halves(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline Floats load(const c10::BFloat16* p) {
  return Floats(_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves(p)), 16)));
}
inline Floats load(const c10::Half* p) { return Floats(_mm512_cvtph_ps(halves(p))); }
inline Floats load(const int8_t* p) {
  return Floats(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))));
}
inline void store(c10::Half* p, Floats value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(__m512(value), _MM_FROUND_TO_NEAREST_INT));
}
#elif defined(__AVX2__) && defined(__F16C__)
inline Floats join(__m256 low, __m256 high) {
  const __m256 both[] = {low, high};
  return load(reinterpret_cast<const float*>(both));
}
inline Floats load(const c10::BFloat16* p) {
  const auto half = [p](int i) {
    const __m128i entries = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p) + i);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(entries), 16));
  };
  return join(half(0), half(1));
}
inline Floats load(const c10::Half* p) {
  const auto half = [p](int i) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p) + i)); };
  return join(half(0), half(1));
}
inline Floats load(const int8_t* p) {
  const auto half = [p](int i) {
    const __m128i entries = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p + 8 * i));
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(entries));
  };
  return join(half(0), half(1));
}
inline void store(c10::Half* p, Floats value) {
  float both[LANES];
  store(both, value);
  for (int i : {0, 1}) {
    const __m128i half = _mm256_cvtps_ph(_mm256_loadu_ps(both + 8 * i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p) + i, half);
  }
}
#else
template <class T>
Floats load(const T* p) {
  float entries[LANES];
  for (int i = 0; i < LANES; i++) entries[i] = p[i];
  return load(entries);
}
inline void store(c10::Half* p, Floats value) {
  for (int i = 0; i < LANES; i++) p[i] = value[i];
}
#endif

inline void store(c10::BFloat16* p, Floats value) {  // to the nearest, ties to even
  using Words = Vector<uint32_t>;
  const Words bits = std::bit_cast<Words>(value), nearest = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const Words rounded = value == value ? nearest : Words{} + 0x7fc0;
  *reinterpret_cast<Vector<uint16_t>*>(p) = __builtin_convertvector(rounded, Vector<uint16_t>);
}

template <class From, class To>
void convert(const From* from, int64_t count, To* to) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(to + i, load(from + i));
  for (; i < count; i++) to[i] = static_cast<float>(from[i]);
}

// ------------------------------------------------------------------------------------------------------ hash and score

struct Hash {
  int64_t chunks;
  int64_t bits;
  bool official;
  float temperature;
};

// e^x for x ≤ 0, to 2 units in the last place: 2^n · 2^f with |f| ≤ 1/2. Below the smallest normal number it is that.
inline float exponential(float x) {
  const float power = std::max(x * 1.44269504f, -126.0f);
  const float whole = (power + 12582912.0f) - 12582912.0f;  // 1.5 · 2^23: rounds to an integer
  const float f = power - whole;
  float e = 1.5403530e-4f;
  for (const float c : {1.3333558e-3f, 9.6181291e-3f, 5.5504109e-2f, 2.4022651e-1f, 6.9314718e-1f, 1.0f}) e = e * f + c;
  return e * std::bit_cast<float>((static_cast<int32_t>(whole) + 127) << 23);
}

// (hash) and (score) of one vector. `inverses` has room for d.
void hash_vector(const Hash& hash, const float* x, int32_t* rows, float* weights, float* inverses) {
  const int64_t bits = hash.bits;
  const float slope = -2.0f / hash.temperature;
  for (int64_t i = 0; i < hash.chunks * bits; i++) inverses[i] = 1.0f + exponential(std::abs(x[i]) * slope);
  for (int64_t k = 0; k < hash.chunks; k++) {
    const float *z = x + k * bits, *inverse = inverses + k * bits;
    float product = 1.0f, norm = 0.0f;
    int32_t row = 0;
    for (int64_t i = 0; i < bits; i++) {
      product *= inverse[i];
      norm += std::abs(z[i]);
      row |= (z[i] >= 0.0f) << i;
    }
    rows[k] = static_cast<int32_t>(k << bits) + row;
    weights[k] = (hash.official ? norm : 1.0f) / product;
  }
}

template <class T>
void hash_tokens(const Hash& hash, const T* x, int64_t from, int64_t to, int32_t* rows, float* weights) {
  const int64_t width = hash.chunks * hash.bits, k = hash.chunks;
  thread_local std::vector<float> entries, inverses;
  entries.resize(width);
  inverses.resize(width);
  for (int64_t t = from; t < to; t++) {
    if (hash.bits == 0) {
      convert(x + t * k, k, weights + t * k);
      std::iota(rows + t * k, rows + (t + 1) * k, 0);
      continue;
    }
    convert(x + t * width, width, entries.data());
    hash_vector(hash, entries.data(), rows + t * k, weights + t * k, inverses.data());
  }
}

// ------------------------------------------------------------------------------------------------------------ the sum

template <class T, class Out>
struct Rows {
  const T* tables;
  const Out* bias;
  int64_t chunks;
  int64_t outputs;
  const int32_t* rows;   // (tokens, K), rows of `tables`
  const float* weights;  // (tokens, K)

  const T* row(int64_t token, int64_t k) const { return tables + int64_t(rows[token * chunks + k]) * outputs; }
};

// sums[j] += Σ_a weights[a] · rows[a][j] for from ≤ j < to, and prefetch of these columns of other rows.
template <int COUNT, class T>
inline void add_rows(const T* const* rows, const T* const* next, const float* weights, int64_t from, int64_t to,
                     float* sums) {
  constexpr int64_t STEP = LINE / sizeof(T);
  int64_t j = from;
  for (; j + STEP <= to; j += STEP) {
    for (int a = 0; a < COUNT; a++) __builtin_prefetch(next[a] + j, 0, 2);
    for (int64_t i = j; i < j + STEP; i += LANES) {
      Floats sum = load(sums + i);
      for (int a = 0; a < COUNT; a++) sum += weights[a] * load(rows[a] + i);
      store(sums + i, sum);
    }
  }
  for (; j < to; j++) {
    for (int a = 0; a < COUNT; a++) sums[j] += weights[a] * static_cast<float>(rows[a][j]);
  }
}

// (sum) for the tokens of a tile and columns from ≤ j < to. One group of chunks is added for all of the tokens before the
// next, so what they hit together is read once. `sums`: (tokens, d_out).
template <class T, class Out>
void sum_tile(const Rows<T, Out>& c, int64_t first, int64_t tokens, int64_t from, int64_t to, float* sums) {
  for (int64_t t = 0; t < tokens; t++) convert(c.bias + from, to - from, sums + t * c.outputs + from);
  const int64_t row_bytes = (to - from) * int64_t(sizeof(T)), whole = c.chunks / GROUP * GROUP;
  const T *rows[GROUP], *next[GROUP];
  struct {
    int64_t k = 0, token = 0;
  } later;  // what is prefetched
  const auto advance = [&] {
    for (int a = 0; a < GROUP; a++) next[a] = c.row(first + later.token, later.k + a);
    if (++later.token == tokens) later = {later.k + GROUP, 0};
  };
  for (int64_t bytes = 0; bytes < AHEAD && later.k < whole; bytes += GROUP * row_bytes) {
    advance();
    for (const T* row : next) {
      for (int64_t j = from; j < to; j += LINE / int64_t(sizeof(T))) __builtin_prefetch(row + j, 0, 2);
    }
  }
  for (int64_t k = 0; k < whole; k += GROUP) {
    for (int64_t t = 0; t < tokens; t++) {
      for (int a = 0; a < GROUP; a++) rows[a] = c.row(first + t, k + a);
      if (later.k < whole) advance();
      add_rows<GROUP>(rows, next, c.weights + (first + t) * c.chunks + k, from, to, sums + t * c.outputs);
    }
  }
  for (int64_t k = whole; k < c.chunks; k++) {
    for (int64_t t = 0; t < tokens; t++) {
      const T* row = c.row(first + t, k);
      add_rows<1>(&row, &row, c.weights + (first + t) * c.chunks + k, from, to, sums + t * c.outputs);
    }
  }
}

template <class T, class Out>
void sum_tokens(const Rows<T, Out>& c, int64_t tokens, Out* y) {
  const int64_t work = tokens * c.chunks * c.outputs;
  const int64_t threads = std::clamp<int64_t>(work / SHARE, 1, at::get_num_threads());
  const int64_t tile = std::clamp<int64_t>(TILE / (c.outputs * int64_t(sizeof(float))), 1, tokens);
  const auto columns = [&](int64_t first, int64_t count, int64_t from, int64_t to) {
    if constexpr (std::is_same_v<Out, float>) {
      sum_tile(c, first, count, from, to, y + first * c.outputs);
    } else {
      thread_local std::vector<float> sums;
      sums.resize(count * c.outputs);
      sum_tile(c, first, count, from, to, sums.data());
      for (int64_t t = 0; t < count; t++) {
        convert(sums.data() + t * c.outputs + from, to - from, y + (first + t) * c.outputs + from);
      }
    }
  };
  if (threads == 1) {
    for (int64_t t = 0; t < tokens; t += tile) columns(t, std::min(tile, tokens - t), 0, c.outputs);
  } else if (tokens < threads) {  // every thread has some columns of all tokens
    const int64_t lines = (c.outputs + LINE - 1) / LINE;
    at::parallel_for(0, lines, (lines + threads - 1) / threads, [&](int64_t from, int64_t to) {
      columns(0, tokens, from * LINE, std::min(to * LINE, c.outputs));
    });
  } else {
    at::parallel_for(0, tokens, (tokens + threads - 1) / threads, [&](int64_t from, int64_t to) {
      for (int64_t t = from; t < to; t += tile) columns(t, std::min(tile, to - t), 0, c.outputs);
    });
  }
}

// ------------------------------------------------------------------------------------------------------ what is served

// Whether a tensor is an ordinary one in memory: no subclass, wrapper or view that computes, no forward derivative.
bool is_plain(const at::Tensor& tensor) {
  static const c10::DispatchKeySet ordinary = [] {
    const c10::InferenceMode no_inference_mode(false);  // what is made in it lacks keys that parameters have
    return at::empty({0}, at::kFloat).key_set();
  }();
  return (tensor.key_set() | ordinary) == ordinary && !tensor._fw_grad(0).defined();
}

struct Memory {
  const at::Tensor& tables;
  const at::Tensor& bias;
  const at::Tensor* scales;  // (K · 2^τ) float16, for int8 tables
};

bool is_served(const at::Tensor& x, const Hash& hash, const Memory& memory) {
  const auto type = memory.tables.scalar_type(), entries = x.scalar_type();
  const bool whole = type == at::kChar, half = type == at::kBFloat16 || type == at::kHalf;
  if (!is_plain(memory.tables) || !memory.tables.is_contiguous() || memory.tables.dim() != 2) return false;
  if (!is_plain(memory.bias) || !memory.bias.is_contiguous() || memory.bias.dim() != 1) return false;
  if (whole != (memory.scales != nullptr)) return false;
  if (!whole && type != entries && !(half && entries == at::kFloat)) return false;
  if (memory.bias.scalar_type() != entries || memory.bias.size(0) != memory.tables.size(1)) return false;
  if (memory.tables.size(1) == 0) return false;
  if (memory.tables.size(0) != hash.chunks << hash.bits || memory.tables.size(0) > INT32_MAX) return false;
  if (at::GradMode::is_enabled() && (memory.tables.requires_grad() || memory.bias.requires_grad())) return false;
  return !whole || (is_plain(*memory.scales) && memory.scales->is_contiguous() &&
                    memory.scales->scalar_type() == at::kHalf && memory.scales->dim() == 1 &&
                    memory.scales->size(0) == memory.tables.size(0));
}

struct Buffers {
  std::vector<int32_t> rows;
  std::vector<float> weights, scaled;
};

template <class T>
at::Tensor compute(const at::Tensor& x, const Hash& hash, const Memory& memory, int64_t tokens, Buffers& buffers) {
  at::DimVector shape(x.sizes());
  shape.back() = memory.tables.size(1);
  const at::Tensor y(at::detail::empty_cpu(shape, x.scalar_type()));  // `at::empty` would be dispatched
  const float* weights = buffers.weights.data();
  if (memory.scales) {
    const c10::Half* scales = memory.scales->const_data_ptr<c10::Half>();
    buffers.scaled.resize(buffers.weights.size());
    for (size_t i = 0; i < buffers.scaled.size(); i++) buffers.scaled[i] = weights[i] * scales[buffers.rows[i]];
    weights = buffers.scaled.data();
  }
  const auto sum = [&]<class Table>(const Table* tables) {
    const Rows<Table, T> rows{tables,       memory.bias.const_data_ptr<T>(), hash.chunks,
                              shape.back(), buffers.rows.data(),             weights};
    sum_tokens(rows, tokens, y.template mutable_data_ptr<T>());
  };
  const auto type = memory.tables.scalar_type();
  if (type == at::kChar) {
    sum(memory.tables.const_data_ptr<int8_t>());
  } else if (type == at::CppTypeToScalarType<T>::value) {
    sum(memory.tables.const_data_ptr<T>());
  } else if constexpr (std::is_same_v<T, float>) {
    if (type == at::kHalf) {
      sum(memory.tables.const_data_ptr<c10::Half>());
    } else {
      sum(memory.tables.const_data_ptr<c10::BFloat16>());
    }
  }
  return y;
}

template <class T>
void compute_all(const at::Tensor& x, const Hash& hash, const std::vector<Memory>& memories,
                 std::vector<at::Tensor>& results) {
  thread_local Buffers buffers;
  const int64_t tokens = x.numel() / x.size(-1);
  buffers.rows.resize(tokens * hash.chunks);
  buffers.weights.resize(tokens * hash.chunks);
  int32_t* rows = buffers.rows.data();
  float* weights = buffers.weights.data();
  const T* entries = x.const_data_ptr<T>();
  const auto range = [&](int64_t from, int64_t to) { hash_tokens(hash, entries, from, to, rows, weights); };
  if (tokens * x.size(-1) < SHARE) {
    range(0, tokens);
  } else {
    at::parallel_for(0, tokens, SHARE / x.size(-1) + 1, range);
  }
  for (const Memory& memory : memories) results.push_back(compute<T>(x, hash, memory, tokens, buffers));
}

// fused(x, bits, official, temperature, tables, bias, scales, tables, bias, scales, …) → a tuple of outputs, or None.
PyObject* fused(PyObject*, PyObject* const* arguments, Py_ssize_t count) {
  HANDLE_TH_ERRORS
  const auto is_tensor = [&](Py_ssize_t i) { return THPVariable_Check(arguments[i]); };
  bool fits = count >= 4 && (count - 4) % 3 == 0 && is_tensor(0);
  for (Py_ssize_t i = 4; fits && i < count; i += 3) {
    fits = is_tensor(i) && is_tensor(i + 1) && (arguments[i + 2] == Py_None || is_tensor(i + 2));
  }
  TORCH_CHECK_TYPE(fits, "fused takes x, bits, official, temperature, and three of each layer: tables, bias, scales");
  const at::Tensor& given = THPVariable_Unpack(arguments[0]);
  if (!is_plain(given) || given.dim() < 1 || (at::GradMode::is_enabled() && given.requires_grad())) Py_RETURN_NONE;
  if (c10::impl::TorchDispatchModeTLS::any_modes_set()) Py_RETURN_NONE;
  if (c10::impl::tls_is_dispatch_key_included(c10::DispatchKey::Tracer)) Py_RETURN_NONE;  // torch.jit.trace
  const int64_t bits = PyLong_AsLongLong(arguments[1]), width = given.size(-1);
  const double temperature = PyFloat_AsDouble(arguments[3]);
  if (PyErr_Occurred()) return nullptr;
  if (bits < 0 || bits > 16 || width < 1 || (bits && width % bits)) Py_RETURN_NONE;
  const Hash hash{bits ? width / bits : width, bits, arguments[2] == Py_True, static_cast<float>(temperature)};
  std::vector<Memory> memories;
  for (Py_ssize_t i = 4; i < count; i += 3) {
    const bool scaled = arguments[i + 2] != Py_None;
    memories.push_back({THPVariable_Unpack(arguments[i]), THPVariable_Unpack(arguments[i + 1]),
                        scaled ? &THPVariable_Unpack(arguments[i + 2]) : nullptr});
    if (!is_served(given, hash, memories.back())) Py_RETURN_NONE;
  }
  const auto of = given.scalar_type() == at::kFloat      ? compute_all<float>
                  : given.scalar_type() == at::kBFloat16 ? compute_all<c10::BFloat16>
                  : given.scalar_type() == at::kHalf     ? compute_all<c10::Half>
                                                         : nullptr;
  if (!of) Py_RETURN_NONE;
  std::vector<at::Tensor> results;
  {
    std::optional<pybind11::gil_scoped_release> released;
    if (given.numel() > LONG) released.emplace();
    of(given.contiguous(), hash, memories, results);
  }
  PyObject* tuple = PyTuple_New(static_cast<Py_ssize_t>(results.size()));
  if (!tuple) return nullptr;
  for (size_t i = 0; i < results.size(); i++) {
    PyObject* wrapped = THPVariable_Wrap(std::move(results[i]));
    if (!wrapped) return Py_DECREF(tuple), nullptr;
    PyTuple_SET_ITEM(tuple, static_cast<Py_ssize_t>(i), wrapped);
  }
  return tuple;
  END_HANDLE_TH_ERRORS
}

PyMethodDef methods[] = {
    {"fused", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(fused)), METH_FASTCALL, nullptr}, {}};
PyModuleDef definition = {PyModuleDef_HEAD_INIT, "memory_kernel", nullptr, -1, methods};

}  // namespace

PyMODINIT_FUNC PyInit_memory_kernel() { return PyModule_Create(&definition); }
