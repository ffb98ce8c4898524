// SPDX-License-Identifier: GPL-2.0-only
/*
 * What "rayctl memcompress run" has the dynamic linker put in front of the C library:
 * large pieces of memory come from a region, all else is as ever.
 *
 * Replaced are the functions that a program gets memory by.  The C library's own calls
 * of them do not come here, so the small pieces that it keeps together do not either.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "space.h"

#define PUBLIC	__attribute__((visibility("default")))

/* Smaller pieces stay where they are; RAYOS_REGION_MIN says another number */
#define LEAST	(128UL << 10)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t nr, size_t size);
void *__libc_realloc(void *at, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *at);

static size_t least = SIZE_MAX;
static size_t (*usable_size)(void *at);

static void __attribute__((constructor)) begin(void)
{
	const char *value = getenv("RAYOS_REGION_MIN");
	size_t size = value ? strtoul(value, NULL, 10) : LEAST;

	usable_size = (size_t (*)(void *))dlsym(RTLD_NEXT, "malloc_usable_size");
	if (!usable_size)
		return;
	if (space_init()) {
		fprintf(stderr, "rayctl: no region, memory is not compressed: %s\n",
			strerror(errno));
		return;
	}
	pthread_atfork(space_before_fork, space_in_parent, space_in_child);
	least = size < SPACE_PAGE ? SPACE_PAGE : size;
}

/* Memory of a region, or NULL if it shall be from elsewhere */
static void *large(size_t size, size_t align)
{
	return size >= least ? space_alloc(size, align) : NULL;
}

PUBLIC void *malloc(size_t size)
{
	return large(size, 0) ?: __libc_malloc(size);
}

PUBLIC void *calloc(size_t nr, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(nr, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return large(all, 0) ?: __libc_calloc(nr, size);
}

PUBLIC void free(void *at)
{
	if (space_has(at))
		space_release(at, space_size(at));
	else
		__libc_free(at);
}

/* To where a piece of memory of another size comes from */
static void *move(void *at, size_t old, size_t size)
{
	void *to = large(size, 0) ?: __libc_malloc(size);

	if (!to)
		return NULL;
	memcpy(to, at, old < size ? old : size);
	free(at);
	return to;
}

PUBLIC void *realloc(void *at, size_t size)
{
	if (at && !size) {
		free(at);
		return NULL;
	}
	if (!space_has(at)) {
		if (at && size >= least)
			return move(at, usable_size(at), size);
		return at ? __libc_realloc(at, size) : malloc(size);
	}
	if (size >= least && space_trim(at, size))
		return at;
	return move(at, space_size(at), size);
}

PUBLIC void *reallocarray(void *at, size_t nr, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(nr, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(at, all);
}

PUBLIC void *memalign(size_t align, size_t size)
{
	return large(size, align) ?: __libc_memalign(align, size);
}

PUBLIC void *aligned_alloc(size_t align, size_t size)
{
	return memalign(align, size);
}

PUBLIC int posix_memalign(void **at, size_t align, size_t size)
{
	int saved = errno;
	void *to;

	if (align % sizeof(void *) || align & (align - 1) || !align)
		return EINVAL;
	to = memalign(align, size);
	errno = saved;
	if (!to)
		return ENOMEM;
	*at = to;
	return 0;
}

PUBLIC void *valloc(size_t size)
{
	return memalign(SPACE_PAGE, size);
}

PUBLIC size_t malloc_usable_size(void *at)
{
	if (space_has(at))
		return space_size(at);
	return usable_size ? usable_size(at) : 0;
}

/* Is it a mapping that may as well be of a region? */
static int is_ordinary(size_t len, int prot, int flags)
{
	return len >= least && prot == (PROT_READ | PROT_WRITE) &&
	       (flags & ~(MAP_NORESERVE | MAP_POPULATE)) ==
	       (MAP_PRIVATE | MAP_ANONYMOUS);
}

PUBLIC void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	void *to = NULL;

	if (is_ordinary(len, prot, flags))
		to = space_alloc(len, 0);
	return to ?: (void *)syscall(SYS_mmap, at, len, prot, flags, fd, offset);
}

PUBLIC void *mmap64(void *at, size_t len, int prot, int flags, int fd,
		    off64_t offset)
{
	return mmap(at, len, prot, flags, fd, offset);
}

PUBLIC int munmap(void *at, size_t len)
{
	if (!space_has(at))
		return syscall(SYS_munmap, at, len);
	if ((uintptr_t)at % SPACE_PAGE || !len) {
		errno = EINVAL;
		return -1;
	}
	space_release(at, len);
	return 0;
}

/* A mapping in a region cannot grow, so a larger one takes its place */
static void *remap(void *at, size_t old, size_t size, int flags)
{
	void *to;

	if (size <= old) {
		if (size < old)
			munmap((char *)at + size, old - size);
		return at;
	}
	if (!(flags & MREMAP_MAYMOVE)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	to = mmap(NULL, size, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (to == MAP_FAILED)
		return to;
	memcpy(to, at, old);
	munmap(at, old);
	return to;
}

PUBLIC void *mremap(void *at, size_t old, size_t size, int flags, ...)
{
	void *to = NULL;

	if (flags & MREMAP_FIXED) {
		__builtin_va_list args;

		__builtin_va_start(args, flags);
		to = __builtin_va_arg(args, void *);
		__builtin_va_end(args);
	}
	if (space_has(at) && !(flags & ~MREMAP_MAYMOVE))
		return remap(at, old, size, flags);
	return (void *)syscall(SYS_mremap, at, old, size, flags, to);
}

/* Of private memory nothing is left after this, so nothing may be here */
PUBLIC int madvise(void *at, size_t len, int advice)
{
	if (!space_has(at) || (advice != MADV_DONTNEED && advice != MADV_FREE))
		return syscall(SYS_madvise, at, len, advice);
	if ((uintptr_t)at % SPACE_PAGE) {
		errno = EINVAL;
		return -1;
	}
	if (len)
		space_discard(at, len);
	return 0;
}
