// A fault that is there on purpose, so that the runner is seen to notice one (run_test.py). Not one of the targets.
#include "tests/fuzz/fuzz.hpp"

FUZZ(bytes) { MUST(!bytes.starts_with("fault")); }
