/*
 * Memory files in the place of DMA buffers, for machines without /dev/dma_heap and /dev/udmabuf.
 *
 * Loaded with LD_PRELOAD under libcamera and Picamera2 in tests: opening one of those devices
 * gives a memory file, asking it for a buffer another one, and what keeps caches in step is
 * nothing to do.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/ioctl.h>
#include <linux/udmabuf.h>

static const char *const devices[] = {
	"/dev/dma_heap/linux,cma", "/dev/dma_heap/system", "/dev/udmabuf",
};

static int stands_for_device(const char *path)
{
	for (size_t i = 0; path && i < sizeof devices / sizeof *devices; i++)
		if (!strcmp(path, devices[i]))
			return 1;
	return 0;
}

/* libcamera and Python open files in four ways, each of which takes a mode where it may create */
#define REPLACE_OPEN(name, parameters, type, arguments)                      \
	int name parameters                                                  \
	{                                                                    \
		static int (*original) type;                                 \
		mode_t mode = 0;                                             \
		if (flags & (O_CREAT | __O_TMPFILE)) {                       \
			va_list rest;                                        \
			va_start(rest, flags);                               \
			mode = va_arg(rest, mode_t);                         \
			va_end(rest);                                        \
		}                                                            \
		if (stands_for_device(path))                                 \
			return memfd_create("device", MFD_CLOEXEC);          \
		if (!original)                                               \
			original = dlsym(RTLD_NEXT, #name);                  \
		return original arguments;                                   \
	}

#define BY_PATH (const char *, int, ...)
#define BY_FOLDER (int, const char *, int, ...)

REPLACE_OPEN(open, (const char *path, int flags, ...), BY_PATH, (path, flags, mode))
REPLACE_OPEN(open64, (const char *path, int flags, ...), BY_PATH, (path, flags, mode))
REPLACE_OPEN(openat, (int folder, const char *path, int flags, ...), BY_FOLDER,
	     (folder, path, flags, mode))
REPLACE_OPEN(openat64, (int folder, const char *path, int flags, ...), BY_FOLDER,
	     (folder, path, flags, mode))

static int allocate(struct dma_heap_allocation_data *wanted)
{
	long page = sysconf(_SC_PAGESIZE);
	int file = memfd_create("buffer", MFD_CLOEXEC);

	if (file < 0)
		return -1;
	if (ftruncate(file, (wanted->len + page - 1) / page * page)) {
		close(file);
		return -1;
	}
	wanted->fd = file;
	return 0;
}

int ioctl(int file, unsigned long request, ...)
{
	static int (*original)(int, unsigned long, ...);
	va_list rest;
	void *argument;
	int result, before = errno;

	va_start(rest, request);
	argument = va_arg(rest, void *);
	va_end(rest);
	request = (unsigned int)request; /* some callers extend the sign */

	if (request == DMA_HEAP_IOCTL_ALLOC)
		return allocate(argument);
	if (request == UDMABUF_CREATE)
		return fcntl(((struct udmabuf_create *)argument)->memfd, F_DUPFD_CLOEXEC, 0);

	if (!original)
		original = dlsym(RTLD_NEXT, "ioctl");
	result = original(file, request, argument);
	/* DMA_BUF_IOCTL_SYNC and the two sizes of DMA_BUF_SET_NAME mean nothing to a memory file */
	if (result < 0 && errno == ENOTTY && _IOC_TYPE(request) == DMA_BUF_BASE) {
		errno = before;
		return 0;
	}
	return result;
}
