// C++ exceptions become JavaScript errors here: TypeError, RangeError or Error, each with its stable `code`.
#pragma once
#include <napi.h>

#include <exception>
#include <stdexcept>
#include <string>

namespace fewpoints::node {

// A value of the wrong kind: becomes a TypeError. Wrong values are the kernel's Error, with Code::Shape.
class WrongKind : public std::runtime_error {
 public:
  WrongKind(const char* what, const std::string& message) : std::runtime_error(message), code(what) {}
  const char* code;
};

// The JavaScript error for whatever a call threw; a cancelled one has the code 'ABORT_ERR'. Only on the JavaScript
// thread. `call` is the name of the function; `bytes`, what its private copy of the input takes, is named when memory
// ran out.
Napi::Error to_error(Napi::Env env, const std::exception_ptr& failure, const char* call, double bytes);

}  // namespace fewpoints::node
