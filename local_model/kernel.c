#include "local_model/kernel.h"

const int16_t kernel_bag_scale[FEATURE_GRAMS + 1] = {0,     32767, 23170, 18919, 16384, 14654, 13377,
						     12385, 11585, 10923, 10362, 9880,  9459,  9088,
						     8758,  8461,  8192,  7947,  7723,  7517,  7327};

static const struct kernel *const slowest_first[] = {
	&kernel_ref,
#ifdef __x86_64__
	&kernel_avx2,
	&kernel_vnni,
#endif
};

enum { KERNELS = sizeof slowest_first / sizeof *slowest_first };

const struct kernel *kernel_pick(void)
{
	size_t i = KERNELS - 1;
	while (i > 0 && !slowest_first[i]->usable())
		i--;
	return slowest_first[i];
}

const struct kernel *const *kernel_all(size_t *n)
{
	*n = 1;
	while (*n < KERNELS && slowest_first[*n]->usable())
		++*n;
	return slowest_first;
}
