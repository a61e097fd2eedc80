// A stand-in for the CUDA driver, with two devices that only have names. It is
// compiled by cuda_test.go.
#include <stddef.h>
#include <stdio.h>

static int current;

int cuInit(unsigned flags) { return 0; }
int cuDeviceGetCount(int *n) { return *n = 2, 0; }
int cuDeviceGet(int *device, int ordinal) { return *device = ordinal + 10, 0; }
int cuDeviceGetName(char *name, int len, int device) { return snprintf(name, len, "Stand-In %d", device - 10), 0; }
int cuDevicePrimaryCtxRetain(void **ctx, int device) { return *ctx = (char *)NULL + device, 0; }
int cuDevicePrimaryCtxRelease(int device) { return 0; }
int cuDevicePrimaryCtxRelease_v2(int device) { return 0; }
int cuCtxSetCurrent(void *ctx) { return current = (char *)ctx - (char *)NULL, 0; }
// Free tells which device is current on the thread that asks.
int cuMemGetInfo_v2(size_t *free, size_t *total) { return *total = 1 << 20, *free = current, 0; }
