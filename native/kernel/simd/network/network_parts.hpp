// The definitions of network.cpp and update.cpp for the table in simd/table.cpp.
#pragma once
#include "simd/network_kernels.hpp"
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

template <class T>
void update(const UpdateStep& step, size_t count, const double* sums, size_t slots, size_t slot_stride, const T* factor,
            T* parameters, T* first, T* second);

extern const NetworkKernels<float> network32;
extern const NetworkKernels<double> network64;

}  // namespace fewpoints::FEWPOINTS_SIMD
