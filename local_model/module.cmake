# One file per instruction set, each compiled for its own; kernel.c picks at load time.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_source_files_properties(local_model/kern_avx2.c PROPERTIES COMPILE_OPTIONS "-O3;-mavx2")
  set_source_files_properties(local_model/kern_vnni.c PROPERTIES COMPILE_OPTIONS "-O3;-mavx512f;-mavx512bw;-mavx512vl;-mavx512vnni")
else()
  set_source_files_properties(local_model/kern_avx2.c local_model/kern_vnni.c PROPERTIES HEADER_FILE_ONLY ON)
endif()
set_source_files_properties(local_model/kern_ref.c local_model/features.c PROPERTIES COMPILE_OPTIONS "-O3")
