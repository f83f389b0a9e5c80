# Rule packs and country tables travel inside the program, so that it runs on embedded defaults.
file(GLOB builtin_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/rules/packs/*.rules ${CMAKE_SOURCE_DIR}/residency/tables/*.groups
     ${CMAKE_SOURCE_DIR}/residency/tables/*.tsv ${CMAKE_SOURCE_DIR}/deploy/demo/*.jsonl)
set(builtin_c ${CMAKE_BINARY_DIR}/generated/proxy/gate/builtin_data.c)
add_custom_command(OUTPUT ${builtin_c}
  COMMAND ${CMAKE_COMMAND} -DOUT=${builtin_c} "-DFILES=${builtin_files}" -P ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake
  DEPENDS ${builtin_files} ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake VERBATIM)
target_sources(gate PRIVATE ${builtin_c})
