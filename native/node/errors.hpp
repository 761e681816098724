// Turns C++ exceptions into JavaScript errors: TypeError, RangeError or Error, each with its stable `code`.
#pragma once
#include <napi.h>

#include <exception>
#include <stdexcept>
#include <string>

namespace fewpoints::node {

// A value of the wrong type. It becomes a TypeError. A wrong value of the right type is the kernel's Error Shape.
class WrongKind : public std::runtime_error {
 public:
  WrongKind(const char* what, const std::string& message) : std::runtime_error(message), code(what) {}
  const char* code;
};

// The JavaScript error for any exception of a call. Cancelled becomes an error of code 'ABORT_ERR'. Must be called on
// the JavaScript thread. `call` is the name of the function. `bytes` is the size of its private copy of the input; the
// message names it when memory ran out.
Napi::Error to_error(Napi::Env env, const std::exception_ptr& failure, const char* call, double bytes);

// What the body returns; throws the JavaScript error for what it throws. Node ends the process when a function that
// JavaScript calls throws anything else. The body may still set `bytes`.
template <class Body>
auto or_error(Napi::Env env, const char* call, const double& bytes, const Body& body) {
  try {
    return body();
  } catch (...) {
    throw to_error(env, std::current_exception(), call, bytes);
  }
}

}  // namespace fewpoints::node
