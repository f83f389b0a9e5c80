# Compiler and linker flags that hold for every target, and the sanitizers a preset asks for.
set(BW_SANITIZE "" CACHE STRING "value for -fsanitize=, e.g. address,undefined or thread")
option(BW_COVERAGE "build with source coverage" OFF)
option(BW_FUZZ "build fuzz targets against libFuzzer (clang)" OFF)

add_compile_options(
  -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Wvla -Werror
  -fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero -fstack-protector-strong -fno-omit-frame-pointer
  -fvisibility=hidden)
if(CMAKE_C_COMPILER_ID STREQUAL "Clang" AND CMAKE_C_COMPILER_VERSION VERSION_LESS 16)
  add_compile_options(-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
endif()
add_compile_definitions(_GNU_SOURCE BW_VERSION="${PROJECT_VERSION}")
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)

if(BW_SANITIZE)
  add_compile_options(-fsanitize=${BW_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BW_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(BW_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()
if(BW_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
# Assertions hold in release builds too.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-O3" "-O2 -g" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
