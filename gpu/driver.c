//go:build cuda

// gorgonia.org/cu wants to be linked with the CUDA driver, so that the program
// would not even start where there is none; and a package of it ends the
// program if the driver finds no device. Here each call of the driver is a jump
// through a slot instead. The slots return an error until cuInit, which cu
// calls first, has loaded the driver. Thus one binary serves nodes with and
// without devices.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include "driver.h"

enum { no_device = 100, not_supported = 801 };

static int status = no_device;
static char message[512];

static int absent(void) { return status; }
static int unknown(void) { return not_supported; }

#define HIDDEN __attribute__((visibility("hidden")))

#if defined(__x86_64__)
#define JUMP(name) "\tendbr64\n\tjmp *sluice_" #name "(%rip)\n"
#elif defined(__aarch64__)
#define JUMP(name) "\thint #34\n\tadrp x16, sluice_" #name "\n\tldr x16, [x16, :lo12:sluice_" #name "]\n\tbr x16\n"
#else
#error "the CUDA driver has no jump for this processor yet: add one to gpu/driver.c"
#endif

#define X(name) \
	HIDDEN void *sluice_##name = (void *)absent; \
	__asm__(".text\n.p2align 4\n.globl " #name "\n.hidden " #name "\n.type " #name ", %function\n" \
		#name ":\n" JUMP(name) ".size " #name ", . - " #name "\n");
#include "driver_calls.h"
#undef X

static const struct { const char *name; void **slot; } calls[] = {
#define X(name) {#name, &sluice_##name},
#include "driver_calls.h"
#undef X
};

// cuInit stands for the driver's own. It runs once, before main, and always
// reports success; driver_status has the truth.
HIDDEN int cuInit(unsigned flags) {
	void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	if (driver == NULL) {
		snprintf(message, sizeof message, "%s", dlerror());
		return 0;
	}
	int (*init)(unsigned) = (int (*)(unsigned))dlsym(driver, "cuInit");
	status = init ? init(flags) : not_supported;
	if (status != 0) {
		snprintf(message, sizeof message, "cuInit returned error %d", status);
		return 0;
	}
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		void *call = dlsym(driver, calls[i].name);
		*calls[i].slot = call ? call : (void *)unknown;
	}
	return 0;
}

int driver_status(const char **text) {
	*text = message;
	return status;
}
