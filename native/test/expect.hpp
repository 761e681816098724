// Declarations that the kernel's tests share.
#pragma once
#include <string>

extern std::string place;  // the subject of the current test, for messages

void expect(bool condition, const std::string& what);

long double legendre(int degree, long double t);

void test_blas();
void test_cell();
void test_dirty_memory();
void test_dispatch();
void test_free();
void test_free_rules();
void test_least_squares();
void test_match_moments();
void test_indices();
void test_narrow();
void test_stream();
void test_number_rows();
void test_threads();
void test_train();
