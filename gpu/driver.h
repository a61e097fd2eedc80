// driver_status returns 0 if the CUDA driver was loaded and found a device,
// otherwise its error code, and says in words what is the matter.
int driver_status(const char **text);
