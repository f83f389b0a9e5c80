# What the tests and benches of this folder need beyond the pattern of cmake/Module.cmake.
if(BW_TESTS AND NOT BW_FUZZ)
  # The oracle of unit/wire/test_h1_llhttp: the HTTP parser of Node.js, as Debian's node-llhttp ships it. Without the
  # package the test is still built, and fails saying so.
  set(llhttp /usr/share/llhttp)
  if(EXISTS ${llhttp}/llhttp.c AND NOT TARGET llhttp_oracle)
    add_library(llhttp_oracle STATIC EXCLUDE_FROM_ALL ${llhttp}/llhttp.c ${llhttp}/api.c ${llhttp}/http.c)
    target_include_directories(llhttp_oracle SYSTEM PUBLIC /usr/share/include/llhttp)
    target_compile_definitions(llhttp_oracle PUBLIC LLHTTP_STRICT_MODE=1 INTERFACE BW_LLHTTP)
    # Not our code: neither our warnings nor our sanitizers.
    target_compile_options(llhttp_oracle PRIVATE -w -fno-sanitize=all)
    cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL target_link_libraries wire_test_h1_llhttp PRIVATE llhttp_oracle)
  endif()
  # This one refuses allocations.
  cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL target_link_options wire_test_memory PRIVATE -Wl,--wrap=malloc,--wrap=calloc)
endif()
if(NOT BW_FUZZ AND EXISTS ${CMAKE_SOURCE_DIR}/bench/h1_bench.c)
  add_executable(h1_bench EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/h1_bench.c)
  bw_link(h1_bench DEPS wire)
endif()
