# Eigen, of one version: the last bits of results depend on it. Its files are known by their hash and lie in build/eigen,
# which git ignores. They are copied from the Eigen that is installed, when that is this version, or else taken from
# Debian's package archive. A build with another Eigen works; it warns, and info().eigen says so.
set(EIGEN_PINNED 3.4.0-4)
# cd build/eigen && find Eigen -type f | LC_ALL=C sort | xargs sha256sum | sha256sum
set(EIGEN_SHA256 d3671364fce09f039aeb14781c9c5f753b983a03634b41d9f890b64e141e52cd)
get_filename_component(EIGEN_FOLDER "${CMAKE_CURRENT_SOURCE_DIR}/../build/eigen" ABSOLUTE)

# The hash of the files in <folder>/Eigen.
function(eigen_hash folder result)
  file(GLOB_RECURSE files RELATIVE "${folder}" "${folder}/Eigen/*")
  set(lines "")
  foreach(file IN LISTS files)
    file(SHA256 "${folder}/${file}" hash)
    string(APPEND lines "${hash}  ${file}\n")
  endforeach()
  string(SHA256 hash "${lines}")
  set(${result} ${hash} PARENT_SCOPE)
endfunction()

# Copies <folder>/Eigen to EIGEN_FOLDER if it is the pinned version. Another build may do the same at the same time.
function(eigen_take folder)
  eigen_hash("${folder}" hash)
  if(NOT hash STREQUAL EIGEN_SHA256)
    return()
  endif()
  string(RANDOM LENGTH 12 name)
  file(COPY "${folder}/Eigen" DESTINATION "${EIGEN_FOLDER}.${name}")
  eigen_hash("${EIGEN_FOLDER}" hash)
  if(NOT hash STREQUAL EIGEN_SHA256)
    file(REMOVE_RECURSE "${EIGEN_FOLDER}")
    execute_process(COMMAND ${CMAKE_COMMAND} -E rename "${EIGEN_FOLDER}.${name}" "${EIGEN_FOLDER}" ERROR_QUIET)
  endif()
  file(REMOVE_RECURSE "${EIGEN_FOLDER}.${name}")
endfunction()

eigen_hash("${EIGEN_FOLDER}" hash)
if(NOT hash STREQUAL EIGEN_SHA256)
  find_package(Eigen3 NO_MODULE QUIET)
  if(Eigen3_FOUND)
    get_target_property(installed Eigen3::Eigen INTERFACE_INCLUDE_DIRECTORIES)
    eigen_take("${installed}")
  endif()
  eigen_hash("${EIGEN_FOLDER}" hash)
endif()
if(NOT hash STREQUAL EIGEN_SHA256)
  set(download "${CMAKE_CURRENT_BINARY_DIR}/eigen-package")
  file(MAKE_DIRECTORY "${download}")
  execute_process(COMMAND sh -c "apt-get download -qq libeigen3-dev=${EIGEN_PINNED} && dpkg-deb -x libeigen3-dev_*.deb ."
    WORKING_DIRECTORY "${download}" RESULT_VARIABLE ignored OUTPUT_QUIET ERROR_VARIABLE reason)
  string(STRIP "${reason}" reason)
  eigen_take("${download}/usr/include/eigen3")
  file(REMOVE_RECURSE "${download}")
  eigen_hash("${EIGEN_FOLDER}" hash)
endif()

add_library(eigen INTERFACE)
if(hash STREQUAL EIGEN_SHA256)
  target_include_directories(eigen SYSTEM INTERFACE "${EIGEN_FOLDER}")
elseif(Eigen3_FOUND AND Eigen3_VERSION VERSION_GREATER_EQUAL 3.4)
  message(WARNING
    "Eigen ${Eigen3_VERSION} of this machine is used. Results may differ in their last bits from those with the pinned "
    "Eigen, Debian's libeigen3-dev ${EIGEN_PINNED}, which could not be had: ${reason}\n"
    "To pin it, unpack that package and put its usr/include/eigen3/Eigen into build/eigen.")
  target_link_libraries(eigen INTERFACE Eigen3::Eigen)
  target_compile_definitions(eigen INTERFACE FEWPOINTS_OTHER_EIGEN="${EIGEN_PINNED}")
else()
  message(FATAL_ERROR
    "Eigen is missing: Debian's libeigen3-dev ${EIGEN_PINNED} could not be had: ${reason}\n"
    "Install libeigen3-dev, or what it is called here, of version 3.4 or newer.")
endif()
# Eigen would open parallel regions of its own in large products.
target_compile_definitions(eigen INTERFACE EIGEN_DONT_PARALLELIZE)
