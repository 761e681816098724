#include "errors.hpp"

#include <cstdint>
#include <new>
#include <system_error>

#include "base/status.hpp"

namespace fewpoints::node {
namespace {

template <class JavaScriptError>
Napi::Error with_code(Napi::Env env, const char* code, const std::string& message) {
  Napi::Error error = JavaScriptError::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

Napi::Error of_kernel(Napi::Env env, const Error& e) {
  switch (e.code) {
    case Code::Shape: return with_code<Napi::RangeError>(env, "ERR_SHAPE", e.what());
    case Code::NotFinite: return with_code<Napi::RangeError>(env, "ERR_NOT_FINITE", e.what());
    case Code::Weight: return with_code<Napi::RangeError>(env, "ERR_WEIGHT", e.what());
    case Code::Size: return with_code<Napi::RangeError>(env, "ERR_SIZE", e.what());
    case Code::Option: return with_code<Napi::RangeError>(env, "ERR_OPTION", e.what());
    case Code::Infeasible: return with_code<Napi::RangeError>(env, "ERR_INFEASIBLE", e.what());
    case Code::Memory: break;
  }
  return with_code<Napi::Error>(env, "ERR_MEMORY", e.what());
}

Napi::Error out_of_memory(Napi::Env env, const char* call, double bytes) {
  const std::string copy = std::to_string(static_cast<std::uint64_t>(bytes));
  return with_code<Napi::Error>(
      env, "ERR_MEMORY",
      std::string(call) + ": not enough memory: the copy of the input alone takes " + copy + " bytes");
}

}  // namespace

Napi::Error to_error(Napi::Env env, const std::exception_ptr& failure, const char* call, double bytes) {
  try {
    std::rethrow_exception(failure);
  } catch (const Napi::Error& e) {  // thrown by JavaScript: passed on as it is
    return e;
  } catch (const WrongKind& e) {
    return with_code<Napi::TypeError>(env, e.code, e.what());
  } catch (const Error& e) {
    return of_kernel(env, e);
  } catch (const Cancelled&) {
    return with_code<Napi::Error>(env, "ABORT_ERR", std::string(call) + ": aborted");
  } catch (const std::bad_alloc&) {
    return out_of_memory(env, call, bytes);
  } catch (const std::length_error&) {  // a std::vector beyond what can be addressed
    return out_of_memory(env, call, bytes);
  } catch (const std::system_error& e) {
    return with_code<Napi::Error>(env, "ERR_MEMORY", std::string(call) + ": the system refuses a thread: " + e.what());
  } catch (const std::exception& e) {
    return Napi::Error::New(env, std::string(call) + ": internal error: " + e.what());
  }
}

}  // namespace fewpoints::node
