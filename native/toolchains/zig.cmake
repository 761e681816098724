# Cross compilation by zig, which is clang with libc++ and the headers and libraries of all systems. native/prebuild.mjs
# sets these:
#   FEWPOINTS_TARGET    <arch>-<system>[-<C library and its version>], such as x86_64-linux-gnu.2.28
#   FEWPOINTS_PROGRAMS  the folder with cc, c++, ar and ranlib for that target: calls of zig
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FEWPOINTS_TARGET FEWPOINTS_PROGRAMS)
string(REGEX MATCH "^([^-]+)-([^-.]+)" target "${FEWPOINTS_TARGET}")
set(CMAKE_SYSTEM_PROCESSOR ${CMAKE_MATCH_1})
set(system ${CMAKE_MATCH_2})
set(name_linux Linux)
set(name_macos Darwin)
set(name_windows Windows)
set(CMAKE_SYSTEM_NAME ${name_${system}})

set(CMAKE_C_COMPILER "${FEWPOINTS_PROGRAMS}/cc")
set(CMAKE_CXX_COMPILER "${FEWPOINTS_PROGRAMS}/c++")
set(CMAKE_AR "${FEWPOINTS_PROGRAMS}/ar")
set(CMAKE_RANLIB "${FEWPOINTS_PROGRAMS}/ranlib")
set(CMAKE_INSTALL_NAME_TOOL "${CMAKE_COMMAND}") # asked for on macOS, never called
set(CMAKE_OSX_SYSROOT "")
set(CMAKE_OSX_DEPLOYMENT_TARGET "")

# Nothing of this machine is for the target but programs.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
