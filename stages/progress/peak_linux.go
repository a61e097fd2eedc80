package progress

const maxrssUnit = 1024 // getrusage counts KiB here
