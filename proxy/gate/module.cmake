# Rule packs and country tables travel inside the program, so that it runs on embedded defaults.
file(GLOB builtin_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/rules/packs/*.rules ${CMAKE_SOURCE_DIR}/residency/tables/*.groups
     ${CMAKE_SOURCE_DIR}/residency/tables/*.tsv ${CMAKE_SOURCE_DIR}/deploy/demo/*.jsonl)
set(builtin_c ${CMAKE_BINARY_DIR}/generated/proxy/gate/builtin_data.c)
add_custom_command(OUTPUT ${builtin_c}
  COMMAND ${CMAKE_COMMAND} -DOUT=${builtin_c} "-DFILES=${builtin_files}" -P ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake
  DEPENDS ${builtin_files} ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake VERBATIM)
target_sources(gate PRIVATE ${builtin_c})

# The tagger's model as it is, by the assembler: a C array of it would take the compiler seconds.
file(GLOB models CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/local_model/models/*.bwm)
list(GET models -1 model)
configure_file(${CMAKE_SOURCE_DIR}/proxy/gate/builtin_model.S.in ${CMAKE_BINARY_DIR}/generated/proxy/gate/builtin_model.S @ONLY)
target_sources(gate PRIVATE ${CMAKE_BINARY_DIR}/generated/proxy/gate/builtin_model.S)
set_source_files_properties(${CMAKE_BINARY_DIR}/generated/proxy/gate/builtin_model.S PROPERTIES OBJECT_DEPENDS ${model})
