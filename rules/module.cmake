# One test counts and refuses allocations.
target_link_options(rules INTERFACE "$<$<STREQUAL:$<TARGET_PROPERTY:NAME>,rules_test_nomem>:-Wl,--wrap=malloc,--wrap=calloc>")
