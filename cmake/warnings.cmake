# The warnings that every target of ours is compiled with, and what hardens a release.
add_library(ph_warnings INTERFACE)
target_compile_options(ph_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wformat=2 -Wundef -Wvla -Wcast-qual -Wwrite-strings -Wswitch-enum
  -Wnull-dereference -Wpointer-arith -Wimplicit-fallthrough
  $<$<C_COMPILER_ID:GNU>:-Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init>
  $<$<BOOL:${PH_WERROR}>:-Werror>)

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-fstack-protector-strong -fPIE -fno-omit-frame-pointer)
add_link_options(-pie -Wl,-z,relro,-z,now)
# Assertions stay in what is shipped: they are for our bugs, and those are seen in the field.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")
if(CMAKE_BUILD_TYPE MATCHES "Rel")
  add_compile_options(-O2)
  if(NOT PH_SANITIZE)
    add_compile_definitions(_FORTIFY_SOURCE=2)
  endif()
endif()
if(PH_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link) # else the fuzzer sees no way through the libraries
endif()
if(PH_SANITIZE)
  add_compile_options(-fsanitize=${PH_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PH_SANITIZE})
endif()
