# BLAS and LAPACK. On Linux the few kernels that are called are taken out of a static OpenBLAS (slim_openblas.sh), for one kind of
# processor per instruction set. Such an addon needs no BLAS of the machine, starts no BLAS threads and is small.
# Elsewhere, or where there is no such archive, the BLAS of the machine is linked.
#
# With FEWPOINTS_BLAS=none there is none, and own products do (kernel/blas/without_blas.cpp): in WebAssembly, and where prebuild.mjs says so.
#
# Sets BLAS_SOURCES, BLAS_OBJECT (an object file for the kernel), BLAS_LINK and BLAS_DEFINITIONS.
set(BLAS_OBJECT "")
set(BLAS_LINK "")
set(BLAS_DEFINITIONS "")
if(FEWPOINTS_BLAS STREQUAL "none")
  set(BLAS_SOURCES kernel/blas/without_blas.cpp)
  return()
endif()
set(BLAS_SOURCES kernel/blas/blas.cpp kernel/blas/openblas.cpp)

# The kind of processor of OpenBLAS whose kernels run wherever the instruction set does.
set(BLAS_CORE_v2 NEHALEM)
set(BLAS_CORE_v3 HASWELL)
set(BLAS_CORE_v4 SKYLAKEX)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(BLAS_CORE_plain ARMV8)
endif()

# The pairs <instruction set>=<core> whose kernels the archive has; empty unless it has those of all.
function(find_blas_cores archive result)
  execute_process(COMMAND ${CMAKE_AR} t "${archive}" OUTPUT_VARIABLE files ERROR_QUIET)
  set(pairs "")
  foreach(isa IN LISTS ISAS_BUILT)
    string(FIND "${files}" "setparam_${BLAS_CORE_${isa}}.o" at)
    if(at LESS 0)
      set(${result} "" PARENT_SCOPE)
      return()
    endif()
    list(APPEND pairs "${isa}=${BLAS_CORE_${isa}}")
  endforeach()
  set(${result} "${pairs}" PARENT_SCOPE)
endfunction()

set(BLAS_CORES "")
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  if(FEWPOINTS_OPENBLAS_A)
    set(BLAS_ARCHIVE "${FEWPOINTS_OPENBLAS_A}")
  else()
    find_library(FEWPOINTS_OPENBLAS_FOUND NAMES libopenblas.a PATH_SUFFIXES openblas-pthread openblas-serial openblas-openmp)
    set(BLAS_ARCHIVE "${FEWPOINTS_OPENBLAS_FOUND}")
  endif()
  if(EXISTS "${BLAS_ARCHIVE}")
    find_blas_cores("${BLAS_ARCHIVE}" BLAS_CORES)
  endif()
endif()

if(BLAS_CORES)
  string(REPLACE ";" "-" name "${BLAS_CORES}")
  set(BLAS_OBJECT "${CMAKE_CURRENT_BINARY_DIR}/openblas-${name}.o")
  # The script is written for GNU binutils. clang would choose its own.
  set(BLAS_AR "${CMAKE_AR}")
  set(BLAS_NM "${CMAKE_NM}")
  set(BLAS_OBJCOPY "${CMAKE_OBJCOPY}")
  set(BLAS_CC "${CMAKE_C_COMPILER}")
  if(FEWPOINTS_ZIG)
    set(BLAS_CC cc)
  endif()
  if(FEWPOINTS_ZIG OR CMAKE_AR MATCHES "llvm")
    set(BLAS_AR ar)
    set(BLAS_NM nm)
    set(BLAS_OBJCOPY objcopy)
  endif()
  add_custom_command(OUTPUT "${BLAS_OBJECT}"
    COMMAND ${CMAKE_COMMAND} -E env "CC=${BLAS_CC}" "AR=${BLAS_AR}" "NM=${BLAS_NM}" "LD=${CMAKE_LINKER}"
      "OBJCOPY=${BLAS_OBJCOPY}" sh "${CMAKE_CURRENT_SOURCE_DIR}/slim_openblas.sh" "${BLAS_ARCHIVE}" "${BLAS_OBJECT}"
      ${BLAS_CORES}
    DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/slim_openblas.sh" "${BLAS_ARCHIVE}"
    COMMENT "Taking kernels out of ${BLAS_ARCHIVE}" VERBATIM)
  set_source_files_properties("${BLAS_OBJECT}" PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  list(APPEND BLAS_DEFINITIONS FEWPOINTS_SLIM_OPENBLAS)
  foreach(isa IN LISTS ISAS_BUILT)
    string(TOUPPER "FEWPOINTS_BLAS_${isa}" definition)
    list(APPEND BLAS_DEFINITIONS "${definition}=\"${BLAS_CORE_${isa}}\"")
  endforeach()
elseif(APPLE)
  set(BLAS_LINK "-framework Accelerate")
  list(APPEND BLAS_DEFINITIONS ACCELERATE_NEW_LAPACK)
elseif(FEWPOINTS_STATIC)
  message(FATAL_ERROR
    "A static addon needs a static OpenBLAS that is built for all kinds of processors (DYNAMIC_ARCH), as that of "
    "Debian's libopenblas-dev is; found: ${BLAS_ARCHIVE}. FEWPOINTS_OPENBLAS_A can name one.")
else()
  set(BLA_VENDOR OpenBLAS)
  find_package(BLAS)
  if(BLAS_FOUND)
    list(APPEND BLAS_DEFINITIONS FEWPOINTS_OPENBLAS)
  else()
    unset(BLA_VENDOR)
    find_package(BLAS REQUIRED)
  endif()
  find_package(LAPACK REQUIRED)
  set(BLAS_LINK LAPACK::LAPACK BLAS::BLAS)
  foreach(file IN LISTS BLAS_LIBRARIES)
    get_filename_component(real "${file}" REALPATH)
    if(real MATCHES "openblas-serial")
      message(FATAL_ERROR
        "${file} is Debian's serial OpenBLAS, which is built without locks and returns wrong results to several threads.\n"
        "Install the other one: sudo apt-get install libopenblas-pthread-dev && sudo apt-get remove libopenblas-serial-dev")
    endif()
  endforeach()
endif()
