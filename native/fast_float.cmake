# fast_float, for standard libraries whose from_chars reads no doubles: libc++, so Apple's, zig's and emscripten's. Numbers are
# rounded correctly by both, so its version does not bear on any result. Debian: libfast-float-dev, Homebrew: fast_float.
# Its headers are copied, because a folder of the machine's own headers must not be in the search path of another target.
include(CheckCXXSourceCompiles)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
check_cxx_source_compiles("#include <version>
  #ifndef __cpp_lib_to_chars
  #error
  #endif" FEWPOINTS_HAS_FROM_CHARS)
unset(CMAKE_TRY_COMPILE_TARGET_TYPE)
if(NOT FEWPOINTS_HAS_FROM_CHARS)
  find_path(FEWPOINTS_FAST_FLOAT fast_float/fast_float.h PATHS /usr/include /opt/homebrew/include /usr/local/include
    NO_CMAKE_FIND_ROOT_PATH)
  if(NOT FEWPOINTS_FAST_FLOAT)
    message(FATAL_ERROR "fast_float is missing: install libfast-float-dev (Debian), fast_float (Homebrew, vcpkg), or what it is called here")
  endif()
  file(COPY "${FEWPOINTS_FAST_FLOAT}/fast_float" DESTINATION "${CMAKE_CURRENT_BINARY_DIR}/fast_float")
  target_include_directories(flags SYSTEM INTERFACE "${CMAKE_CURRENT_BINARY_DIR}/fast_float")
endif()
