# One library a folder. A target names what it uses, and only that opens the include path of
# another folder; the layer decides what it may name at all, so a wrong arrow fails at
# configuration and a wrong include does not compile.
#
#   ph_library(NAME LAYER layer SOURCES a.c ... USES other ... PACKAGES pkg ...)
#
# Layers, from the bottom (an arrow may point down or sideways where STYLE says so):
set(PH_LAYER_base 0)
set(PH_LAYER_model 1)
set(PH_LAYER_config 1)
set(PH_LAYER_codec 1)    # a protocol's octets: parsers, to be fuzzed alone
set(PH_LAYER_io 2)
set(PH_LAYER_text 3)     # templates: knows text, nothing of protocols or Redis
set(PH_LAYER_api 3)      # connectors/connector.h
set(PH_LAYER_channel 4)  # a connector: never uses another connector or the router
set(PH_LAYER_router 4)   # never uses a connector
set(PH_LAYER_app 5)

function(ph_check_layers name layer)
  foreach(other ${ARGN})
    get_target_property(below ${other} PH_LAYER)
    if(NOT PH_LAYER_${below} LESS PH_LAYER_${layer})
      if(NOT (layer STREQUAL below AND layer STREQUAL "app"))
        message(FATAL_ERROR "${name} (${layer}) may not use ${other} (${below}): arrows point down only")
      endif()
    endif()
  endforeach()
endfunction()

function(ph_library name)
  cmake_parse_arguments(A "" "LAYER" "SOURCES;USES;PACKAGES" ${ARGN})
  if(NOT DEFINED PH_LAYER_${A_LAYER})
    message(FATAL_ERROR "${name}: no layer '${A_LAYER}'")
  endif()
  ph_check_layers(${name} ${A_LAYER} ${A_USES})
  add_library(${name} STATIC ${A_SOURCES})
  set_target_properties(${name} PROPERTIES PH_LAYER ${A_LAYER})
  # Each folder is included by its own name ("smpp_pdu.h"), not by a path through the tree; only
  # in quotes, so that our yaml.h never hides the <yaml.h> of libyaml.
  target_compile_options(${name} PUBLIC "SHELL:-iquote ${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ph_warnings PUBLIC ${A_USES} ${A_PACKAGES})
endfunction()

# ph_test(NAME SOURCES x_test.c USES library ... [PACKAGES ...]): one Check program, run by ctest.
function(ph_test name)
  cmake_parse_arguments(A "" "" "SOURCES;USES;PACKAGES" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/unit)
  target_compile_definitions(${name} PRIVATE PH_VECTORS="${CMAKE_SOURCE_DIR}/tests/vectors")
  target_link_libraries(${name} PRIVATE ph_warnings ${A_USES} ${A_PACKAGES} PkgConfig::check)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
  # They end what hangs, and nothing else: not scrypt on a machine that builds beside it, not a sanitizer's slowness. What a test's subject
  # may take is for the test to say.
  set_tests_properties(${name} PROPERTIES TIMEOUT 900 ENVIRONMENT "CK_DEFAULT_TIMEOUT=60;CK_TIMEOUT_MULTIPLIER=5")
endfunction()

# ph_fuzz(NAME CORPUS folder SOURCES fuzz_x.c USES library ...): with PH_FUZZ a libFuzzer target,
# `make fuzz T=NAME`; without, a test that runs it over tests/fuzz/corpus/<folder>. Asserts count
# in both.
function(ph_fuzz name)
  cmake_parse_arguments(A "" "CORPUS" "SOURCES;USES" ${ARGN})
  set(corpus ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${A_CORPUS})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE ph_warnings ${A_USES})
  target_compile_options(${name} PRIVATE -UNDEBUG)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  if(PH_FUZZ)
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
    add_test(NAME ${name} COMMAND ${name} ${corpus})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
  endif()
endfunction()
