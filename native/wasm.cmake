# The addon as a WebAssembly module: the same binding, with emnapi in the place of Node-API. `node native/wasm.mjs` calls
# this. The module stands alone: it needs no JavaScript of emscripten's, and lib/wasm/module.ts gives it its imports.
target_compile_options(flags INTERFACE -msimd128 -fwasm-exceptions
  "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include ${CMAKE_CURRENT_SOURCE_DIR}/wasm_std.hpp>")

# What takes no time is compiled for size. The rest keeps -O3: the kernels of simd/, dense products, and what Eigen inlines.
foreach(file IN LISTS KERNEL_SOURCES)
  if(NOT file MATCHES "kernel/(blas|matching)/")
    set_property(SOURCE ${file} APPEND PROPERTY COMPILE_OPTIONS -Os)
  endif()
endforeach()

set(EMNAPI "${CMAKE_CURRENT_SOURCE_DIR}/../node_modules/emnapi")
set(NODE_ADDON_API "${CMAKE_CURRENT_SOURCE_DIR}/../node_modules/node-addon-api")
add_library(emnapi OBJECT
  ${EMNAPI}/src/js_native_api.c ${EMNAPI}/src/node_api.c ${EMNAPI}/src/async_cleanup_hook.c ${EMNAPI}/src/async_context.c)
target_include_directories(emnapi SYSTEM PUBLIC ${EMNAPI}/include/node)
target_compile_definitions(emnapi PUBLIC BUILDING_NODE_EXTENSION ${ADDON_DEFINITIONS})

add_executable(fewpoints ${NODE_SOURCES} ${WASM_SOURCES} $<TARGET_OBJECTS:emnapi>)
target_include_directories(fewpoints SYSTEM PRIVATE ${EMNAPI}/include/node ${NODE_ADDON_API})
target_compile_definitions(fewpoints PRIVATE BUILDING_NODE_EXTENSION ${ADDON_DEFINITIONS})
target_compile_options(fewpoints PRIVATE -Os) # the binding computes nothing
target_link_libraries(fewpoints PRIVATE kernel)
set_target_properties(fewpoints PROPERTIES SUFFIX .wasm RUNTIME_OUTPUT_DIRECTORY "${FEWPOINTS_OUTPUT}")
target_link_options(fewpoints PRIVATE -Os -msimd128 -fwasm-exceptions --no-entry
  "SHELL:-s STANDALONE_WASM" "SHELL:-s ALLOW_MEMORY_GROWTH=1" "SHELL:-s INITIAL_MEMORY=16MB"
  "SHELL:-s MAXIMUM_MEMORY=4GB" "SHELL:-s TOTAL_STACK=4MB" "SHELL:-s ALLOW_TABLE_GROWTH=1"
  "SHELL:-s ERROR_ON_UNDEFINED_SYMBOLS=0" "SHELL:-s WARN_ON_UNDEFINED_SYMBOLS=0"
  "SHELL:-s EXPORTED_FUNCTIONS=_malloc,_free,_napi_register_wasm_v1,_node_api_module_get_api_version_v1")
