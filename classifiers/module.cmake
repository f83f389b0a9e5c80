# One file per instruction set, each compiled for its own; blocks.c picks at run time.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_source_files_properties(classifiers/blocks_avx2.c PROPERTIES COMPILE_OPTIONS "-O3;-mavx2")
  set_source_files_properties(classifiers/blocks_avx512.c PROPERTIES COMPILE_OPTIONS "-O3;-mavx512f;-mavx512bw")
else()
  set_source_files_properties(classifiers/blocks_avx2.c classifiers/blocks_avx512.c PROPERTIES HEADER_FILE_ONLY ON)
endif()
set_source_files_properties(classifiers/blocks_plain.c PROPERTIES COMPILE_OPTIONS "-O3")
