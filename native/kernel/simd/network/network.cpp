// Values and gradients of a two-layer network. With up to three inputs and one output, everything stays in registers.
// Other networks go through tiles of 16 neurons, or of a few samples, in the cache. A vector holds samples in the
// forward pass and neurons in the backward pass. The backward pass computes the activations again, which is cheaper
// than to store and load them.
#include "simd/network/activation.hpp"
#include "simd/network/network_parts.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

#if FEWPOINTS_AVX512
constexpr int kBackwardVectors = 2, kReluVectors = 1, kForwardVectors = 4, kBackwardSamples = 8;
#else
constexpr int kBackwardVectors = 1, kReluVectors = 2, kForwardVectors = 4, kBackwardSamples = 4;  // 16 registers
#endif
static_assert(kSampleTile % (kForwardVectors * 2 * W) == 0 && kNeuronTile % (2 * W) == 0 &&
              kNeuronTile % (kBackwardVectors * 2 * W) == 0 && kNeuronTile % (kReluVectors * 2 * W) == 0);
constexpr size_t kBlock = 512;       // samples that are added in T
constexpr size_t kForwardTile = 16;  // neurons

// h: the activation of z. t: r times its slope.
template <class T, class A>
FEWPOINTS_INLINE void slopes(VecOf<T> z, VecOf<T> r, VecOf<T>& h, VecOf<T>& t) {
  VecOf<T> slope;
  A::both(z, h, slope);
  t = r * slope;
}

// ---- forward

template <class T, class A, int N>
void forward_narrow(const NetworkView<T>& net, const T* const* x, size_t offset, size_t begin, size_t end, T* f) {
  using V = VecOf<T>;
  constexpr int L = Lanes<T>::count, U = kForwardVectors;
  const T* const bias = net.rows + N * net.stride;
  for (size_t i = 0; i < kSampleTile; i += U * L) {
    V in[usize(N)][usize(U)], sum[usize(U)];
    for (int u = 0; u < U; u++) {
      for (int a = 0; a < N; a++) in[a][u] = loadu(x[a] + offset + i + u * L);
      sum[u] = V{};
    }
    for (size_t j = begin; j < end; j++) {
      V z[U];
      for (int u = 0; u < U; u++) z[u] = splat(bias[j]);
      for (int a = 0; a < N; a++) {
        const V w = splat(net.rows[usize(a) * net.stride + j]);
        for (int u = 0; u < U; u++) z[u] = madd(w, in[a][u], z[u]);
      }
      const V out = splat(net.outgoing[j]);
      for (int u = 0; u < U; u++) sum[u] = madd(out, A::value(z[u]), sum[u]);
    }
    for (int u = 0; u < U; u++) storeu(f + i + u * L, sum[u]);
  }
}

template <class T, class A>
void forward_any(const NetworkView<T>& net, const T* const* x, size_t offset, size_t begin, size_t end, T* f) {
  using V = VecOf<T>;
  constexpr int L = Lanes<T>::count, U = kForwardVectors;
  const T* const bias = net.rows + usize(net.inputs) * net.stride;
  for (size_t i = 0; i < kSampleTile * usize(net.outputs); i += L) storeu(f + i, V{});
  for (size_t i = 0; i < kSampleTile; i += U * L)
    for (size_t j0 = begin; j0 < end; j0 += kForwardTile) {
      const size_t count = end - j0 < kForwardTile ? end - j0 : kForwardTile;
      V h[kForwardTile][U];
      for (size_t j = 0; j < count; j++) {
        V z[U];
        for (int u = 0; u < U; u++) z[u] = splat(bias[j0 + j]);
        for (int a = 0; a < net.inputs; a++) {
          const V w = splat(net.rows[usize(a) * net.stride + j0 + j]);
          for (int u = 0; u < U; u++) z[u] = madd(w, loadu(x[a] + offset + i + u * L), z[u]);
        }
        for (int u = 0; u < U; u++) h[j][u] = A::value(z[u]);
      }
      for (int o = 0; o < net.outputs; o++) {
        T* const to = f + usize(o) * kSampleTile + i;
        V sum[U];
        for (int u = 0; u < U; u++) sum[u] = loadu(to + u * L);
        for (size_t j = 0; j < count; j++) {
          const V out = splat(net.outgoing[usize(o) * net.stride + j0 + j]);
          for (int u = 0; u < U; u++) sum[u] = madd(out, h[j][u], sum[u]);
        }
        for (int u = 0; u < U; u++) storeu(to + u * L, sum[u]);
      }
    }
}

// ---- backward

template <class T, size_t LU>
FEWPOINTS_INLINE void add_to(double (&sum)[LU], const VecOf<T>* v) {
  constexpr int L = Lanes<T>::count;
  for (int u = 0; u * L < static_cast<int>(LU); u++)
    for (int l = 0; l < L; l++) sum[u * L + l] += static_cast<double>(v[u][l]);
}

template <class T, class A, int N>
void backward_narrow(const NetworkView<T>& net, const T* const* x, const T* const* error, size_t begin, size_t end,
                     size_t first, size_t last, double* sums) {
  using V = VecOf<T>;
  constexpr int L = Lanes<T>::count, U = kBackwardVectors;
  const T* const bias = net.rows + N * net.stride;
  const T* const output = bias + net.stride;
  for (size_t j = first; j < last; j += U * L) {
    V w[usize(N)][usize(U)], b[usize(U)];
    for (int u = 0; u < U; u++) {
      for (int a = 0; a < N; a++) w[a][u] = loadu(net.rows + usize(a) * net.stride + j + u * L);
      b[u] = loadu(bias + j + u * L);
    }
    double total[usize(N + 2)][usize(U * L)] = {};  // hidden, bias, output
    for (size_t s0 = begin; s0 < end; s0 += kBlock) {
      const size_t s1 = end - s0 < kBlock ? end : s0 + kBlock;
      V g[usize(N + 2)][U];
      for (int r = 0; r < N + 2; r++)
        for (int u = 0; u < U; u++) g[r][u] = V{};
      for (size_t s = s0; s < s1; s++) {
        const V e = splat(error[0][s]);
        V in[usize(N)];
        for (int a = 0; a < N; a++) in[a] = splat(x[a][s]);
        for (int u = 0; u < U; u++) {
          V z = b[u], h, t;
          for (int a = 0; a < N; a++) z = madd(w[a][u], in[a], z);
          slopes<T, A>(z, e, h, t);
          for (int a = 0; a < N; a++) g[a][u] = madd(t, in[a], g[a][u]);
          g[N][u] += t;
          g[N + 1][u] = madd(e, h, g[N + 1][u]);
        }
      }
      for (int r = 0; r < N + 2; r++) add_to<T>(total[r], g[r]);
    }
    for (int l = 0; l < U * L; l++) {
      for (int r = 0; r <= N; r++)
        sums[usize(r) * net.stride + j + usize(l)] = total[r][l] * static_cast<double>(output[j + usize(l)]);
      sums[(N + 1) * net.stride + j + usize(l)] = total[N + 1][l];
    }
  }
}

// The slope of relu is 0 or 1. So a sample adds to the sums of a neuron either nothing, or its error and its error
// times x, which are the same for all neurons. The sum of error times activation is w . (sum of error times x) +
// b (sum of error).
template <class T, int N>
void backward_relu(const NetworkView<T>& net, const T* const* x, const T* const* error, size_t begin, size_t end,
                   size_t first, size_t last, double* sums) {
  using V = VecOf<T>;
  constexpr int L = Lanes<T>::count, U = kReluVectors;
  const T* const bias = net.rows + N * net.stride;
  const T* const output = bias + net.stride;
  T times[usize(N + 1)][kBlock];  // error times x, error
  for (size_t j = first; j < last; j += U * L) {
    V w[usize(N)][usize(U)], b[usize(U)];
    for (int u = 0; u < U; u++) {
      for (int a = 0; a < N; a++) w[a][u] = loadu(net.rows + usize(a) * net.stride + j + u * L);
      b[u] = loadu(bias + j + u * L);
    }
    double total[usize(N + 1)][usize(U * L)] = {};  // hidden, bias
    for (size_t s0 = begin; s0 < end; s0 += kBlock) {
      const size_t count = end - s0 < kBlock ? end - s0 : kBlock;
      if (j == first || end - begin > kBlock)
        for (size_t s = 0; s < count; s++) {
          for (int a = 0; a < N; a++) times[a][s] = error[0][s0 + s] * x[a][s0 + s];
          times[N][s] = error[0][s0 + s];
        }
      V g[usize(N + 1)][U];
      for (int r = 0; r < N + 1; r++)
        for (int u = 0; u < U; u++) g[r][u] = V{};
      for (size_t s = 0; s < count; s++) {
        V in[usize(N)], add[usize(N + 1)];
        for (int a = 0; a < N; a++) in[a] = splat(x[a][s0 + s]);
        for (int r = 0; r < N + 1; r++) add[r] = splat(times[r][s]);
        for (int u = 0; u < U; u++) {
          V z = b[u];
          for (int a = 0; a < N; a++) z = madd(w[a][u], in[a], z);
          for (int r = 0; r < N + 1; r++) g[r][u] = add_where_positive(z, g[r][u], add[r]);
        }
      }
      for (int r = 0; r < N + 1; r++) add_to<T>(total[r], g[r]);
    }
    for (int l = 0; l < U * L; l++) {
      const size_t at = j + usize(l);
      double values = 0;
      for (int r = 0; r <= N; r++) {
        values += total[r][l] * static_cast<double>(net.rows[usize(r) * net.stride + at]);
        sums[usize(r) * net.stride + at] = total[r][l] * static_cast<double>(output[at]);
      }
      sums[(N + 1) * net.stride + at] = values;
    }
  }
}

template <class T, class A>
void backward_any(const NetworkView<T>& net, const T* const* x, const T* const* error, size_t begin, size_t end,
                  size_t first, size_t last, double* sums, double* workspace) {
  using V = VecOf<T>;
  constexpr int L = Lanes<T>::count, U = kBackwardVectors, S = kBackwardSamples;
  const T* const bias = net.rows + usize(net.inputs) * net.stride;
  const T* const output = bias + net.stride;
  const size_t rows = usize(net.inputs) + 1 + usize(net.outputs);
  T* const block = reinterpret_cast<T*>(workspace);  // rows x U L
  for (size_t j = first; j < last; j += U * L) {
    for (size_t r = 0; r < rows; r++)
      for (int l = 0; l < U * L; l++) sums[r * net.stride + j + usize(l)] = 0;
    for (size_t s0 = begin; s0 < end; s0 += kBlock) {
      const size_t s1 = end - s0 < kBlock ? end : s0 + kBlock;
      for (size_t r = 0; r < rows * U; r++) storeu(block + r * L, V{});
      for (size_t s = s0; s < s1; s += S) {
        // Where fewer than S samples are left, the last one is repeated with an error of 0.
        size_t at[S];
        T valid[S];
        for (int k = 0; k < S; k++) {
          at[k] = s + usize(k) < s1 ? s + usize(k) : s1 - 1;
          valid[k] = s + usize(k) < s1 ? 1 : 0;
        }
        V z[S][U], back[S][U];
        for (int u = 0; u < U; u++) {
          const V b = loadu(bias + j + u * L);
          for (int k = 0; k < S; k++) {
            z[k][u] = b;
            back[k][u] = V{};
          }
        }
        for (int a = 0; a < net.inputs; a++)
          for (int u = 0; u < U; u++) {
            const V w = loadu(net.rows + usize(a) * net.stride + j + u * L);
            for (int k = 0; k < S; k++) z[k][u] = madd(w, splat(x[a][at[k]]), z[k][u]);
          }
        for (int k = 0; k < S; k++)
          for (int u = 0; u < U; u++) {
            V h;
            slopes<T, A>(z[k][u], splat(valid[k]), h, back[k][u]);
            z[k][u] = h;
          }
        V weighted[S][U] = {};
        for (int o = 0; o < net.outputs; o++)
          for (int u = 0; u < U; u++) {
            T* const to = block + ((usize(net.inputs) + 1 + usize(o)) * U + usize(u)) * L;
            const V v = loadu(output + usize(o) * net.stride + j + u * L);
            V g = loadu(to);
            for (int k = 0; k < S; k++) {
              const V e = splat(error[o][at[k]] * valid[k]);
              g = madd(e, z[k][u], g);
              weighted[k][u] = madd(e, v, weighted[k][u]);
            }
            storeu(to, g);
          }
        for (int k = 0; k < S; k++)
          for (int u = 0; u < U; u++) back[k][u] *= weighted[k][u];
        for (int a = 0; a <= net.inputs; a++)
          for (int u = 0; u < U; u++) {
            T* const to = block + (usize(a) * U + usize(u)) * L;
            V g = loadu(to);
            for (int k = 0; k < S; k++) g = a < net.inputs ? madd(back[k][u], splat(x[a][at[k]]), g) : g + back[k][u];
            storeu(to, g);
          }
      }
      for (size_t r = 0; r < rows; r++)
        for (int l = 0; l < U * L; l++)
          sums[r * net.stride + j + usize(l)] += static_cast<double>(block[r * U * L + usize(l)]);
    }
  }
}

// ---- the choice among them

template <class T, class A>
void forward_of(const NetworkView<T>& net, const T* const* x, size_t offset, size_t begin, size_t end, T* f) {
  if (net.outputs == 1 && net.inputs == 1) return forward_narrow<T, A, 1>(net, x, offset, begin, end, f);
  if (net.outputs == 1 && net.inputs == 2) return forward_narrow<T, A, 2>(net, x, offset, begin, end, f);
  if (net.outputs == 1 && net.inputs == 3) return forward_narrow<T, A, 3>(net, x, offset, begin, end, f);
  forward_any<T, A>(net, x, offset, begin, end, f);
}

template <class T, class A, int N>
void backward_few(const NetworkView<T>& net, const T* const* x, const T* const* error, size_t begin, size_t end,
                  size_t first, size_t last, double* sums) {
  if constexpr (A::has_kink)
    backward_relu<T, N>(net, x, error, begin, end, first, last, sums);
  else
    backward_narrow<T, A, N>(net, x, error, begin, end, first, last, sums);
}

template <class T, class A>
void backward_of(const NetworkView<T>& net, const T* const* x, const T* const* error, size_t begin, size_t end,
                 size_t first, size_t last, double* sums, double* workspace) {
  if (net.outputs == 1 && net.inputs == 1) return backward_few<T, A, 1>(net, x, error, begin, end, first, last, sums);
  if (net.outputs == 1 && net.inputs == 2) return backward_few<T, A, 2>(net, x, error, begin, end, first, last, sums);
  if (net.outputs == 1 && net.inputs == 3) return backward_few<T, A, 3>(net, x, error, begin, end, first, last, sums);
  backward_any<T, A>(net, x, error, begin, end, first, last, sums, workspace);
}

// Calls use.template operator()<A>(), where A is the class of the activation.
template <class T, class Use>
void with_activation(Activation activation, const Use& use) {
#define FEWPOINTS_CASE(name, word) \
  case Activation::name: return use.template operator()<name<T>>();
  switch (activation) { FEWPOINTS_ACTIVATIONS(FEWPOINTS_CASE) }
#undef FEWPOINTS_CASE
}

template <class T>
void forward(const NetworkView<T>& net, const T* const* x, size_t offset, size_t begin, size_t end, T* f) {
  with_activation<T>(net.activation, [&]<class A>() { forward_of<T, A>(net, x, offset, begin, end, f); });
}

template <class T>
void backward(const NetworkView<T>& net, const T* const* x, const T* const* error, size_t begin, size_t end,
              size_t first, size_t last, double* sums, double* workspace) {
  with_activation<T>(net.activation,
                     [&]<class A>() { backward_of<T, A>(net, x, error, begin, end, first, last, sums, workspace); });
}

size_t backward_workspace(int inputs, int outputs) {
  return (usize(inputs) + 1 + usize(outputs)) * kBackwardVectors * 2 * W;
}

}  // namespace

const NetworkKernels<float> network32 = {forward<float>, backward<float>, backward_workspace, update<float>};
const NetworkKernels<double> network64 = {forward<double>, backward<double>, backward_workspace, update<double>};

}  // namespace fewpoints::FEWPOINTS_SIMD
