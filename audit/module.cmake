# The tests of this module run the signer as a process of its own.
add_dependencies(audit bailiwick-signer)
