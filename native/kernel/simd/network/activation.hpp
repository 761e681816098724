// The activation functions and their slopes, for vectors of T, to a few units in the last place of T. Exception: sin
// loses digits near its zeros other than 0, and for |z| above 10^5 (float32) or 10^8 (float64). Above 10^7 or 10^15 it
// has no digits left, and its value need not lie in [-1, 1] or be finite. gelu and sin of NaN are NaN; relu, tanh and
// sigmoid of NaN are finite.
#pragma once
#include "simd/vector/lanes.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

// ---- polynomials

template <class V, class T, size_t N>
FEWPOINTS_INLINE V polynomial(V x, const T (&c)[N]) {  // c[0] + c[1] x + ...
  V p = splat(c[N - 1]);
#pragma GCC unroll 32
  for (int i = N - 2; i >= 0; i--) p = madd(p, x, splat(c[i]));
  return p;
}

// 1 / (first + step i)!, with alternating signs if `signs` is set: the coefficients of exp, sin, cos.
template <class T, int N>
struct Taylor {
  T c[usize(N)];
  constexpr Taylor(int first, int step, bool signs) : c{} {
    for (int i = 0; i < N; i++) {
      double f = 1;
      for (int j = 2; j <= first + step * i; j++) f *= j;
      c[i] = static_cast<T>((signs && i % 2 ? -1 : 1) / f);
    }
  }
};

// ---- per type: the number of terms, and constants split into parts whose multiples are exact

template <class T>
struct Constants;
template <>
struct Constants<double> {
  static constexpr double round = 0x1.8p52;  // x + round - round is x, rounded to a whole number, for |x| < 2^51
  static constexpr int mantissa = 52;
  static constexpr double least_exponent = -708, largest_exponent = 709;
  static constexpr double ln2[2] = {6.93145751953125e-1, 1.42860682030941723212e-6};
  static constexpr double pi[3] = {4 * 7.85398125648498535156e-1, 4 * 3.77489470793079817668e-8,
                                   4 * 2.69515142907905952645e-15};
  static constexpr Taylor<double, 12> exp{2, 1, false};
  static constexpr Taylor<double, 10> sin{3, 2, true};
  static constexpr Taylor<double, 11> cos{2, 2, true};
  // (x + K) erfc(x / sqrt 2) exp(x^2 / 2) / 2 as a polynomial in (x - K) / (x + K), K = middle, for 0 <= x <= far.
  // Interpolated at Chebyshev nodes; relative error 4e-17.
  static constexpr double middle = 4, far = 37.5;
  static constexpr double tail[23] = {
      0.75528513041575148141,    -0.60789664197189175594,    0.38713740074221841251,    -0.1865218579596946971,
      0.060396574890722982777,   -0.0075401889655676716952,  -0.0034796923626996940242, 0.0016308184413790380823,
      0.00013334425849033725258, -0.00023109481296147702326, -1.9078912934884322552e-6, 0.000035144148726728535753,
      7.1508701587247066788e-7,  -5.9187733094512160405e-6,  -6.2528963381510765268e-7, 1.0195334851488973183e-6,
      2.6384422193908153059e-7,  -1.5389191979555253352e-7,  -7.6429668445512043741e-8, 1.429837597027241649e-8,
      1.3873375557245197271e-8,  1.6226856522335149888e-10,  -9.2961055241140090392e-10};
};
template <>
struct Constants<float> {
  static constexpr float round = 0x1.8p23f;
  static constexpr int mantissa = 23;
  static constexpr float least_exponent = -87, largest_exponent = 88;
  static constexpr float ln2[2] = {0.693359375f, -2.12194440e-4f};
  static constexpr float pi[3] = {3.140625f, 9.67502593994140625e-4f, 1.509957990978376432e-7f};
  static constexpr Taylor<float, 6> exp{2, 1, false};
  static constexpr Taylor<float, 5> sin{3, 2, true};
  static constexpr Taylor<float, 6> cos{2, 2, true};
  static constexpr float middle = 3.75f, far = 13;  // relative error 2e-8
  static constexpr float tail[9] = {0.750294067714f,    -0.588188306709f,  0.352939948961f,
                                    -0.151520077912f,   0.0374900149227f,  0.00119464056286f,
                                    -0.00416595264458f, 0.00052076248985f, 0.000448968898244f};
};

// ---- functions

// e^x, for x between least_exponent and largest_exponent.
template <class T>
FEWPOINTS_INLINE VecOf<T> exponential_within(VecOf<T> x) {
  using V = VecOf<T>;
  using I = typename Lanes<T>::Index;
  using C = Constants<T>;
  const V shifted = madd(x, splat(static_cast<T>(1.44269504088896340736)), splat(C::round));
  const V n = shifted - splat(C::round);
  const V r = nmadd(n, splat(C::ln2[1]), nmadd(n, splat(C::ln2[0]), x));
  const V p = madd(polynomial(r, C::exp.c), r * r, r) + splat(static_cast<T>(1));
  return (V)((I)p + ((I)shifted << C::mantissa));
}
template <class T>
FEWPOINTS_INLINE VecOf<T> exponential(VecOf<T> x) {
  using C = Constants<T>;
  return exponential_within<T>(minimum(maximum(x, splat(C::least_exponent)), splat(C::largest_exponent)));
}

template <class T>
struct Relu {
  static constexpr bool has_kink = true;
  using V = VecOf<T>;
  static FEWPOINTS_INLINE V value(V z) { return maximum(z, V{}); }
  static FEWPOINTS_INLINE void both(V z, V& h, V& slope) {
    h = maximum(z, V{});
    slope = z > V{} ? splat(static_cast<T>(1)) : V{};
  }
};

template <class T>
struct Tanh;
template <>
struct Tanh<double> {
  static constexpr bool has_kink = false;
  using V = Vec;
  static FEWPOINTS_INLINE V value(V z) {
    // Below 0.625 the rational function of the Cephes library, above it 1 - 2 / (e^2|z| + 1).
    constexpr double p[] = {-1.61468768441708447952e3, -9.92877231001918586564e1, -9.64399179425052238628e-1};
    constexpr double q[] = {4.84406305325125486048e3, 2.23548839060100448583e3, 1.12811678491632931402e2, 1};
    const V a = magnitude(z), square = z * z, e = exponential<double>(a + a);
    const auto near = a < splat(0.625);
    const V top = near ? a * square * polynomial(square, p) : splat(-2.0);
    const V bottom = near ? polynomial(square, q) : e + splat(1.0);
    return with_sign((near ? a : splat(1.0)) + top / bottom, z);
  }
  static FEWPOINTS_INLINE void both(V z, V& h, V& slope) {
    h = value(z);
    slope = nmadd(h, h, splat(1.0));
  }
};
template <>
struct Tanh<float> {
  static constexpr bool has_kink = false;
  using V = FloatVec;
  // The usual rational function of degrees 13 and 6 for float32. z is clamped to the points where it reaches -1 and 1.
  static FEWPOINTS_INLINE V value(V z) {
    constexpr float p[] = {4.89352455891786e-03f,  6.37261928875436e-04f, 1.48572235717979e-05f, 5.12229709037114e-08f,
                           -8.60467152213735e-11f, 2.00018790482477e-13f, -2.76076847742355e-16f};
    constexpr float q[] = {4.89352518554385e-03f, 2.26843463243900e-03f, 1.18534705686654e-04f, 1.19825839466702e-06f};
    z = minimum(maximum(z, splat(-7.90531110763549805f)), splat(7.90531110763549805f));
    const V square = z * z;
    return z * polynomial(square, p) / polynomial(square, q);
  }
  static FEWPOINTS_INLINE void both(V z, V& h, V& slope) {
    h = value(z);
    slope = nmadd(h, h, splat(1.0f));
  }
};

template <class T>
struct Sigmoid {
  static constexpr bool has_kink = false;
  using V = VecOf<T>;
  static FEWPOINTS_INLINE V value(V z) {
    const V one = splat(static_cast<T>(1));
    return one / (one + exponential<T>(-z));
  }
  static FEWPOINTS_INLINE void both(V z, V& h, V& slope) {
    h = value(z);
    slope = nmadd(h, h, h);
  }
};

// z Phi(z), where Phi is the normal distribution function.
template <class T>
struct Gelu {
  static constexpr bool has_kink = false;
  using V = VecOf<T>;
  // Phi(z) and the normal density at z.
  static FEWPOINTS_INLINE void normal(V z, V& phi, V& density) {
    using C = Constants<T>;
    const V one = splat(static_cast<T>(1)), half = splat(static_cast<T>(0.5));
    const V a = minimum(magnitude(z), splat(C::far));
    const V square = a * a;
    V e = exponential_within<T>(splat(static_cast<T>(-0.5)) * square);
    // Corrects the rounding of a^2. float32 does not need it: where it matters, the tail is below 10^-6.
    if constexpr (sizeof(T) == 8) e *= madd(half, nmadd(a, a, square), one);
    const V inverse = one / (a + splat(C::middle));
    const V upper = e * inverse * polynomial(nmadd(splat(2 * C::middle), inverse, one), C::tail);
    phi = z > V{} ? one - upper : upper;
    density = e * splat(static_cast<T>(0.39894228040143267794));
  }
  static FEWPOINTS_INLINE V value(V z) {
    V phi, density;
    normal(z, phi, density);
    return z * phi;
  }
  static FEWPOINTS_INLINE void both(V z, V& h, V& slope) {
    V phi, density;
    normal(z, phi, density);
    h = z * phi;
    slope = madd(z, density, phi);
  }
};

template <class T>
struct Sin {
  static constexpr bool has_kink = false;
  using V = VecOf<T>;
  using I = typename Lanes<T>::Index;
  using C = Constants<T>;
  // r, where z = n pi + r and |r| <= pi / 2. sign: the sign bit of (-1)^n.
  static FEWPOINTS_INLINE V reduced(V z, I& sign) {
    const V shifted = madd(z, splat(static_cast<T>(0.31830988618379067154)), splat(C::round));
    const V n = shifted - splat(C::round);
    sign = (I)shifted << (8 * sizeof(T) - 1);
    const V r = nmadd(n, splat(C::pi[2]), nmadd(n, splat(C::pi[1]), nmadd(n, splat(C::pi[0]), z)));
    // Where z has no digits after the point, r is arbitrary. The clamp keeps the sine in range.
    return minimum(maximum(r, splat(static_cast<T>(-1.6))), splat(static_cast<T>(1.6)));
  }
  static FEWPOINTS_INLINE V sine(V r, V square) { return nmadd(polynomial(square, C::sin.c), square * r, r); }
  static FEWPOINTS_INLINE V value(V z) {
    I sign;
    const V r = reduced(z, sign);
    return (V)((I)sine(r, r * r) ^ sign);
  }
  static FEWPOINTS_INLINE void both(V z, V& h, V& slope) {
    I sign;
    const V r = reduced(z, sign), square = r * r;
    h = (V)((I)sine(r, square) ^ sign);
    slope = (V)((I)nmadd(polynomial(square, C::cos.c), square, splat(static_cast<T>(1))) ^ sign);
  }
};

}  // namespace fewpoints::FEWPOINTS_SIMD
