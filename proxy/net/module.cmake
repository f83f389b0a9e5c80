# A bare pass-through proxy of this layer, for bench/ to measure against other proxies; built on request only.
if(EXISTS ${CMAKE_SOURCE_DIR}/bench/relay.c)
  add_executable(bench_relay EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/relay.c)
  bw_link(bench_relay DEPS net)
endif()
